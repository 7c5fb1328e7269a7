using System.Diagnostics;

namespace Sealdisk.Tests.Scripts;

/// <summary>What came of a script.</summary>
/// <param name="Failures">Every step that did not do what was expected of it.</param>
/// <param name="LeftBehind">What the script left on the machine, removed by now.</param>
/// <param name="Refreshed">The script's text with what really happened in the place of what was expected.</param>
internal sealed record ScriptOutcome(IReadOnlyList<string> Failures, IReadOnlyList<string> LeftBehind, string Refreshed);

/// <summary>Runs a script in a fresh temporary directory, and leaves nothing of it on the machine.</summary>
internal static class ScriptRunner
{
    /// <param name="script">The script.</param>
    /// <param name="binDirectory">Put before PATH, so that its programs are found by name; or null.</param>
    /// <param name="patience">How long what is just ending may take to be gone.</param>
    public static ScriptOutcome Run(Script script, string? binDirectory, TimeSpan? patience = null)
    {
        var directory = Directory.CreateTempSubdirectory("sealdisk-script-").FullName;
        var before = Leftovers.Find(directory);
        List<string> failures = [];
        List<string> leftBehind = [];
        var lines = script.Lines.ToList();
        try
        {
            var moved = 0;
            foreach (var step in script.Steps)
            {
                var real = NativeBinary.Run(Start(step.Command, directory, binDirectory));
                if (Explain(script, step, real) is not { } failure)
                    continue;
                failures.Add(failure);
                var refreshed = Refresh(step, real, directory);
                lines.RemoveRange(step.FirstLine + moved, step.EndLine - step.FirstLine);
                lines.InsertRange(step.FirstLine + moved, refreshed);
                moved += refreshed.Count - (step.EndLine - step.FirstLine);
            }
        }
        finally
        {
            leftBehind.AddRange(Leftovers.Remove(directory, before, patience ?? Patience.Limit).Select(
                left => $"tests/scripts/{script.Name} left behind: {left}"));
            Directory.Delete(directory, recursive: true);
        }

        return new ScriptOutcome(failures, leftBehind, string.Join('\n', lines) + "\n");
    }

    private static ProcessStartInfo Start(string command, string directory, string? binDirectory)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = directory };
        if (binDirectory is not null)
            start.Environment["PATH"] = $"{binDirectory}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["GOLDEN"] = Path.TrimEndingDirectorySeparator(Golden.File(""));
        start.Environment["LC_ALL"] = "C";
        start.Environment["TERM"] = "dumb";
        start.Environment[Leftovers.Marker] = directory;
        return start;
    }

    private static string? Explain(Script script, Step step, ProgramResult real)
    {
        var stdout = Expectation.Lines(real.Stdout);
        var stderr = Expectation.Lines(real.Stderr);
        if (Expectation.Matches(step.Stdout, stdout) && Expectation.Matches(step.Stderr, stderr) && step.Exit == real.Exit)
            return null;
        return $"""
            tests/scripts/{script.Name}:{step.CommandLine + 1}: $ {step.Command}
            --- expected
            {Text(step.Stdout, step.Stderr, step.Exit)}
            --- real
            {Text([.. stdout.Select(Script.Escape)], stderr, real.Exit)}
            ---
            """;
    }

    private static string Text(IReadOnlyList<string> stdout, IReadOnlyList<string> stderr, int exit) =>
        string.Join('\n', [.. stdout, .. stderr.Select(ErrorLine), $"? {exit}"]);

    private static List<string> Refresh(Step step, ProgramResult real, string directory)
    {
        var stdout = Expectation.Refresh(step.Stdout, Expectation.Lines(Steady(real.Stdout)));
        var stderr = Expectation.Refresh(step.Stderr, Expectation.Lines(Steady(real.Stderr)));
        List<string> lines = [.. stdout, .. stderr.Select(ErrorLine)];
        if (real.Exit != 0)
            lines.Add($"? {real.Exit}");
        return lines;

        string Steady(string output) => output.Replace(directory, "[..]", StringComparison.Ordinal);
    }

    private static string ErrorLine(string line) => line.Length == 0 ? "!" : "! " + line;
}
