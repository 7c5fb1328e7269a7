namespace Sealdisk.Board;

/// <summary>A virtual board as <c>board/build</c> left it: what its recipe makes, outside the tree.</summary>
public sealed class BoardImage
{
    /// <summary>QEMU's virt machine with a real OP-TEE.</summary>
    public static BoardImage Arm64 { get; } = new("arm64", "linux-arm64", "device-tree");

    /// <summary>QEMU's q35 machine, which may have a TPM.</summary>
    public static BoardImage X64 { get; } = new("x86-64", "linux-x64", "initramfs");

    private readonly string builtLast;

    private BoardImage(string name, string runtime, string builtLast)
    {
        this.builtLast = builtLast;
        Name = name;
        Binary = Path.Combine(Checkout.Root, "dist", runtime, "sealdisk");
        Folder = Path.Combine(Cache, name, "image");
    }

    /// <summary>The folder's name in <c>board/</c>.</summary>
    public string Name { get; }

    /// <summary>The published binary for this board, which <see cref="BootOptions.Sealdisk"/> puts on it.</summary>
    public string Binary { get; }

    /// <summary>The folder with the built board.</summary>
    public string Folder { get; }

    public bool IsBuilt => File.Exists(Path.Combine(Folder, builtLast));

    /// <summary>The Debian packages that the board is made of, a line each.</summary>
    public string Versions => File.ReadAllText(Path.Combine(Folder, "versions"));

    private static string Cache =>
        Environment.GetEnvironmentVariable("SEALDISK_BOARD") is { Length: > 0 } own ? own
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg
                : Path.Combine(Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : "/root", ".cache"),
            "sealdisk", "board");
}
