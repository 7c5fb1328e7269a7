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
                terminal.Result(new DoctorReport(findings.Select(finding => new FindingReport(finding.Id, Word(finding), finding.Text, finding.Remedy)).ToArray()));
            else
                foreach (var finding in findings)
                {
                    terminal.Result($"{Sign(finding)} {finding.Text}");
                    if (finding.Remedy is { } remedy && finding.Level != DoctorLevel.Good)
                        terminal.Result($"    remedy: {remedy}");
                }
            return (int)(findings.Any(finding => finding.Level == DoctorLevel.Missing) ? ExitCode.Findings : ExitCode.Done);
        });
        return HelpWithExamples.With(command, "sealdisk doctor", "sealdisk doctor --json");
    }

    /// <summary>With the configuration where there is one; what is wrong with it is one finding more.</summary>
    private static IReadOnlyList<DoctorFinding> Examine(string config)
    {
        if (!File.Exists(config))
            return SystemDoctor.Examine([]);
        try
        {
            var volumes = SealdiskConfiguration.Load(config, Checks.Requirable).Volumes;
            return [.. SystemDoctor.Examine(volumes), new DoctorFinding("configuration", DoctorLevel.Good, $"configuration: {config} has {volumes.Count} volume(s)", null)];
        }
        catch (ConfigurationException problem)
        {
            return [.. SystemDoctor.Examine([]), new DoctorFinding("configuration", DoctorLevel.Missing, $"configuration: {problem.Message}", "man sealdisk.toml")];
        }
    }

    private static string Word(DoctorFinding finding) => finding.Level.ToString().ToLowerInvariant();

    private static char Sign(DoctorFinding finding) => finding.Level switch
    {
        DoctorLevel.Good => '✓',
        DoctorLevel.Note => '·',
        _ => '✗',
    };
}
