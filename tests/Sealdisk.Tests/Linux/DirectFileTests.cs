using CsCheck;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class DirectFileTests : IDisposable
{
    private const int Sector = 4096, Sectors = 64;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// Direct reads and other readers see what was written directly; from memory on a page (as the server's buffers) and off it.
    /// </summary>
    [Fact]
    public void What_is_written_is_read_from_any_memory()
    {
        using var file = Image();
        using var direct = Direct(file);
        var model = new byte[Sectors * Sector];
        using var buffer = SecretBuffer.Allocate((Sectors * Sector) + Sector);
        var shift = Gen.Int[0, 2].Select(choice => choice switch { 0 => 0, 1 => 16, _ => 512 });
        Gen.Select(Gen.Int[0, Sectors - 1], Gen.Int[1, Sectors], shift, Gen.Byte).Sample(
            (first, count, shift, value) =>
            {
                var (offset, length) = (first * Sector, Math.Min(count, Sectors - first) * Sector);
                var memory = buffer.Memory.Span.Slice(shift, length);
                for (var index = 0; index < length; index++)
                    memory[index] = (byte)(value + (index / 16));
                memory.CopyTo(model.AsSpan(offset));
                direct.WriteAt(memory, offset);
                memory.Clear();
                Assert.Equal(length, direct.ReadAt(memory, offset));
                Assert.True(memory.SequenceEqual(model.AsSpan(offset, length)));
            },
            iter: 200, threads: 1);
        Assert.Equal(model, File.ReadAllBytes(file.Name));
    }

    [Fact]
    [Trait("needs", "native")]
    public void Nothing_of_it_stays_in_the_page_cache()
    {
        using var file = Image();
        Assert.True(CachedPages(file.Name) == 0);
        using (var direct = Direct(file))
        using (var buffer = SecretBuffer.Allocate(Sectors * Sector))
        {
            direct.WriteAt(buffer.Memory.Span, 0);
            direct.ReadAt(buffer.Memory.Span, 0);
        }
        Assert.Equal(0, CachedPages(file.Name));
        Assert.Equal(Sectors * Sector, File.ReadAllBytes(file.Name).Length);
        Assert.NotEqual(0, CachedPages(file.Name)); // so that the zero above meant something
    }

    /// <summary>The end of a file that was cut off within a sector is an end, like any other.</summary>
    [Fact]
    public void A_file_that_has_become_shorter_ends_early()
    {
        using var file = Image();
        using var direct = Direct(file);
        file.Truncate((2 * Sector) + 100);
        using var buffer = SecretBuffer.Allocate(4 * Sector);
        Assert.InRange(direct.ReadAt(buffer.Memory.Span, 0), 2 * Sector, (2 * Sector) + 100);
        Assert.Equal(0, direct.ReadAt(buffer.Memory.Span, 3 * Sector));
    }

    [Fact]
    public void Sectors_that_do_not_begin_on_a_multiple_of_their_size_are_left_to_the_page_cache()
    {
        using var file = Image();
        Assert.Null(DirectFile.TryMake(file, Sector / 2, Sector));
        file.WriteAt(new byte[100], 1); // it is as it was: a direct file would refuse this, or not remember it
        Assert.NotNull(DirectFile.TryMake(file, 0, Sector));
    }

    [Fact]
    [Trait("needs", "native")]
    public void Sectors_smaller_than_the_disks_are_left_to_the_page_cache()
    {
        string path;
        using (var file = Image())
            path = file.Name;
        var loop = LoopDevice.Attach(path, new LoopOptions(BlockSize: 4096));
        try
        {
            using var block = FileDescriptor.Open(loop.Path, OpenFlags.ReadWrite);
            Assert.Null(DirectFile.TryMake(block, 0, 512));
            block.WriteAt(new byte[512], 512);
            using var direct = DirectFile.TryMake(block, 0, 4096);
            Assert.NotNull(direct);
        }
        finally
        {
            loop.Detach();
        }
    }

    /// <summary>/proc has no O_DIRECT: the kernel says so when it is set, and the file goes on as it was.</summary>
    [Fact]
    public void A_filesystem_without_direct_transfers_keeps_its_page_cache()
    {
        using var file = FileDescriptor.Open("/proc/self/status", OpenFlags.Read);
        Assert.Null(DirectFile.TryMake(file, 0, 512));
        Assert.NotEqual(0, file.ReadAt(new byte[100], 3));
    }

    private FileDescriptor Image()
    {
        var file = FileDescriptor.Open(_directory["image"], OpenFlags.ReadWrite | OpenFlags.Create);
        file.Allocate(0, Sectors * Sector);
        file.Sync();
        return file;
    }

    private static DirectFile Direct(FileDescriptor file)
    {
        var direct = DirectFile.TryMake(file, 0, Sector);
        Assert.True(direct is not null, $"the filesystem of {file.Name} has no direct transfers: set TMPDIR to one that has");
        return direct;
    }

    private static int CachedPages(string path) =>
        int.Parse(Tool.Run("fincore", "--noheadings", "--output", "PAGES", path), System.Globalization.CultureInfo.InvariantCulture);
}
