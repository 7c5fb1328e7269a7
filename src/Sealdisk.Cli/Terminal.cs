using System.CommandLine;

namespace Sealdisk.Cli;

/// <summary>
/// Where words go. Results go to standard output, everything else to standard error; <c>--quiet</c> leaves results and errors only;
/// with <c>--json</c> the result is one JSON object, and so is an error.
/// </summary>
internal sealed class Terminal(ParseResult parsed)
{
    private readonly TextWriter _results = StandardStream.Output;
    private readonly TextWriter _notes = StandardStream.Error;

    internal bool Json { get; } = parsed.GetValue(GlobalOptions.Json);

    internal bool Quiet { get; } = parsed.GetValue(GlobalOptions.Quiet);

    internal bool Verbose { get; } = parsed.GetValue(GlobalOptions.Verbose);

    /// <summary>Colours and moving bars are for a person at a terminal who did not ask for silence.</summary>
    internal bool IsInteractive =>
        !Quiet && !Json && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    internal void Result(string line) => _results.WriteLine(line);

    internal void Result(IReport report) => _results.WriteLine(ReportWriter.TextOf(report));

    /// <summary>What is going on; not part of the result.</summary>
    internal void Note(string line)
    {
        if (!Quiet && !Json)
            _notes.WriteLine(line);
    }

    /// <summary>More than most want to know.</summary>
    internal void Detail(string line)
    {
        if (Verbose && !Json)
            _notes.WriteLine(line);
    }

    /// <summary>Prints an error and its hint.</summary>
    internal void Complain(SealdiskException problem)
    {
        _notes.WriteLine($"sealdisk: {problem.Message}");
        if (problem.Hint is { } hint)
            _notes.WriteLine($"  hint: {hint}");
    }

    /// <summary>Prints an error and its hint, as JSON too if that is asked for; returns its exit code.</summary>
    internal int Fail(SealdiskException problem, Exception? cause = null)
    {
        Complain(problem);
        if (Verbose && cause is not null)
            _notes.WriteLine(cause.ToString());
        if (Json)
            Result(new ErrorReport(problem.Message, problem.Hint, (int)problem.Code));
        return (int)problem.Code;
    }
}
