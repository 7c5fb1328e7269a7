using System.Security.Cryptography;

namespace Sealdisk.Fuzz;

/// <summary>Inputs as files: tests/corpus/TARGET/NAME, named after what is in them. Each is read again by every later run.</summary>
internal static class Saved
{
    public static string Folder(string target)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Sealdisk.slnx")))
            root = root.Parent;
        return Path.Combine(root?.FullName ?? Environment.CurrentDirectory, "tests", "corpus", target);
    }

    public static IEnumerable<byte[]> Read(string target) =>
        Directory.Exists(Folder(target))
            ? Directory.EnumerateFiles(Folder(target)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
            : [];

    /// <summary>Writes an input; returns the path.</summary>
    public static string Write(string target, byte[] input, string prefix = "")
    {
        var path = Path.Combine(
            Directory.CreateDirectory(Folder(target)).FullName, prefix + Convert.ToHexStringLower(SHA256.HashData(input))[..16]);
        File.WriteAllBytes(path, input);
        return path;
    }

    /// <summary>Writes an input that ended wrongly.</summary>
    public static string Crash(string target, byte[] input) => Write(target, input, "crash-");
}
