using System.CommandLine;
using System.CommandLine.Parsing;

namespace Sealdisk.Cli;

/// <summary>
/// What is wrong with a command line, naming the word that is wrong: the library would take a mistyped option for a file name wherever
/// one is awaited, and calls a mistyped verb "required command was not provided".
/// </summary>
internal static class CommandLineProblem
{
    /// <summary>The first problem, as an error with its hint; null if there is none.</summary>
    internal static SealdiskException? Of(ParseResult parsed) =>
        Cause(parsed) is { } cause
            ? SealdiskException.Usage($"cannot read the command line: {cause}", $"see '{Path(parsed.CommandResult)} --help'")
            : null;

    private static string? Cause(ParseResult parsed)
    {
        var command = parsed.CommandResult;
        var words = command.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .Select(token => token.Value)
            .ToArray();
        var isLiteral = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        if (words.Concat(parsed.UnmatchedTokens).FirstOrDefault(word => !isLiteral && word is ['-', _, ..]) is { } option)
            return $"there is no option '{option}'";
        if (parsed.UnmatchedTokens is [var extra, ..])
            return command.Command.Subcommands.Count > 0
                ? $"'{Path(command)}' has no verb '{extra}'"
                : $"'{extra}' is one argument too many";
        if (words.Contains("") || command.Children.OfType<OptionResult>().Any(given => given.Tokens.Any(token => token.Value.Length == 0)))
            return "an argument is empty";
        if (command.Command.Subcommands.Count > 0)
            return parsed.Errors.Count > 0 ? $"'{Path(command)}' needs a verb" : null;
        return parsed.Errors is [var error, ..] ? Missing(command) ?? BadValue(error) ?? Sentence(error.Message) : null;
    }

    private static string? Missing(CommandResult command)
    {
        var given = command.Children.OfType<ArgumentResult>()
            .Where(argument => argument.Tokens.Count > 0)
            .Select(argument => argument.Argument)
            .ToArray();
        return command.Command.Arguments.Except(given).FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0) is { } missing
            ? $"{missing.Name} is missing"
            : null;
    }

    private static string? BadValue(ParseError error)
    {
        var result = error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult;
        return result switch
        {
            { IdentifierToken: null } or null => null,
            { Tokens.Count: 0 } => $"{result.Option.Name} needs a value",
            { Tokens: [var value] } when IsNumber(result.Option.ValueType) =>
                $"{result.Option.Name} takes a whole number, not '{value.Value}'",
            _ => null,
        };
    }

    private static bool IsNumber(Type type) =>
        type == typeof(int) || type == typeof(int?) || type == typeof(uint)
        || type == typeof(long) || type == typeof(long?) || type == typeof(ulong);

    /// <summary>The library's sentences in our grammar: lowercase, no full stop.</summary>
    private static string Sentence(string message) => char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');

    private static string Path(CommandResult command)
    {
        var names = new List<string>();
        for (var result = command; result is not null; result = result.Parent as CommandResult)
            names.Insert(0, result.Command is RootCommand ? "sealdisk" : result.Command.Name);
        return string.Join(' ', names);
    }
}
