using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

[Trait("needs", "native")]
public sealed class LoopDeviceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _image;

    public LoopDeviceTests()
    {
        _image = _directory["image"];
        using var file = DirectoryEntries.CreateFile(_image);
        file.Truncate(1 << 20);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_becomes_a_block_device_and_goes_again()
    {
        var loop = LoopDevice.Attach(_image, new LoopOptions(BlockSize: 4096, DirectIo: true, Offset: new ByteCount(8192)));
        try
        {
            using (var device = FileDescriptor.Open(loop.Path, OpenFlags.ReadWrite))
            {
                Assert.Equal(new ByteCount((1 << 20) - 8192), BlockDevice.Size(device));
                Assert.Equal(4096, BlockDevice.LogicalSectorSize(device));
                Assert.Equal(FileKind.BlockDevice, device.Status().Kind);
                device.WriteAt("hello"u8, 0);
                device.Sync();
            }
            using (var file = FileDescriptor.Open(_image, OpenFlags.Read))
            {
                var buffer = new byte[5];
                Assert.Equal(5, file.ReadAt(buffer, 8192));
                Assert.Equal("hello"u8, buffer);
            }
            var status = Assert.IsType<LoopStatus>(loop.Status());
            Assert.Equal((new ByteCount(8192), false, true), (status.Offset, status.ReadOnly, status.DirectIo));
            Assert.Equal(_image, loop.BackingFile());
            Assert.Equal(loop.Number, Assert.Single(LoopDevice.BackedBy(_image)).Number);
        }
        finally
        {
            loop.Detach();
        }
        Assert.Null(loop.Status());
        Assert.Empty(LoopDevice.BackedBy(_image));
        loop.Detach(); // again is harmless
    }

    [Fact]
    public void Another_name_of_the_file_finds_its_device()
    {
        File.CreateSymbolicLink(_directory["link"], _image);
        var loop = LoopDevice.Attach(_image, new LoopOptions(ReadOnly: true));
        try
        {
            Assert.Equal(loop.Number, Assert.Single(LoopDevice.BackedBy(_directory["link"])).Number);
            Assert.True(loop.Status()?.ReadOnly);
            using var device = FileDescriptor.Open(loop.Path, OpenFlags.ReadWrite);
            Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => device.WriteAt(new byte[512], 0)).Errno);
        }
        finally
        {
            loop.Detach();
        }
    }

    [Fact]
    public void Many_at_once_get_devices_of_their_own()
    {
        var loops = new LoopDevice[6];
        try
        {
            Parallel.For(0, loops.Length, i => loops[i] = LoopDevice.Attach(_image, new LoopOptions(BlockSize: 512)));
            Assert.Equal(loops.Length, loops.Select(loop => loop.Number).Distinct().Count());
            Assert.Equal(loops.Length, LoopDevice.BackedBy(_image).Count);
        }
        finally
        {
            foreach (var loop in loops)
                loop?.Detach();
        }
    }

    [Fact]
    public void An_exclusive_claim_keeps_a_second_one_out()
    {
        var loop = LoopDevice.Attach(_image, new LoopOptions());
        try
        {
            using var first = BlockDevice.OpenExclusive(loop.Path, OpenFlags.ReadWrite);
            Assert.Equal(Errno.EBUSY, Assert.Throws<LinuxException>(() => BlockDevice.OpenExclusive(loop.Path, OpenFlags.Read)).Errno);
        }
        finally
        {
            loop.Detach();
        }
    }

    [Fact]
    public void The_physical_sector_size_under_a_file_is_that_of_its_disk()
    {
        var disk = FileStatus.Of(_image).Device;
        var expected = File.Exists($"/sys/dev/block/{disk}/queue/physical_block_size")
            ? int.Parse(File.ReadAllText($"/sys/dev/block/{disk}/queue/physical_block_size"))
            : 512;
        Assert.Equal(expected, BlockDevice.PhysicalSectorSizeUnder(_image));
        Assert.Equal(512, BlockDevice.PhysicalSectorSizeUnder("/proc/self/status"));
    }
}
