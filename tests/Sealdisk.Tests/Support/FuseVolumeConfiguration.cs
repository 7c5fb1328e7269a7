namespace Sealdisk.Tests.Support;

/// <summary>
/// A configuration with one volume: an image file of 32 MiB, the soft source, ext4, a fuse mapping. Disposing brings it down.
/// </summary>
internal sealed class FuseVolumeConfiguration : IDisposable
{
    private readonly WorkFolder _folder;

    public FuseVolumeConfiguration(WorkFolder folder, string name)
    {
        _folder = folder;
        Path = folder[$"{name}.toml"];
        Image = folder[$"{name}.img"];
        Mount = folder[$"{name}.mount"];
        Directory.CreateDirectory(Mount);
        File.WriteAllText(Path, $"""
            [volume.{name}]
            device = "{Image}"
            size = "32MiB"
            source = "soft"
            mapping = "fuse"
            filesystem = "ext4"
            mount = "{Mount}"

            [source.soft]
            huk = "{folder.Huk}"

            """);
    }

    /// <summary>The configuration file.</summary>
    public string Path { get; }

    public string Image { get; }

    public string Mount { get; }

    public void Dispose()
    {
        if (File.Exists(Image))
            _folder.Done("down", "--config", Path);
    }
}
