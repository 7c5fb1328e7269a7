using System.Globalization;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

/// <summary>The whole chain: image, cipher, FUSE, loop device, ext4; written, taken down, opened again and compared.</summary>
[Trait("needs", "native")]
public sealed class FilesystemTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _image;
    private readonly string _mountPoint;

    public FilesystemTests()
    {
        _image = _directory["image"];
        _mountPoint = _directory["mnt"];
        DirectoryEntries.MakeDirectory(_mountPoint, 0x1C0);
        using var file = DirectoryEntries.CreateFile(_image);
        file.Truncate(64 << 20);
    }

    public void Dispose()
    {
        while (Mounts.Read().Any(mount => mount.Target == _mountPoint))
            Mounts.Unmount(_mountPoint, UnmountFlags.Detach);
        _directory.Dispose();
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_filesystem_is_the_same_after_it_was_opened_again(int sectorSize)
    {
        string sums;
        using (var served = Serve(sectorSize, discard: false))
        {
            var loop = Attach(served, sectorSize);
            Assert.True(loop.Status()?.DirectIo);
            Assert.Equal((0, 0), (loop.QueueLimit("discard_max_bytes"), loop.QueueLimit("write_zeroes_max_bytes")));
            Tool.Run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1", loop.Path);
            sums = Fill(loop);
            CheckAndDetach(loop);
            Assert.Null(served.End());
        }
        Assert.DoesNotContain("Linux rev 1.0 ext4", Tool.Run("file", "-s", _image));
        using (var served = Serve(sectorSize, discard: false))
        {
            var loop = Attach(served, sectorSize);
            Assert.Equal(sums, Sums(loop));
            CheckAndDetach(loop);
            Assert.Null(served.End());
        }
        Assert.Empty(LoopDevice.BackedBy(_directory["volume"]));
        Assert.DoesNotContain(Mounts.Read(), mount => mount.Target.StartsWith(_directory.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void Discards_give_space_back_and_zeroing_is_never_taken_for_one()
    {
        string sums;
        using (var served = Serve(4096, discard: true))
        {
            // What lies in the image must be neither zeros nor what zeros decrypt to, or a hole would go unnoticed.
            using (var file = FileDescriptor.Open(served.Path, OpenFlags.Write))
                file.WriteAt(Enumerable.Repeat((byte)0x5A, 16 << 20).ToArray(), 0);
            var before = ReadFirst(served);
            var loop = Attach(served, 4096);
            Assert.NotEqual(0, loop.QueueLimit("write_zeroes_max_bytes"));
            Assert.True(loop.StopWriteZeroes());
            Assert.Equal(0, loop.QueueLimit("write_zeroes_max_bytes"));
            served.Server.GoLive(discard: true);
            Assert.Equal(before, ReadFirst(served)); // the zeros of arming were dropped

            ZeroingReallyZeroes(loop); // first of all, since the first ZERO_RANGE would put right what arming had missed
            Tool.Run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,discard", loop.Path);
            sums = Fill(loop, "discard");
            Tool.Shell(
                """mount -o discard "$1" "$2"; head -c 20000000 /dev/urandom > "$2/big"; sync; rm "$2/big"; sync; umount "$2" """,
                loop.Path,
                _mountPoint);
            var full = Allocated();
            Tool.Shell("""mount "$1" "$2"; fstrim "$2"; umount "$2" """, loop.Path, _mountPoint);
            Assert.True(Allocated() <= full);
            Assert.InRange(Allocated(), 1 << 20, 45 << 20); // mkfs discarded the 16 MiB of 0x5A, and ext4 the 20 MB
            CheckAndDetach(loop);
            Assert.Null(served.End());
        }
        using (var served = Serve(4096, discard: false))
        {
            var loop = Attach(served, 4096);
            Assert.Equal(sums, Sums(loop));
            CheckAndDetach(loop);
        }
    }

    [Fact]
    public void Until_it_is_live_a_server_refuses_holes_and_keeps_all_but_the_zeros_of_arming()
    {
        using var served = Serve(4096, discard: true);
        using var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite);
        file.WriteAt(Enumerable.Repeat((byte)1, 12288).ToArray(), 0);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<LinuxException>(() => file.PunchHole(0, 8192)).Errno);
        file.WriteAt(new byte[4096], 0);    // dropped
        file.WriteAt(new byte[4096], 4096); // not within the first block, so written
        file.WriteAt([0, 2], 0);            // not zeros, so written
        var data = new byte[12288];
        Assert.Equal(12288, file.ReadAt(data, 0));
        Assert.Equal([0, 2, 1, 1], data[..4]);
        Assert.False(data.AsSpan(4096, 4096).ContainsAnyExcept((byte)0));

        served.Server.GoLive(discard: false);
        file.WriteAt(new byte[4096], 0);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<LinuxException>(() => file.PunchHole(0, 4096)).Errno);
        Assert.Equal(12288, file.ReadAt(data, 0));
        Assert.False(data.AsSpan(0, 8192).ContainsAnyExcept((byte)0));
    }

    /// <summary>
    /// Zeroing by every way that the block layer has, where something else was before; with a hole in the image the ciphertext would be
    /// zeros, and the plaintext garbage.
    /// </summary>
    private static void ZeroingReallyZeroes(LoopDevice loop) => Tool.Shell(
        """
        dd if=/dev/urandom of="$1" bs=1M seek=32 count=4 oflag=direct status=none
        if fallocate -p -o 33554432 -l 1048576 "$1"; then   # zeroing that may unmap, as ext4 does it; refused where it cannot be offloaded
            dd if="$1" bs=1M skip=32 count=1 iflag=direct status=none | cmp -n 1048576 - /dev/zero
        fi
        fallocate -z -o 34603008 -l 1048576 "$1"            # BLKDEV_ZERO_NOUNMAP
        dd if="$1" bs=1M skip=33 count=1 iflag=direct status=none | cmp -n 1048576 - /dev/zero
        blkdiscard -z -o 35651584 -l 1048576 "$1"           # BLKZEROOUT
        dd if="$1" bs=1M skip=34 count=1 iflag=direct status=none | cmp -n 1048576 - /dev/zero
        """, loop.Path);

    /// <summary>Files of random bytes, unwritten extents that must read as zeros, holes; returns the checksums.</summary>
    private string Fill(LoopDevice loop, string options = "defaults")
    {
        Tool.Shell(
            """
            mount -o "$3,init_itable=0" "$1" "$2"
            mkdir "$2/many"
            i=0
            while [ $i -lt 200 ]; do head -c $((i * 97)) /dev/urandom > "$2/many/$i"; i=$((i + 1)); done
            head -c 5000000 /dev/urandom > "$2/large"
            fallocate -l 3000000 "$2/unwritten"
            head -c 1000000 /dev/urandom > "$2/zeroed"; sync
            fallocate -z -o 100000 -l 500000 "$2/zeroed"
            cmp -n 3000000 "$2/unwritten" /dev/zero
            dd if="$2/zeroed" bs=100000 skip=1 count=5 status=none | cmp -n 500000 - /dev/zero
            sync
            """, loop.Path, _mountPoint, options);
        var sums = SumsMounted();
        Tool.Run("umount", _mountPoint);
        return sums;
    }

    private string Sums(LoopDevice loop)
    {
        Tool.Run("mount", loop.Path, _mountPoint);
        var sums = SumsMounted();
        Tool.Shell("""cmp -n 3000000 "$1/unwritten" /dev/zero; umount "$1" """, _mountPoint);
        return sums;
    }

    private string SumsMounted()
    {
        var sums = Tool.Shell("""cd "$1"; find . -type f | sort | xargs sha256sum""", _mountPoint);
        Assert.Equal(203, sums.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        return sums;
    }

    private static void CheckAndDetach(LoopDevice loop)
    {
        Tool.Run("e2fsck", "-fn", loop.Path);
        loop.Detach();
    }

    private static byte[] ReadFirst(ServedVolume served)
    {
        using var file = FileDescriptor.Open(served.Path, OpenFlags.Read);
        var data = new byte[8192];
        Assert.Equal(data.Length, file.ReadAt(data, 0));
        return data;
    }

    private long Allocated() => 512 * long.Parse(Tool.Run("stat", "-c", "%b", _image), CultureInfo.InvariantCulture);

    private static LoopDevice Attach(ServedVolume served, int sectorSize) =>
        LoopDevice.Attach(served.Path, new LoopOptions(sectorSize, DirectIo: true));

    private ServedVolume Serve(int sectorSize, bool discard) =>
        new(
            ServedVolume.Encrypted(FileDevice.Open(_image, isExclusive: true, directSectorSize: sectorSize), sectorSize),
            _directory["volume"],
            discard);
}
