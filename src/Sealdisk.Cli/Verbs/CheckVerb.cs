using System.CommandLine;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>check</c>: would the next boot unlock it?</summary>
internal static class CheckVerb
{
    internal static Command Create()
    {
        var volumes = VolumeArgument.New();
        var command = new Command("check", "Would the next boot unlock it? Unseals and verifies, mounts nothing") { volumes };
        command.SetAction(parsed => EachVolume.Run(
            parsed, volumes, CheckOne, reports => new ChecksReport(reports),
            (spec, error) => new CheckReport(spec.Name, false, null, error)));
        return HelpWithExamples.With(command, "sealdisk check", "sealdisk check data && echo safe to reboot");
    }

    private static CheckReport CheckOne(Terminal terminal, VolumeSpec spec)
    {
        var verified = VolumeCheck.Run(spec);
        if (!terminal.Json)
            terminal.Result($"{spec.Name} will unlock: {verified}");
        return new CheckReport(spec.Name, true, verified, null);
    }
}
