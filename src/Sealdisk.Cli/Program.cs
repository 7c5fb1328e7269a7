using System.CommandLine;
using Sealdisk.Linux;

namespace Sealdisk.Cli;

/// <summary>The binary: parses the command line, runs one verb, turns whatever happened into an exit code, a message and a hint.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        // Nothing that this process ever holds may reach a core dump, whichever verb it runs.
        CurrentProcess.SetNonDumpable();
        var root = SealdiskCommand.Create();
        // "@s" is a keyring here, and no file of further arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var terminal = new Terminal(parsed);
        if (parsed.Action is null or { ClearsParseErrors: false } && CommandLineProblem.Of(parsed) is { } misread)
            return terminal.Fail(misread);
        try
        {
            CurrentProcess.FillStandardStreams();
            return parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                Output = StandardStream.Output,
                Error = StandardStream.Error,
            });
        }
        catch (SealdiskException problem)
        {
            return terminal.Fail(problem);
        }
        catch (Exception problem)
        {
            return terminal.Fail(Explained.From(problem), problem);
        }
    }
}
