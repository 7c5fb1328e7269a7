using System.CommandLine;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>status</c>: what each volume is right now.</summary>
internal static class StatusVerb
{
    internal static Command Create()
    {
        var volumes = VolumeArgument.New();
        var command = new Command("status", "Show source, mapping, cipher, state, mount and copies of the record") { volumes };
        command.SetAction(parsed => EachVolume.Run(
            parsed, volumes, StatusOne, reports => new StatusesReport(reports),
            (spec, error) => new StatusReport(spec, null, error)));
        return HelpWithExamples.With(command, "sealdisk status", "sealdisk status data --json");
    }

    private static StatusReport StatusOne(Terminal terminal, VolumeSpec spec)
    {
        var report = new StatusReport(spec, VolumeStatus.Of(spec), null);
        if (!terminal.Json)
            report.Print(terminal);
        return report;
    }
}
