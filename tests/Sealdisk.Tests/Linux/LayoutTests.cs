using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

/// <summary>The structs that the kernel reads and writes, against sizes taken from its headers with a C compiler.</summary>
public sealed class LayoutTests
{
    [Fact]
    public void Structs_have_the_sizes_of_the_kernels()
    {
        Assert.Equal(256, Unsafe.SizeOf<FileStatus.Statx>());
        Assert.Equal(232, Unsafe.SizeOf<LoopDevice.LoopInfo64>());
        Assert.Equal(304, Unsafe.SizeOf<LoopDevice.LoopConfig>());
        Assert.Equal(40, Unsafe.SizeOf<FuseInHeader>());
        Assert.Equal(16, Unsafe.SizeOf<FuseOutHeader>());
        Assert.Equal(16, Unsafe.SizeOf<FuseInitIn>()); // the first 16 of 64 bytes: as much as is read
        Assert.Equal(64, Unsafe.SizeOf<FuseInitOut>());
        Assert.Equal(88, Unsafe.SizeOf<FuseAttr>());
        Assert.Equal(104, Unsafe.SizeOf<FuseAttrOut>());
        Assert.Equal(88, Unsafe.SizeOf<FuseSetAttrIn>());
        Assert.Equal(16, Unsafe.SizeOf<FuseOpenOut>());
        Assert.Equal(40, Unsafe.SizeOf<FuseTransferIn>());
        Assert.Equal(8, Unsafe.SizeOf<FuseWriteOut>());
        Assert.Equal(32, Unsafe.SizeOf<FuseFallocateIn>());
        Assert.Equal(80, Unsafe.SizeOf<FuseStatFsOut>());
    }

    [Fact]
    public void Fields_lie_where_the_kernel_has_them()
    {
        Assert.Equal(20, (int)Marshal.OffsetOf<FuseInitOut>(nameof(FuseInitOut.MaxWrite)));
        Assert.Equal(28, (int)Marshal.OffsetOf<FuseInitOut>(nameof(FuseInitOut.MaxPages)));
        Assert.Equal(60, (int)Marshal.OffsetOf<FuseAttr>(nameof(FuseAttr.Mode)));
        Assert.Equal(16, (int)Marshal.OffsetOf<FuseSetAttrIn>(nameof(FuseSetAttrIn.Size)));
        Assert.Equal(24, (int)Marshal.OffsetOf<FuseFallocateIn>(nameof(FuseFallocateIn.Mode)));
        Assert.Equal(52, (int)Marshal.OffsetOf<LoopDevice.LoopInfo64>(nameof(LoopDevice.LoopInfo64.Flags)));
        Assert.Equal(8, (int)Marshal.OffsetOf<LoopDevice.LoopConfig>(nameof(LoopDevice.LoopConfig.Info)));
    }

    [Theory]
    [InlineData(OpenFlags.Read, 0x80000, 0x80000)]
    [InlineData(OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive, 0x800C2, 0x800C2)]
    [InlineData(OpenFlags.Write | OpenFlags.Direct, 0x84001, 0x90001)]
    [InlineData(OpenFlags.Directory, 0x90000, 0x84000)]
    [InlineData(OpenFlags.NoFollow, 0xA0000, 0x88000)]
    [InlineData(OpenFlags.Path, 0x280000, 0x280000)]
    [InlineData(OpenFlags.Write | OpenFlags.DataSync | OpenFlags.Append | OpenFlags.Truncate, 0x81601, 0x81601)]
    public void Open_flags_are_those_of_each_architecture(OpenFlags flags, int x64, int arm64)
    {
        Assert.Equal(x64, flags.ToKernel(Architecture.X64));
        Assert.Equal(arm64, flags.ToKernel(Architecture.Arm64));
    }
}
