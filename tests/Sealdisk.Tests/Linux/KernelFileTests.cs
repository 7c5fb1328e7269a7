using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class KernelFileTests
{
    [Fact]
    public void A_file_is_read_to_its_end_whatever_its_length()
    {
        using var folder = new TemporaryDirectory();
        foreach (var length in new[] { 0, 1, 4095, 4096, 4097, 20000 })
        {
            File.WriteAllText(folder["file"], new string('x', length));
            Assert.Equal(length, KernelFile.TryRead(folder["file"])!.Length);
        }
        Assert.Equal(File.ReadAllText("/proc/version"), KernelFile.TryRead("/proc/version"));
    }

    [Fact]
    public void What_is_not_there_is_null()
    {
        using var folder = new TemporaryDirectory();
        Assert.Null(KernelFile.TryRead(folder["none"]));
        Assert.Null(KernelFile.TryRead("/proc/version/none"));
        Assert.Equal(Errno.EISDIR, Assert.Throws<LinuxException>(() => KernelFile.TryRead(folder.Path)).Errno);
    }

    [Fact]
    public void Names_are_those_of_the_directory()
    {
        using var folder = new TemporaryDirectory();
        Assert.Empty(DirectoryEntries.Names(folder.Path));
        string[] names = [.. Enumerable.Range(0, 500).Select(number => $"{number:d3} ä {new string('n', 100)}"), ".hidden"];
        foreach (var name in names)
            File.WriteAllText(folder[name], "");
        Assert.Equal(names.Order(StringComparer.Ordinal), DirectoryEntries.Names(folder.Path).Order(StringComparer.Ordinal));
        Assert.Empty(DirectoryEntries.Names(folder["none"]));
    }
}
