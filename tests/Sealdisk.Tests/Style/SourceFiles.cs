namespace Sealdisk.Tests.Style;

/// <summary>
/// The files of the checkout that people write, as paths from its root. Found without git, so that a tarball is checked too.
/// </summary>
internal static class SourceFiles
{
    private static readonly string[] RootScripts = ["build", "test", "demo", ".ci/run"];
    private static readonly string[] SourceExtensions = [".cs", ".c", ".h", ".csproj", ".props", ".targets", ".sh"];

    // What programs make, and what is compared with or read byte for byte.
    private static readonly string[] NotWritten = ["bin", "obj", "golden", "vectors", "corpus", "roots", "scripts"];

    /// <summary>Source, projects, shell scripts and C. Everything in board, bench and packaging that is text is one of these.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. RootScripts,
        .. Directory.EnumerateFiles(Golden.Root, "*.props").Select(Relative),
        .. new[] { "src", "tests" }.SelectMany(Below).Where(path => IsSource(path) || IsScript(path)),
        .. new[] { "board", "bench", "packaging" }.SelectMany(Below).Where(path => Path.GetExtension(path) != ".json"),
    ];

    /// <summary>The shell scripts among them, and the bash code that scripts read.</summary>
    public static IEnumerable<string> Scripts => All.Where(IsScript);

    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Golden.Root, path));

    private static IEnumerable<string> Below(string folder)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(Golden.Root, folder)).EnumerateFileSystemInfos().OrderBy(entry => entry.Name))
        {
            if (entry.LinkTarget is not null)
                continue;
            if (entry is FileInfo)
                yield return Relative(entry.FullName);
            else if (!NotWritten.Contains(entry.Name, StringComparer.Ordinal))
            {
                foreach (var path in Below(Relative(entry.FullName)))
                    yield return path;
            }
        }
    }

    private static bool IsSource(string path) => SourceExtensions.Contains(Path.GetExtension(path), StringComparer.Ordinal);

    private static bool IsScript(string path)
    {
        if (IsSource(path) && !path.EndsWith(".sh", StringComparison.Ordinal))
            return false;
        var first = File.ReadLines(Path.Combine(Golden.Root, path)).FirstOrDefault() ?? "";
        return (first.StartsWith("#!", StringComparison.Ordinal) && first.EndsWith("sh", StringComparison.Ordinal))
            || first.StartsWith("# shellcheck shell=", StringComparison.Ordinal)
            || first.StartsWith("# bash completion", StringComparison.Ordinal);
    }

    private static string Relative(string path) => Path.GetRelativePath(Golden.Root, path);
}
