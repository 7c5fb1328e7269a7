using CsCheck;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

[Trait("needs", "native")]
public sealed class FuseServerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_mount_point_is_a_private_regular_file_of_the_volumes_size()
    {
        using var served = Serve(new MemoryDevice(3 << 20));
        var mount = Assert.Single(Mounts.Read(), mount => mount.Target == served.Path);
        Assert.Equal(("fuse.sealdisk", "test volume"), (mount.Type, mount.Source));
        Assert.Equal("regular file 600 0 3145728", Tool.Run("stat", "-c", "%F %a %u %s", served.Path).Trim());
        Assert.DoesNotContain(served.Path, Tool.Shell("df 2>&1 || true", ""), StringComparison.Ordinal);
        Assert.Null(served.End());
        Assert.Equal(0, FileStatus.Of(served.Path).Size); // the file underneath
    }

    [Fact]
    public void Any_range_read_or_written_through_the_kernel_is_that_of_the_volume()
    {
        const int size = 1 << 20;
        using var served = Serve(ToyCipher.Over(new MemoryDevice(size), 4096));
        using var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite);
        var model = new byte[size];
        file.WriteAt(model, 0);
        Gen.Select(Gen.Bool, Gen.Int[0, size - 1], Gen.Int[1, 200_000], Gen.Byte).Sample(
            (isWrite, start, count, fill) =>
            {
                var length = Math.Min(count, size - start);
                if (isWrite)
                {
                    var data = Enumerable.Range(0, length).Select(i => (byte)(i * fill + i / 256)).ToArray();
                    file.WriteAt(data, start);
                    data.CopyTo(model, start);
                }
                else
                {
                    var data = new byte[length];
                    Assert.Equal(length, file.ReadAt(data, start));
                    Assert.Equal(model.AsSpan(start, length), data.AsSpan());
                }
            }, iter: 300, threads: 1);
        var all = new byte[size + 100];
        Assert.Equal(size, file.ReadAt(all, 0));
        Assert.Equal(model.AsSpan(), all.AsSpan(0, size));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Writers_at_once_do_not_get_in_each_others_way(bool direct)
    {
        const int size = 8 << 20, writers = 4;
        using var served = Serve(ServedVolume.Encrypted(direct ? DirectFile(size) : new MemoryDevice(size), 4096));
        Tool.Shell(
            """
            for i in 0 1 2 3; do
                head -c 2097152 /dev/urandom > "$2/part$i"
                dd if="$2/part$i" of="$1" bs=123457 oflag=seek_bytes seek=$((i * 2097152)) conv=notrunc,fsync status=none &
            done
            wait
            cat "$2/part0" "$2/part1" "$2/part2" "$2/part3" | cmp - "$1"
            """, served.Path, _directory.Path);
        Assert.Equal(writers, Directory.GetFiles(_directory.Path, "part*").Length);
    }

    [Fact]
    public void A_part_of_a_sector_and_all_of_it_written_at_once_leave_what_one_after_the_other_leaves()
    {
        const int sector = 4096, rounds = 300;
        using var served = Serve(ServedVolume.Encrypted(DirectFile(1 << 20), sector));
        using var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite);
        using var start = new Barrier(3);
        var writers = new[] { Writer(1, 0, sector), Writer(2, 512, 512), Writer(3, 2048, 1024) };
        Array.ForEach(writers, writer => writer.Start());
        Array.ForEach(writers, writer => writer.Join());
        var data = new byte[sector];
        for (var round = 0; round < rounds; round++)
        {
            file.ReadAt(data, round % 256 * (long)sector);
            if (round + 256 < rounds)
                continue; // written again later
            Assert.Equal([(byte)1], data.Where((_, at) => at is < 512 or >= 1024 and < 2048 or >= 3072).Distinct());
            Assert.Contains(data.AsSpan(512, 512).ToArray().Distinct().Single(), (IEnumerable<byte>)[1, 2]);
            Assert.Contains(data.AsSpan(2048, 1024).ToArray().Distinct().Single(), (IEnumerable<byte>)[1, 3]);
        }

        Thread Writer(byte value, int at, int length) => new(() =>
        {
            var bytes = Enumerable.Repeat(value, length).ToArray();
            for (var round = 0; round < rounds; round++)
            {
                start.SignalAndWait();
                file.WriteAt(bytes, (round % 256 * (long)sector) + at);
            }
        });
    }

    [Fact]
    public void A_transfer_that_goes_on_by_itself_and_fails_says_why()
    {
        using var served = Serve(ServedVolume.Encrypted(DirectFile(1 << 20), 4096));
        using var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite);
        file.WriteAt(new byte[1 << 20], 0);
        using (var backing = FileDescriptor.Open(_directory["direct"], OpenFlags.ReadWrite))
            backing.Truncate(300 << 10);
        var data = new byte[300 << 10];
        Assert.Equal(data.Length, file.ReadAt(data, 0));
        Assert.All(data, value => Assert.Equal(0, value));
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => file.ReadAt(new byte[4096], 512 << 10)).Errno);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => file.ReadAt(new byte[64 << 10], 272 << 10)).Errno);
        file.DataSync();
    }

    [Fact]
    public void The_end_of_the_volume_is_the_end_of_the_device()
    {
        using var served = Serve(new MemoryDevice(65536));
        using var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite);
        Assert.Equal(Errno.ENOSPC, Assert.Throws<LinuxException>(() => file.WriteAt(new byte[2], 65535)).Errno);
        Assert.Equal(0, file.ReadAt(new byte[10], 65536));
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => file.Truncate(4096)).Errno);
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => file.SetMode(0x1FF)).Errno);
        var truncated = Assert.Throws<LinuxException>(() => FileDescriptor.Open(served.Path, OpenFlags.Write | OpenFlags.Truncate));
        Assert.Equal(Errno.EPERM, truncated.Errno);
        Assert.Equal(65536, file.Status().Size);
        Tool.Run("touch", served.Path);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<LinuxException>(() => file.ZeroRange(0, 4096)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<LinuxException>(() => file.PunchHole(0, 4096)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<LinuxException>(() => file.Allocate(0, 4096)).Errno);
    }

    [Fact]
    public void Errors_of_the_backing_device_reach_the_caller()
    {
        var fail = false;
        using var served = Serve(new FaultyDevice(new MemoryDevice(1 << 20), request => !fail ? null : request.Operation switch
        {
            DeviceOperation.Read when request.Offset >= 65536 => new Fault(Errno.EIO, Done: 100),
            DeviceOperation.Write when request.Offset >= 65536 => new Fault(Errno.ENOSPC),
            DeviceOperation.Flush => new Fault(Errno.EIO),
            _ => null,
        }));
        using (var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite))
        {
            fail = true;
            Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => file.ReadAt(new byte[4096], 65536)).Errno);
            Assert.Equal(Errno.ENOSPC, Assert.Throws<LinuxException>(() => file.WriteAt(new byte[4096], 65536)).Errno);
            Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(file.Sync).Errno);
            Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(file.DataSync).Errno);
            file.WriteAt(new byte[4096], 0); // and it still serves
            Assert.Equal(4096, file.ReadAt(new byte[4096], 0));
        }
        var (code, output) = Tool.Try("dd", $"if={served.Path}", "of=/dev/null", "bs=64k", "status=none");
        Assert.NotEqual(0, code);
        Assert.Contains("Input/output error", output);
        Assert.Equal(Errno.EIO, Assert.IsType<LinuxException>(served.End()).Errno); // the last flush
    }

    [Fact]
    public void A_loop_device_passes_errors_up_to_its_callers()
    {
        var fail = false;
        using var served = Serve(new FaultyDevice(
            new MemoryDevice(1 << 20, 4096),
            request => fail && (request.Operation == DeviceOperation.Flush || request.Offset >= 65536) ? new Fault(Errno.EIO) : null));
        var loop = LoopDevice.Attach(served.Path, new LoopOptions(BlockSize: 4096, DirectIo: true));
        fail = true;
        string[] read = [$"if={loop.Path}", "of=/dev/null", "bs=4k", "skip=16", "count=1", "iflag=direct", "status=none"];
        Assert.NotEqual(0, Tool.Try("dd", read).Code);
        string[] write = ["if=/dev/zero", $"of={loop.Path}", "bs=4k", "seek=16", "count=1", "oflag=direct", "status=none"];
        Assert.NotEqual(0, Tool.Try("dd", write).Code);
        Assert.NotEqual(0, Tool.Try("dd", "if=/dev/zero", $"of={loop.Path}", "bs=4k", "count=1", "conv=fsync", "status=none").Code);
        fail = false;
        Tool.Run("dd", "if=/dev/zero", $"of={loop.Path}", "bs=4k", "count=1", "conv=fsync", "status=none");
    }

    /// <summary>
    /// A page of the volume's file cannot be written back, for which the disk below has no room. The kernel says so to one sync of each
    /// open file, and to no other; the server, whose sync that is, must not have a second one succeed.
    /// </summary>
    [Fact]
    public void A_sync_that_fails_below_is_told_and_not_tried_again()
    {
        Requirements.RootWithLoop();
        var loop = "";
        try
        {
            loop = Tool.Shell(
                """
                mkdir "$1/ram" "$1/disk"
                mount -t tmpfs -o size=48m none "$1/ram"
                fallocate -l 32M "$1/ram/image"
                mkfs.ext4 -q -b 4096 -O ^has_journal -E lazy_itable_init=0,nodiscard "$1/ram/image"
                loop=$(losetup -f --show "$1/ram/image")
                mount "$loop" "$1/disk"
                head -c 4M /dev/zero >"$1/disk/volume"
                sync -f "$1/disk/volume"
                block=$(filefrag -e "$1/disk/volume" | awk '$1 == "0:" { sub(/[.].*/, "", $4); print $4 }')
                fallocate -p -o $((block * 4096)) -l 4M "$1/ram/image"
                dd if=/dev/zero of="$1/ram/rest" bs=64k status=none 2>/dev/null || true
                echo "$loop"
                """, _directory.Path).Trim();
            var path = _directory["disk/volume"];
            var device = FileDevice.Open(path, directSectorSize: 4096);
            Assert.True(device.IsDirect);
            using var served = Serve(ServedVolume.Encrypted(device, 4096));
            using var file = FileDescriptor.Open(served.Path, OpenFlags.ReadWrite);
            file.DataSync();
            using (var cached = FileDescriptor.Open(path, OpenFlags.Write))
                cached.WriteAt(new byte[4096], 0);
            Assert.Contains(Assert.Throws<LinuxException>(file.DataSync).Errno, (Errno[])[Errno.EIO, Errno.ENOSPC]);
        }
        finally
        {
            Tool.Shell("umount \"$1/disk\" || true; [ -z \"$2\" ] || losetup -d \"$2\"; umount \"$1/ram\" || true", _directory.Path, loop);
        }
    }

    [Fact]
    public void A_mount_that_is_refused_is_an_error_and_leaves_nothing()
    {
        using var volume = new MemoryDevice(65536);
        using var server = new FuseServer(volume, _directory["missing"], "test volume", discard: false);
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(server.Run).Errno);
        Assert.False(server.Ready.WaitOne(0));
        using var onDirectory = new FuseServer(volume, _directory.Path, "test volume", discard: false);
        Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(onDirectory.Run).Errno);
        Assert.DoesNotContain(Mounts.Read(), mount => mount.Target.StartsWith(_directory.Path, StringComparison.Ordinal));
    }

    /// <summary>A file that is transferred around the page cache.</summary>
    private FileDevice DirectFile(long size)
    {
        using (var file = FileDescriptor.Open(_directory["direct"], OpenFlags.ReadWrite | OpenFlags.Create, 0x180))
            file.Truncate(size);
        var device = FileDevice.Open(_directory["direct"], directSectorSize: 4096);
        Assert.True(device.IsDirect, "the filesystem of the temporary directory has no O_DIRECT");
        return device;
    }

    private ServedVolume Serve(IBlockDevice volume) => new(volume, _directory["volume"]);
}
