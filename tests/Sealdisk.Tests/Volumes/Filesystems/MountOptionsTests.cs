using Sealdisk.Linux;
using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

public sealed class MountOptionsTests
{
    [Theory]
    [InlineData("", MountFlags.None, null)]
    [InlineData("noatime,nodev", MountFlags.NoAccessTime | MountFlags.NoDevices, null)]
    [InlineData("nosuid,noexec", MountFlags.NoSetUserId | MountFlags.NoExecute, null)]
    [InlineData("ro", MountFlags.ReadOnly, null)]
    [InlineData("ro,rw", MountFlags.None, null)]
    [InlineData("rw,ro", MountFlags.ReadOnly, null)]
    [InlineData("noatime,atime", MountFlags.None, null)]
    [InlineData("exec,noexec", MountFlags.NoExecute, null)]
    [InlineData("data=journal,noatime,commit=5", MountFlags.NoAccessTime, "data=journal,commit=5")]
    [InlineData("defaults,nofail,auto,_netdev,x-systemd.device-timeout=5,X-mount.mkdir", MountFlags.None, null)]
    [InlineData("lazytime,sync,dirsync", MountFlags.LazyTime | MountFlags.Synchronous | MountFlags.DirectorySync, null)]
    [InlineData("uid=1000,umask=077", MountFlags.None, "uid=1000,umask=077")]
    public void Are_split_as_by_mount_8(string text, MountFlags flags, string? data)
    {
        var options = MountOptions.Parse(text.Split(',', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((flags, data), (options.Flags, options.Data));
    }
}
