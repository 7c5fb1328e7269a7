using System.CommandLine;
using Sealdisk.Audit.Device;
using Sealdisk.Doctor;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>doctor</c>: what this system can and cannot do.</summary>
internal static class DoctorVerb
{
    internal static Command Create()
    {
        var command = new Command("doctor", "What this system can and cannot do, one remedy per finding");
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var findings = Examine(Path.GetFullPath(parsed.GetValue(GlobalOptions.Config)!));
            if (terminal.Json)
                terminal.Result(new DoctorReport(findings.Select(Report).ToArray()));
            else
                Print(terminal, findings);
            return (int)(findings.Any(finding => finding.Level == DoctorLevel.Missing) ? ExitCode.Findings : ExitCode.Done);
        });
        return HelpWithExamples.With(command, "sealdisk doctor", "sealdisk doctor --json");
    }

    /// <summary>With the configuration, if there is one; an error in it is a finding too.</summary>
    private static IReadOnlyList<DoctorFinding> Examine(string config)
    {
        const string Id = "configuration";
        if (!File.Exists(config))
            return SystemDoctor.Examine([]);
        try
        {
            var volumes = SealdiskConfiguration.Load(config, Checks.Requirable).Volumes;
            var good = new DoctorFinding(Id, DoctorLevel.Good, $"configuration: {config} has {volumes.Count} volume(s)", null);
            return [.. SystemDoctor.Examine(volumes), good];
        }
        catch (ConfigurationException problem)
        {
            var wrong = new DoctorFinding(Id, DoctorLevel.Missing, $"configuration: {problem.Message}", "see man sealdisk.toml");
            return [.. SystemDoctor.Examine([]), wrong];
        }
    }

    private static void Print(Terminal terminal, IReadOnlyList<DoctorFinding> findings)
    {
        foreach (var finding in findings)
        {
            terminal.Result($"{Sign(finding)} {finding.Text}");
            if (finding.Remedy is { } remedy && finding.Level != DoctorLevel.Good)
                terminal.Result($"    remedy: {remedy}");
        }
    }

    private static FindingReport Report(DoctorFinding finding) => new(finding.Id, Word(finding), finding.Text, finding.Remedy);

    private static string Word(DoctorFinding finding) => finding.Level.ToString().ToLowerInvariant();

    private static char Sign(DoctorFinding finding) => finding.Level switch
    {
        DoctorLevel.Good => '✓',
        DoctorLevel.Note => '·',
        _ => '✗',
    };
}
