using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Tests.Lifecycle;

namespace Sealdisk.Tests.Mapping;

[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class TurnTests
{
    [Fact]
    public void A_volume_that_is_stuck_does_not_keep_another_down()
    {
        using var bed = Bed.With();
        using var stuck = Turn.Take("stuck-" + bed.Name, bed["other-image"]);
        bed.Up();
        bed.Down();
    }

    [Fact]
    public void Neither_the_name_nor_the_device_is_used_twice_at_once()
    {
        using var bed = Bed.With();
        var link = bed["link"];
        File.CreateSymbolicLink(link, bed.Image);
        using (Turn.Take(bed.Name, bed.Image))
        {
            Assert.False(IsFree($"name-{bed.Name}"));
            var devices = Directory.GetFiles(Turn.Folder, "device-*").Where(path => !IsFree(Path.GetFileName(path))).ToList();
            Assert.NotEmpty(devices);
        }
        // The same device under another name, through a link: the same lock file, so nobody else's is taken.
        var before = Directory.GetFiles(Turn.Folder, "device-*").Length;
        Turn.Take(bed.Name + "-2", link).Dispose();
        Assert.Equal(before, Directory.GetFiles(Turn.Folder, "device-*").Length);
    }

    private static bool IsFree(string file)
    {
        using var descriptor = FileDescriptor.Open(Path.Combine(Turn.Folder, file), OpenFlags.ReadWrite);
        return descriptor.TryLock();
    }
}
