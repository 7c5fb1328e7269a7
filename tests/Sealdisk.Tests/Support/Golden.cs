namespace Sealdisk.Tests.Support;

/// <summary>Finds the checkout this test binary was built from, and the data under tests/.</summary>
internal static class Golden
{
    /// <summary>The root of the checkout.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Path of a file below tests/golden.</summary>
    public static string File(string name) => Path.Combine(Root, "tests", "golden", name);

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!System.IO.File.Exists(Path.Combine(directory, "Sealdisk.slnx")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("tests must run from inside the checkout");
        return directory;
    }
}
