using System.CommandLine;
using Sealdisk.DataPath;
using Sealdisk.Mapping;

namespace Sealdisk.Cli.Verbs;

/// <summary>
/// <c>serve</c>, hidden: the data-path server that <c>up</c> and <c>map open</c> start; it is told what to serve on standard input.
/// </summary>
internal static class ServeVerb
{
    internal static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Shows in the process list" };
        var command = new Command("serve", "Serve a fuse mapping (started by 'up' and 'map open')") { name };
        command.Hidden = true;
        command.SetAction(_ =>
        {
            FuseServerProcess.Run(InProcessVolume.Open);
            return 0;
        });
        return command;
    }
}
