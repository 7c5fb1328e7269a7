using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class MountsTests
{
    [Fact]
    public void A_line_of_mountinfo_is_taken_apart()
    {
        var entry = MountEntry.Parse("36 35 98:4096 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue");
        Assert.Equal(
            new MountEntry(
                36, 35, new DeviceNumber(98, 4096), "/mnt1", "/mnt2", "rw,noatime", "ext3", "/dev/root", "rw,errors=continue"),
            entry);
    }

    [Fact]
    public void Escapes_are_decoded_as_bytes()
    {
        var entry = MountEntry.Parse(@"1 0 0:1 / /mnt/a\040b\011c\134d\012e/ü\303\251 rw - fuse.sealdisk my\040volume rw");
        Assert.Equal("/mnt/a b\tc\\d\ne/üé", entry.Target);
        Assert.Equal("my volume", entry.Source);
    }

    [Theory]
    [InlineData("")]
    [InlineData("36 35 98:0 /mnt1 /mnt2 rw ext3 /dev/root rw")]
    [InlineData("36 35 98:0 /mnt1 /mnt2 rw - ext3")]
    public void Anything_else_is_refused(string line) => Assert.Throws<FormatException>(() => MountEntry.Parse(line));

    [Fact]
    public void The_root_of_this_system_is_mounted() => Assert.Contains(Mounts.Read(), mount => mount.Target == "/");

    [Fact]
    [Trait("needs", "native")]
    public void What_is_mounted_shows_until_it_is_unmounted()
    {
        using var directory = new TemporaryDirectory();
        var target = directory["mount point"];
        DirectoryEntries.MakeDirectory(target, 0x1ED);
        Mounts.Mount("none", target, "tmpfs", MountFlags.NoDevices | MountFlags.ReadOnly, "size=4096,mode=0700");
        try
        {
            var entry = Assert.Single(Mounts.Read(), mount => mount.Target == target);
            Assert.Equal("tmpfs", entry.Type);
            Assert.Contains("nodev", entry.Options.Split(','));
            Assert.Equal(Errno.EROFS, Assert.Throws<LinuxException>(() => DirectoryEntries.CreateFile(Path.Combine(target, "x"))).Errno);
        }
        finally
        {
            Mounts.Unmount(target, UnmountFlags.None);
        }
        Assert.DoesNotContain(Mounts.Read(), mount => mount.Target == target);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => Mounts.Unmount(target, UnmountFlags.None)).Errno);
    }
}
