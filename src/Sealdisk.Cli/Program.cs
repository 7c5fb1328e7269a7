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
        var parsed = root.Parse(args);
        var terminal = new Terminal(parsed);
        if (parsed.Errors.Count > 0 && parsed.Action is null or { ClearsParseErrors: false })
            return terminal.Fail(SealdiskException.Usage(Sentence(parsed.Errors[0].Message), $"see '{CommandPath(parsed)} --help'"));
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
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

    /// <summary>The library's sentences in our grammar: lowercase, no full stop.</summary>
    private static string Sentence(string message) =>
        message.Length == 0 ? message : "cannot read the command line: " + char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');

    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
            names.Insert(0, result.Command is RootCommand ? "sealdisk" : result.Command.Name);
        return string.Join(' ', names);
    }
}
