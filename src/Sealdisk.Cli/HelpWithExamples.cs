using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Sealdisk.Cli;

/// <summary>The library's help, followed by the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly Dictionary<Command, string[]> Examples = [];

    /// <summary>Help wins over a command line that is incomplete.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        if (Examples.TryGetValue(parseResult.CommandResult.Command, out var examples))
        {
            StandardStream.Output.WriteLine("Examples:");
            foreach (var example in examples)
                StandardStream.Output.WriteLine("  " + example);
            StandardStream.Output.WriteLine();
        }
        if (parseResult.CommandResult.Command is RootCommand)
            StandardStream.Output.WriteLine("""
                Exit codes:
                  0 done   1 failed   2 usage or configuration   3 refused, to protect data
                  4 the sealed key does not open here   5 this system lacks something, named   6 findings
                """);
        return 0;
    }

    internal static Command With(Command command, params string[] examples)
    {
        Examples[command] = examples;
        return command;
    }
}

internal sealed class PrintVersion : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        StandardStream.Output.WriteLine($"sealdisk {ProductVersion.Text}");
        return 0;
    }
}
