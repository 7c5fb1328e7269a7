using System.Diagnostics;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Native;

/// <summary><c>image</c> on block devices, and on images that are larger than the memory it may use.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class ImageDeviceTests : IDisposable
{
    private const long KiB = 1024, MiB = 1024 * KiB;

    private readonly WorkFolder _folder = new();
    private readonly List<string> _loops = [];
    private readonly List<string> _memory = [];
    private readonly GoldenImage _image = GoldenImage.All.Single(image => image.Name == "xts256-plain64-4096");

    public void Dispose()
    {
        foreach (var loop in _loops)
            Tool.Run("losetup", "-d", loop);
        foreach (var folder in _memory)
            Directory.Delete(folder, recursive: true);
        _folder.Dispose();
    }

    private string[] Options => GoldenCommand.Options(_image, _folder.Huk);

    [Fact]
    public void A_device_is_decrypted_to_a_file()
    {
        var disk = Attach("disk", _image.Ciphertext);
        _folder.Done(["image", "decrypt", disk, "plain", .. Options]);
        Assert.Equal(GoldenImage.Plaintext, File.ReadAllBytes(_folder["plain"]));
    }

    [Fact]
    public void A_device_is_overwritten_only_with_force()
    {
        File.WriteAllBytes(_folder["plain"], GoldenImage.Plaintext);
        var before = Noise(128 * KiB);
        var disk = Attach("disk", before);
        _folder.Expect(3, ["image", "encrypt", "plain", disk, .. Options]);
        Assert.Equal(before, Read("disk", disk));

        _folder.Done(["image", "encrypt", "plain", disk, "--force", .. Options]);
        Assert.Equal((byte[])[.. _image.Ciphertext, .. before[(int)(64 * KiB)..]], Read("disk", disk));
    }

    [Fact]
    public void A_device_that_is_too_small_is_not_written()
    {
        File.WriteAllBytes(_folder["plain"], GoldenImage.Plaintext);
        var before = Noise(60 * KiB);
        var disk = Attach("disk", before);
        var result = _folder.Expect(2, ["image", "encrypt", "plain", disk, "--force", .. Options]);
        Assert.Equal($"sealdisk: cannot write {disk}: it is smaller than the 65536 bytes to write\n", result.Stderr);
        Assert.Equal(before, Read("disk", disk));
    }

    [Fact]
    public void A_device_in_use_is_not_written()
    {
        File.WriteAllBytes(_folder["plain"], GoldenImage.Plaintext);
        var disk = Attach("disk", new byte[8 * MiB]);
        Tool.Run("mkfs.ext4", "-q", disk);
        var mount = Directory.CreateDirectory(_folder["mount"]).FullName;
        Tool.Run("mount", "-o", "ro", disk, mount);
        try
        {
            var before = Read("disk", disk);
            var result = _folder.Expect(1, ["image", "encrypt", "plain", disk, "--force", .. Options]);
            Assert.StartsWith($"sealdisk: cannot open {disk}: Device or resource busy (EBUSY)\n", result.Stderr, StringComparison.Ordinal);
            Assert.Equal(before, Read("disk", disk));
        }
        finally
        {
            Tool.Run("umount", mount);
        }
    }

    [Fact]
    public void A_key_that_does_not_open_leaves_the_device_unchanged()
    {
        var before = Noise(64 * KiB);
        var disk = Attach("disk", before);
        File.WriteAllBytes(_folder["plain"], GoldenImage.Plaintext);
        _folder.Expect(4, ["image", "encrypt", "plain", disk, "--force", .. GoldenCommand.Options(_image, _folder.OtherHuk())]);
        Assert.Equal(before, Read("disk", disk));
    }

    [Fact]
    public void A_full_filesystem_is_reported_and_the_partial_file_removed()
    {
        Requirements.Root();
        var small = Directory.CreateDirectory(_folder["small"]).FullName;
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=1m", "none", small);
        try
        {
            using (var large = File.Create(_folder["large"]))
                large.SetLength(4 * MiB);
            var result = _folder.Expect(1, ["image", "encrypt", "large", $"{small}/out", .. Options]);
            Assert.StartsWith(
                $"sealdisk: cannot allocate space in {small}/out: No space left on device (ENOSPC)\n",
                result.Stderr,
                StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(small));
        }
        finally
        {
            Tool.Run("umount", small);
        }
    }

    /// <summary>
    /// Most of an image goes around the page cache, in whole pages; what is left at its end does not. tmpfs is all page cache.
    /// </summary>
    [Theory]
    [InlineData(512)]
    [InlineData(4096 + 512)]
    [InlineData(1024 * 1024 - 512)]
    [InlineData(3 * 1024 * 1024 + 3584)]
    public void An_image_may_end_within_a_page(int size)
    {
        var image = GoldenImage.All.Single(image => image.Name == "xts256-plain64-512");
        var options = GoldenCommand.Options(image, _folder.Huk);
        var plain = Noise(size);
        File.WriteAllBytes(_folder["plain"], plain);
        var spec = CipherSpec.Parse(image.Cipher);
        var cipher = new SectorCipher(spec, image.Layout, image.Key, new byte[SectorCipher.ScheduleSize(spec)]);
        foreach (var output in (string[])[_folder["crypt"], MemoryFile()])
        {
            _folder.Done(["image", "encrypt", "plain", output, .. options]);
            var crypt = File.ReadAllBytes(output);
            Assert.Equal(size, crypt.Length);
            Assert.NotEqual(plain, crypt);
            cipher.Decrypt(crypt, 0);
            Assert.Equal(plain, crypt);
            _folder.Done(["image", "decrypt", output, $"{output}.back", .. options]);
            Assert.Equal(plain, File.ReadAllBytes($"{output}.back"));
        }
    }

    [Fact]
    public void A_large_sparse_image_needs_constant_memory()
    {
        const long size = 300 * MiB;
        using (var sparse = File.Create(_folder["sparse"]))
            sparse.SetLength(size);
        Assert.InRange(PeakMemory(size, ["image", "encrypt", "sparse", "out", .. Options]), 1, 64 * MiB);
        File.Delete(_folder["sparse"]);
        Assert.InRange(PeakMemory(size, ["image", "decrypt", "out", "back", .. Options]), 1, 64 * MiB);
        Tool.Run("cmp", "-n", $"{size}", _folder["back"], "/dev/zero");
    }

    /// <summary>Bytes that the process has given to the kernel to write: its output has all of its size from the start.</summary>
    private static long Written(int process) => StatusLine(process, "io", "wchar:") is { } line ? long.Parse(line["wchar:".Length..]) : 0;

    private static string? PeakLine(int process) => StatusLine(process, "status", "VmHWM:");

    /// <summary>Null where the process has just ended: its files are then without that line, or gone while they are read.</summary>
    private static string? StatusLine(int process, string file, string start)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/{file}").FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// The most resident memory that a run had, as last seen before its end, and seen when at least nine tenths were written.
    /// </summary>
    private long PeakMemory(long size, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(NativeBinary.Path, arguments)
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
        })!;
        long peak = 0, written = 0;
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(1)))
        {
            var seen = Written(process.Id);
            if (PeakLine(process.Id) is not { } line)
                continue;
            peak = long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]) * KiB;
            written = seen;
        }
        Assert.Equal(0, process.ExitCode);
        Assert.True(written >= size / 10 * 9, $"last seen when {written} bytes were written");
        return peak;
    }

    /// <summary>A name in /dev/shm that is free.</summary>
    private string MemoryFile()
    {
        var folder = Directory.CreateDirectory($"/dev/shm/{Guid.NewGuid():N}").FullName;
        _memory.Add(folder);
        return $"{folder}/crypt";
    }

    private string Attach(string name, byte[] content)
    {
        Requirements.RootWithLoop();
        File.WriteAllBytes(_folder[name], content);
        var loop = Tool.Run("losetup", "-f", "--show", _folder[name]).Trim();
        _loops.Add(loop);
        return loop;
    }

    /// <summary>The file below a device, once the kernel has written all that was written to the device.</summary>
    private byte[] Read(string name, string loop)
    {
        Tool.Run("blockdev", "--flushbufs", loop);
        return File.ReadAllBytes(_folder[name]);
    }

    private static byte[] Noise(long length)
    {
        var noise = new byte[length];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
