using System.CommandLine;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary>
/// Runs a verb on several volumes. One that fails does not keep the others down; the exit code is that of the first failure.
/// With <c>--json</c> the volumes that failed are in the result too, by their error.
/// </summary>
internal static class EachVolume
{
    internal static int Run<TReport>(
        ParseResult parsed,
        Argument<string[]> argument,
        Func<Terminal, VolumeSpec, TReport> verb,
        Func<IReadOnlyList<TReport>, IReport> report,
        Func<VolumeSpec, ErrorReport, TReport>? failed = null,
        bool reverse = false)
    {
        var terminal = new Terminal(parsed);
        var volumes = VolumeArgument.Select(parsed, argument);
        var reports = new List<TReport>();
        var code = (int)ExitCode.Done;
        foreach (var spec in reverse ? volumes.Reverse() : volumes)
        {
            try
            {
                reports.Add(verb(terminal, spec));
            }
            catch (Exception problem) when (problem is SealdiskException or LinuxException or IOException or UnauthorizedAccessException)
            {
                var explained = Explained.From(problem);
                terminal.Complain(explained);
                code = code == 0 ? (int)explained.Code : code;
                if (failed is not null)
                    reports.Add(failed(spec, new ErrorReport(explained.Message, explained.Hint, (int)explained.Code)));
            }
        }
        if (terminal.Json)
            terminal.Result(report(reports));
        return code;
    }
}
