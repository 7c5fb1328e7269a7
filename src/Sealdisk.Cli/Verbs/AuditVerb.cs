using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;
using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;
using Sealdisk.Linux;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>audit</c>: is this device really protected?</summary>
internal static class AuditVerb
{
    private static readonly string[] Levels = ["critical", "high", "medium", "low", "info", "never"];

    internal static Command Create()
    {
        var root = new Option<string>("--root")
        {
            Description = "Audit the system below this directory", HelpName = "DIR", DefaultValueFactory = _ => "/",
        };
        var html = new Option<string?>("--html") { Description = "Write a page for people to this file", HelpName = "FILE" };
        var sarif = new Option<string?>("--sarif") { Description = "Write SARIF 2.1.0 to this file", HelpName = "FILE" };
        var failOn = new Option<string>("--fail-on")
        {
            Description = "Exit with 6 if a finding has this level or a worse one: critical, high, medium, low, info, never",
            HelpName = "LEVEL",
            DefaultValueFactory = _ => "high",
        };
        failOn.CompletionSources.Add(Levels);
        var strict = new Option<bool>("--strict") { Description = "Treat unknown results as findings" };
        var baseline = new Option<string?>("--baseline")
        {
            Description = "Accepted findings, each with a reason and a last day (TOML)", HelpName = "FILE",
        };
        var capture = new Option<string?>("--capture")
        {
            Description = "Copy what is read into a new directory, to audit it elsewhere with --root", HelpName = "DIR",
        };
        var explain = new Option<string?>("--explain") { Description = "Explain one check", HelpName = "ID" };
        explain.CompletionSources.Add(_ => Checks.All.Select(check => new CompletionItem(check.Id)));
        var list = new Option<bool>("--list") { Description = "List all checks" };
        var command = new Command("audit", "Is this device really protected? HUK, secure boot, kernel, volumes")
        {
            root, html, sarif, failOn, strict, baseline, capture, explain, list,
        };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            if (parsed.GetValue(explain) is { } id)
                return Explain(terminal, id);
            if (parsed.GetValue(list))
                return List(terminal);
            var level = parsed.GetRequiredValue(failOn);
            if (!Levels.Contains(level, StringComparer.Ordinal))
                throw SealdiskException.Usage($"cannot use --fail-on '{level}': it must be one of {string.Join(", ", Levels)}");
            var accepted = parsed.GetValue(baseline) is { } file ? Baseline.Load(Path.GetFullPath(file)) : Baseline.None;
            var copy = parsed.GetValue(capture) is { } folder ? new TreeCapture(folder) : null;
            var system = new SystemRoot(parsed.GetRequiredValue(root), copy);
            var configuration = Path.GetFullPath(parsed.GetRequiredValue(GlobalOptions.Config));
            var result = DeviceAudit.Run(system, configuration, accepted, DateOnly.FromDateTime(DateTime.UtcNow));
            copy?.Finish();
            Write(parsed.GetValue(html), () => AuditHtml.Write(result));
            Write(parsed.GetValue(sarif), () => AuditSarif.Write(result));
            if (terminal.Json)
                terminal.Result(Encoding.UTF8.GetString(AuditJson.Write(result)).TrimEnd('\n'));
            else
                new AuditText(terminal).Print(result);
            if (copy is not null)
                terminal.Note(
                    $"captured into {parsed.GetValue(capture)}; it holds sealed keys: if the HUK is known, guard it like the disk");
            var isReached = Threshold(level) is { } threshold && result.Reaches(threshold, parsed.GetValue(strict));
            return (int)(isReached ? ExitCode.Findings : ExitCode.Done);
        });
        return HelpWithExamples.With(
            command,
            "sealdisk audit",
            "sealdisk audit --explain dev-mem",
            "sealdisk audit --fail-on critical --baseline accepted.toml --html audit.html --sarif audit.sarif",
            "sealdisk audit --capture tree; sealdisk audit --root tree --json");
    }

    private static Severity? Threshold(string level) => level switch
    {
        "critical" => Severity.Critical,
        "high" => Severity.High,
        "medium" => Severity.Medium,
        "low" => Severity.Low,
        "info" => Severity.Info,
        _ => null,
    };

    private static void Write(string? path, Func<byte[]> report)
    {
        if (path is null)
            return;
        using var file = FileDescriptor.Open(path, OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate);
        file.Write(report());
    }

    private static int Explain(Terminal terminal, string id)
    {
        if (Checks.Find(id) is not { } check)
            throw SealdiskException.Usage($"cannot explain '{id}': there is no such check", "'sealdisk audit --list' lists them");
        if (terminal.Json)
            terminal.Result(Report(check));
        else
            new AuditText(terminal).Explain(check);
        return 0;
    }

    private static int List(Terminal terminal)
    {
        if (terminal.Json)
            terminal.Result(new ChecksExplainedReport(Checks.All.Select(Report).ToArray()));
        else
            foreach (var check in Checks.All)
                terminal.Result($"{check.Id,-20} {check.Severity.Word(),-9} {check.Title}");
        return 0;
    }

    private static CheckExplainedReport Report(Check check) => new(
        check.Id, check.Group.Word(), check.Severity.Word(), check.Title, check.Attack, check.Reads, check.Remedy, check.Reference);
}
