using CsCheck;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

public sealed class DeviceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Pieces_cover_a_range_once_and_whole_ones_are_aligned() =>
        Gen.Select(Gen.Long[0, 1L << 40], Gen.Int[0, 30000], Gen.Int[0, 3]).Sample((offset, length, shift) =>
        {
            var sectorSize = 512 << shift;
            var next = 0;
            var count = 0;
            foreach (var piece in new SectorPieces(offset, length, sectorSize))
            {
                Assert.Equal(next, piece.Start);
                Assert.Equal(offset + next, piece.Offset);
                Assert.True(piece.Length > 0);
                if (piece.IsWhole)
                    Assert.True(piece.Offset % sectorSize == 0 && piece.Length % sectorSize == 0);
                else
                    Assert.Equal(piece.Offset / sectorSize, (piece.Offset + piece.Length - 1) / sectorSize);
                next += piece.Length;
                count++;
            }
            Assert.Equal(length, next);
            Assert.InRange(count, length == 0 ? 0 : 1, 3);
        });

    [Fact]
    public void A_part_of_a_file_is_all_that_is_seen_of_it()
    {
        var path = Image(10000);
        using (var device = FileDevice.Open(path, offset: new ByteCount(1000), length: new ByteCount(5000)))
        {
            Assert.Equal(5000, device.Size);
            device.Write(4990, "0123456789"u8.ToArray());
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Write(4991, new byte[10]));
            device.Flush();
        }
        var bytes = File.ReadAllBytes(path);
        Assert.Equal(10000, bytes.Length);
        Assert.Equal("0123456789"u8, bytes.AsSpan(5990, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileDevice.Open(path, offset: new ByteCount(10001)));
        Assert.Throws<ArgumentOutOfRangeException>(() => FileDevice.Open(path, offset: new ByteCount(6000), length: new ByteCount(4001)));
    }

    [Fact]
    public void A_file_that_has_become_shorter_is_an_error_not_zeros()
    {
        var path = Image(8192);
        using var device = FileDevice.Open(path);
        using (var file = FileDescriptor.Open(path, OpenFlags.Write))
            file.Truncate(6000);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => device.Read(4096, new byte[4096])).Errno);
        device.Read(0, new byte[4096]);
    }

    [Fact]
    public void A_discard_gives_space_back()
    {
        var path = Image(1 << 20);
        using var device = FileDevice.Open(path);
        device.Write(0, Enumerable.Repeat((byte)1, 1 << 20).ToArray());
        device.Flush();
        Assert.True(device.Discard(4096, 8192));
        var data = new byte[16384];
        device.Read(0, data);
        Assert.Equal((4096, 12288), (data.AsSpan().IndexOf((byte)0), data.AsSpan(4096).IndexOfAnyExcept((byte)0) + 4096));
    }

    [Fact]
    public void An_exclusive_file_is_had_by_one_at_a_time()
    {
        var path = Image(8192);
        using (FileDevice.Open(path, isExclusive: true))
            Assert.Equal(Errno.EBUSY, Assert.Throws<LinuxException>(() => FileDevice.Open(path, isExclusive: true)).Errno);
        FileDevice.Open(path, isExclusive: true).Dispose();
    }

    [Fact]
    [Trait("needs", "native")]
    public void A_block_device_is_served_like_a_file()
    {
        var path = Image(1 << 20);
        var loop = LoopDevice.Attach(path, new LoopOptions(BlockSize: 4096));
        try
        {
            using (var device = FileDevice.Open(loop.Path, offset: new ByteCount(4096), isExclusive: true))
            {
                Assert.Equal(((1L << 20) - 4096, 4096), (device.Size, device.SectorSize));
                Assert.Equal(Errno.EBUSY, Assert.Throws<LinuxException>(() => FileDevice.Open(loop.Path, isExclusive: true)).Errno);
                device.Write(0, Enumerable.Repeat((byte)9, 12288).ToArray());
                device.Flush();
                Assert.True(device.Discard(4096, 4096));
                var data = new byte[12288];
                device.Read(0, data);
                Assert.Equal((4096, 8192), (data.AsSpan().IndexOf((byte)0), data.AsSpan(4096).IndexOf((byte)9) + 4096));
            }
        }
        finally
        {
            loop.Detach();
        }
        Assert.Equal(9, File.ReadAllBytes(path)[4096]);
    }

    [Fact]
    public void A_schedule_decides_which_requests_fail_and_how_far_they_get()
    {
        using var memory = new MemoryDevice(4096);
        var faulty = new FaultyDevice(memory, request => request.Index == 1 ? new Fault(Errno.EIO, Done: 3) : null);
        faulty.Write(0, "aaaaaa"u8.ToArray());
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => faulty.Write(0, "bbbbbb"u8.ToArray())).Errno);
        var data = new byte[6];
        faulty.Read(0, data);
        Assert.Equal("bbbaaa"u8, data);
    }

    private string Image(int size)
    {
        var path = _directory["image"];
        using var file = DirectoryEntries.CreateFile(path);
        file.Truncate(size);
        return path;
    }
}
