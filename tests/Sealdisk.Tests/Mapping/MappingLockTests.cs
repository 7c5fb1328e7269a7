using Sealdisk.Linux;
using Sealdisk.Mapping;

namespace Sealdisk.Tests.Mapping;

[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class MappingLockTests
{
    [Fact]
    public void A_stuck_volume_does_not_keep_another_down()
    {
        using var volume = TestVolume.With();
        using var stuck = MappingLock.Take("stuck-" + volume.Name, volume["other-image"]);
        volume.Up();
        volume.Down();
    }

    [Fact]
    public void A_name_or_a_device_is_not_used_twice_at_once()
    {
        using var volume = TestVolume.With();
        var link = volume["link"];
        File.CreateSymbolicLink(link, volume.Image);
        using (MappingLock.Take(volume.Name, volume.Image))
        {
            Assert.False(IsFree($"name-{volume.Name}"));
            var devices = Directory.GetFiles(MappingLock.Folder, "device-*").Where(path => !IsFree(Path.GetFileName(path))).ToList();
            Assert.NotEmpty(devices);
        }
        // The same device under another name, through a link: the same lock file, so nobody else's is taken.
        var before = Directory.GetFiles(MappingLock.Folder, "device-*").Length;
        MappingLock.Take(volume.Name + "-2", link).Dispose();
        Assert.Equal(before, Directory.GetFiles(MappingLock.Folder, "device-*").Length);
    }

    private static bool IsFree(string file)
    {
        using var descriptor = FileDescriptor.Open(Path.Combine(MappingLock.Folder, file), OpenFlags.ReadWrite);
        return descriptor.TryLock();
    }
}
