using System.CommandLine;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>repair</c>: both copies of the record good again.</summary>
internal static class RepairVerb
{
    internal static Command Create()
    {
        var volumes = VolumeArgument.New();
        var command = new Command("repair", "Rebuild a bad copy of the record from the good one, with the volume up or down") { volumes };
        command.SetAction(parsed => EachVolume.Run(
            parsed, volumes, RepairOne, reports => new RepairsReport(reports),
            (spec, error) => new RepairReport(spec.Name, null, error)));
        return HelpWithExamples.With(command, "sealdisk repair", "sealdisk repair data");
    }

    private static RepairReport RepairOne(Terminal terminal, VolumeSpec spec)
    {
        var done = VolumeRepair.Run(spec);
        if (!terminal.Json)
            terminal.Result(
                done is null ? $"{spec.Name}: both copies of the record are good" : $"{spec.Name}: repaired the record: {done}");
        return new RepairReport(spec.Name, done, null);
    }
}
