using CsCheck;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

public sealed class CryptDeviceTests
{
    private static readonly Gen<int> SectorSizes = Gen.Int[0, 3].Select(shift => 512 << shift);

    [Fact]
    public void Any_range_reads_back_what_was_written_to_it_last() =>
        Gen.Select(SectorSizes, Gen.Select(Gen.Int[0, 40000], Gen.Int[0, 20000], Gen.Byte).List[1, 12]).Sample((sectorSize, writes) =>
        {
            const int size = 40960;
            using var device = ToyCipher.Over(new MemoryDevice(size), sectorSize);
            var model = new byte[size];
            device.Write(0, new byte[size]);
            foreach (var (start, count, fill) in writes)
            {
                var length = Math.Min(count, size - start);
                var data = Enumerable.Range(0, length).Select(i => (byte)(i + fill)).ToArray();
                data.CopyTo(model, start);
                device.Write(start, data);
                var part = new byte[length];
                device.Read(start, part);
                Assert.Equal(model.AsSpan(start, length), part.AsSpan());
            }
            var all = new byte[size];
            device.Read(0, all);
            Assert.Equal(model, all);
        });

    [Fact]
    public void Below_lies_ciphertext_that_depends_on_the_sector()
    {
        using var inner = new MemoryDevice(8192);
        var device = ToyCipher.Over(inner, 512);
        device.Write(0, new byte[8192]);
        var below = new byte[8192];
        inner.Read(0, below);
        Assert.Equal(16, below.Chunk(512).Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Parts_of_one_sector_written_at_once_all_arrive()
    {
        const int rounds = 400, parts = 4, sector = 4096;
        using var device = ToyCipher.Over(new YieldingDevice(new MemoryDevice(sector)), sector);
        device.Write(0, new byte[sector]);
        for (var round = 0; round < rounds; round++)
        {
            var fill = (byte)round;
            Parallel.For(0, parts, part =>
                device.Write(part * (sector / parts), Enumerable.Repeat((byte)(fill + part), sector / parts).ToArray()));
            var all = new byte[sector];
            device.Read(0, all);
            for (var part = 0; part < parts; part++)
                Assert.Equal(-1, all.AsSpan(part * (sector / parts), sector / parts).IndexOfAnyExcept((byte)(fill + part)));
        }
    }

    [Fact]
    public void Requests_over_many_megabytes_do_not_wait_for_each_other_for_ever()
    {
        const int size = 40 << 20;
        using var device = ToyCipher.Over(new MemoryDevice(size), 4096);
        Parallel.For(0, 8, i => device.Write(i * 1000 + 1, new byte[size - 8192 - (i << 20)]));
        var all = new byte[size - 8192];
        device.Read(0, all.AsSpan(0, 1));
        device.Read(8000, all.AsSpan(0, 4096));
        Assert.False(all.AsSpan(0, 4096).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Only_whole_sectors_are_discarded()
    {
        using var inner = new MemoryDevice(5 * 4096);
        var device = ToyCipher.Over(inner, 4096);
        device.Write(0, Enumerable.Repeat((byte)7, 5 * 4096).ToArray());
        Assert.True(device.Discard(4095, 4098 + 4096)); // the second and the third, and one byte on either side

        var below = new byte[5 * 4096];
        inner.Read(0, below);
        Assert.Equal([1, 2], Enumerable.Range(0, 5).Where(i => !below.AsSpan(i * 4096, 4096).ContainsAnyExcept((byte)0xDD)));
        var kept = new byte[4096];
        device.Read(3 * 4096, kept);
        Assert.Equal(-1, kept.AsSpan().IndexOfAnyExcept((byte)7));
        Assert.True(device.Discard(1, 4000));
    }

    [Fact]
    public void Errors_of_the_device_below_come_through()
    {
        using var device = ToyCipher.Over(
            new FaultyDevice(new MemoryDevice(65536), request => request.Operation switch
            {
                DeviceOperation.Read when request.Offset == 8192 => new Fault(Errno.EIO, Done: 512),
                DeviceOperation.Write when request.Offset == 4096 => new Fault(Errno.ENOSPC),
                DeviceOperation.Flush => new Fault(Errno.EIO),
                _ => null,
            }), 4096);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => device.Read(8192, new byte[4096])).Errno);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => device.Write(8200, new byte[10])).Errno); // it has to read first
        Assert.Equal(Errno.ENOSPC, Assert.Throws<LinuxException>(() => device.Write(4096, new byte[8192])).Errno);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(device.Flush).Errno);
        device.Read(0, new byte[4096]); // and no lock is left behind
        device.Write(16, new byte[1]);
    }

    [Fact]
    public void Bytes_outside_the_device_do_not_exist()
    {
        using var device = ToyCipher.Over(new MemoryDevice(10000), 4096);
        Assert.Equal(8192, device.Size);
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Read(8000, new byte[193]));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Write(-1, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Discard(8192, 1));
    }

    /// <summary>Lets other threads run between a read and the write that follows it.</summary>
    private sealed class YieldingDevice(IBlockDevice inner) : IBlockDevice
    {
        public long Size => inner.Size;

        public int SectorSize => inner.SectorSize;

        public void Read(long offset, Span<byte> data)
        {
            inner.Read(offset, data);
            Thread.Yield();
        }

        public void Write(long offset, Span<byte> data)
        {
            Thread.Yield();
            inner.Write(offset, data);
        }

        public void Flush() => inner.Flush();

        public bool Discard(long offset, long length) => inner.Discard(offset, length);

        public void Dispose() => inner.Dispose();
    }
}
