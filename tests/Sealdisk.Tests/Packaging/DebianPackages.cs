using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sealdisk.Tests.Packaging;

/// <summary>The packages that packaging/deb makes of the binaries in dist, in a folder of their own; made once for a class.</summary>
public sealed class DebianPackages : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public DebianPackages() => Make(Folder);

    public static string Architecture { get; } =
        RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    public string Folder => _folder["packages"];

    public IEnumerable<string> All => Directory.GetFiles(Folder, "*.deb").Order(StringComparer.Ordinal);

    /// <summary>A folder that goes with the packages.</summary>
    public string this[string name] => _folder[name];

    /// <summary>The package of that name for this machine.</summary>
    public string Named(string name) => Assert.Single(
        All, file => Path.GetFileName(file).StartsWith(name + "_", StringComparison.Ordinal)
            && (file.EndsWith($"_{Architecture}.deb", StringComparison.Ordinal) || file.EndsWith("_all.deb", StringComparison.Ordinal)));

    /// <summary>Packs whatever binaries are there, as ./build deb does after publishing them.</summary>
    public static void Make(string folder)
    {
        Assert.True(File.Exists(NativeBinary.Path));
        string[] rids = ["linux-x64", "linux-arm64"];
        var there = rids.Where(rid => File.Exists(Path.Combine(Golden.Root, "dist", rid, "sealdisk")));
        var start = new ProcessStartInfo(Path.Combine(Golden.Root, "packaging", "deb"), ["--out", folder, .. there]);
        start.Environment["SOURCE_DATE_EPOCH"] = "1796038682";
        var result = NativeBinary.Run(start);
        Assert.True(result.Exit == 0, result.Stdout + result.Stderr);
    }

    public void Dispose() => _folder.Dispose();
}
