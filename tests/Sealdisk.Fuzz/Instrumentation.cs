using SharpFuzz;

namespace Sealdisk.Fuzz;

/// <summary>Rewrites the assemblies under test, in the folder of this program, so that each branch counts itself.</summary>
internal static class Instrumentation
{
    public static int Run()
    {
        var paths = Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Where(path => Path.GetFileName(path) is "Tomlyn.dll" or "Sealdisk.dll" or "Sealdisk.Linux.dll" or "Sealdisk.OpTee.dll" or "Sealdisk.DataPath.dll" or "Sealdisk.Crypto.dll");
        foreach (var path in paths)
        {
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
}
