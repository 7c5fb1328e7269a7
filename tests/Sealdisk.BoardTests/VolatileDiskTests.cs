using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>A power cut loses what was not flushed, and nothing that was: otherwise no power-cut test means anything.</summary>
public sealed class VolatileDiskTests
{
    private static readonly BootOptions Bare = new() { Sealdisk = false };

    [Fact]
    public void An_unflushed_write_is_lost_and_a_flushed_one_survives()
    {
        using var work = new Workplace();
        var path = work.Disk("disk", 64);
        using (var machine = Machine.Boot(Bare with { Disks = [new VolatileDisk(path)] }))
        {
            machine.Succeed("mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt");
            machine.Succeed("yes old | head -c 4096 > /mnt/synced && cp /mnt/synced /mnt/unsynced && sync");
            machine.Succeed("yes new | head -c 4096 > /tmp/new");
            machine.Succeed("dd if=/tmp/new of=/mnt/synced conv=notrunc,fsync bs=4096 2>/dev/null");
            // On the disk, as the block device counts it, but never flushed.
            machine.Succeed("dd if=/tmp/new of=/mnt/unsynced conv=notrunc oflag=direct bs=4096 2>/dev/null");
            machine.PowerCut();
        }

        using (var machine = Machine.Boot(Bare with { Disks = [new FileDisk(path)] }))
        {
            machine.Succeed("mount /dev/vda /mnt");
            Assert.Equal("new", machine.Succeed("head -n 1 /mnt/synced"));
            Assert.Equal("old", machine.Succeed("head -n 1 /mnt/unsynced"));
        }
    }

    [Theory]
    [InlineData(Loss.All, false)]
    [InlineData(Loss.None, true)]
    public void A_cut_loses_or_keeps_unflushed_writes_as_the_disk_is_set(Loss loss, bool kept)
    {
        using var work = new Workplace();
        var path = work.Disk("disk", 8);
        var disk = new VolatileDisk(path) { Loss = loss };
        using (var machine = Machine.Boot(Bare with { Disks = [disk] }))
        {
            machine.Succeed(Direct("a", 0));
            machine.Succeed("blockdev --flushbufs /dev/vda; sync /dev/vda");
            machine.Succeed(Direct("b", 0));
            machine.Succeed(Direct("b", 1));
            // The board reads what it wrote, flushed or not.
            Assert.Equal("bbbb", machine.Succeed("dd if=/dev/vda bs=4096 count=1 iflag=direct 2>/dev/null | head -c 4"));
            Assert.Equal(16, disk.UnflushedSectors);
            machine.PowerCut();
        }

        Assert.Equal(kept ? 'b' : 'a', At(path, 0));
        Assert.Equal(kept ? 'b' : '\0', At(path, 4096));
    }

    [Fact]
    public void With_partial_loss_the_same_seed_keeps_the_same_sectors()
    {
        string Remains(int seed)
        {
            using var work = new Workplace();
            var path = work.Disk("disk", 1);
            using (var machine = Machine.Boot(Bare with { Disks = [new VolatileDisk(path) { Loss = Loss.Some, Seed = seed }] }))
            {
                machine.Succeed(Direct("a", 0));
                machine.Succeed(Direct("b", 0));
                machine.PowerCut();
            }

            return new string(
                [.. Enumerable.Range(0, 8).Select(sector => At(path, sector * 512L) is '\0' and var none ? '.' : At(path, sector * 512L))]);
        }

        var remains = Remains(1);
        Assert.Equal(remains, Remains(1));
        Assert.NotEqual(remains, Remains(2));
        Assert.True(remains.Distinct().Count() > 1, remains);
    }

    [Fact]
    public void Power_fails_before_a_chosen_request()
    {
        using var work = new Workplace();
        var path = work.Disk("disk", 8);
        var disk = new VolatileDisk(path) { Loss = Loss.None };
        using (var machine = Machine.Boot(Bare with { Disks = [disk] }))
        {
            var third = disk.Count(DiskRequestKind.Write) + 3;
            disk.CutWhen = request => request.Kind == DiskRequestKind.Write && request.Number == third;
            machine.Start(string.Join(';', Enumerable.Range(0, 8).Select(block => Direct("x", block))));
            machine.WaitForPowerCut();
        }

        Assert.Equal("xx......", new string([.. Enumerable.Range(0, 8).Select(block => At(path, block * 4096L) == 'x' ? 'x' : '.')]));
    }

    private static string Direct(string letter, int block) =>
        $"dd if=/dev/zero bs=4096 count=1 2>/dev/null | tr '\\0' {letter} > /tmp/block && "
        + $"dd if=/tmp/block of=/dev/vda bs=4096 seek={block} oflag=direct conv=notrunc 2>/dev/null";

    private static char At(string path, long offset)
    {
        using var file = File.OpenRead(path);
        file.Position = offset;
        return (char)file.ReadByte();
    }
}
