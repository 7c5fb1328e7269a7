using SharpFuzz;

namespace Sealdisk.Fuzz;

/// <summary>Rewrites the assemblies under test, in the folder of this program, so that each branch counts itself.</summary>
internal static class Instrumentation
{
    public static int Run()
    {
        foreach (var path in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll"))
        {
            if (!IsUnderTest(Path.GetFileName(path)))
                continue;
            try
            {
                _ = Fuzzer.Instrument(path, _ => true, Options.Value).Count();
            }
            catch (InstrumentationException already) when (already.Message.Contains("already instrumented", StringComparison.Ordinal))
            {
                // By an earlier run; the build has left it as it was.
            }
        }
        return 0;
    }

    /// <summary>Every library of Sealdisk's, and the TOML reader; not this program.</summary>
    private static bool IsUnderTest(string name) =>
        name is "Tomlyn.dll" or "Sealdisk.dll"
        || (name.StartsWith("Sealdisk.", StringComparison.Ordinal) && name is not ("Sealdisk.Fuzz.dll" or "Sealdisk.Cli.dll"));
}
