using Sealdisk.Lifecycle;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>What counts as blank, judged on files.</summary>
public sealed class ContentTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData(0x00, 4 * MiB)]
    [InlineData(0xFF, 4 * MiB)]
    [InlineData(0x00, 5000)]
    [InlineData(0x00, (4 * MiB) + 1)]
    [InlineData(0xFF, 0)]
    public void Erased_media_are_blank(byte fill, int size) => Assert.IsType<Content.Blank>(Of(fill, size));

    [Fact]
    public void Bytes_between_the_samples_are_not_read() => Assert.IsType<Content.Blank>(Of(0, 8 * MiB, (2 * MiB) + 4096));

    [Theory]
    [InlineData(MiB)]
    [InlineData((2 * MiB) - 1)]
    public void Behind_a_header_the_beginning_of_the_data_is_sampled(int at)
    {
        Assert.IsType<Content.Other>(Of(0, 8 * MiB, at + (at == MiB ? 4096 : 0), header: true));
        Assert.IsType<Content.Blank>(Of(0, 8 * MiB, at == MiB ? at + 4096 : at - 8192, header: false));
    }

    /// <summary>
    /// A partition that now begins in a gap before the old one, or a volume whose first MiBs were wiped: its data lie further on.
    /// </summary>
    [Fact]
    public void Data_that_begin_further_on_are_seen()
    {
        using var folder = new TemporaryDirectory();
        var bytes = new byte[32 * MiB];
        new Random(7).NextBytes(bytes.AsSpan(9 * MiB, MiB / 4));
        Assert.IsType<Content.Other>(Of(folder, bytes));
    }

    [Fact]
    public void After_an_interrupted_first_record_only_the_copies_may_hold_something()
    {
        using var folder = new TemporaryDirectory();
        var bytes = new byte[8 * MiB];
        bytes.AsSpan(0, 4096).Fill(7);
        bytes.AsSpan(524288, 4096).Fill(7);
        Assert.IsType<Content.Other>(Of(folder, bytes));
        Assert.IsType<Content.Blank>(Of(folder, bytes, claimed: true));
        foreach (var at in new[] { 4096, 524287, 528384, MiB - 1, MiB, 8 * MiB - 1 })
        {
            bytes[at] = 1;
            Assert.IsType<Content.Other>(Of(folder, bytes, claimed: true));
            bytes[at] = 0;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(MiB - 1)]
    [InlineData(3 * MiB)]
    [InlineData((4 * MiB) - 1)]
    public void One_byte_in_the_first_or_last_MiB_is_data(int at) =>
        Assert.Contains(
            "a volume whose record was lost",
            Assert.IsType<Content.Other>(Of(0, 4 * MiB, at)).Description,
            StringComparison.Ordinal);

    [Fact]
    public void A_mixture_of_00_and_FF_is_not_blank()
    {
        using var folder = new TemporaryDirectory();
        var bytes = new byte[MiB];
        bytes.AsSpan(0, MiB / 2).Fill(0xFF);
        Assert.IsType<Content.Other>(Of(folder, bytes));
    }

    [Fact]
    public void Random_bytes_are_data()
    {
        using var folder = new TemporaryDirectory();
        var bytes = new byte[4 * MiB];
        new Random(7).NextBytes(bytes);
        Assert.IsType<Content.Other>(Of(folder, bytes));
    }

    [Theory]
    [InlineData("mkfs.ext4 -q -F $1")]
    [InlineData("mkfs.vfat $1")]
    public void A_filesystem_is_recognised(string make)
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell($"truncate -s 8M $1; {make}", folder["image"]);
        Assert.True(Assert.IsType<Content.PlainFilesystem>(Of(folder["image"])).Signature.IsPlainFilesystem);
    }

    [Theory]
    [InlineData("mkswap $1", "swap (other)")]
    [InlineData("printf 'label: gpt\\n,4M\\n' | sfdisk -q $1", "a gpt partition table")]
    [InlineData("printf 'label: dos\\n,4M\\n' | sfdisk -q $1", "a dos partition table")]
    [InlineData("echo key | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $1 -", "a LUKS volume")]
    [InlineData("echo key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $1 -", "a LUKS volume")]
    public void A_container_is_recognised_as_other_content(string make, string description)
    {
        using var folder = new TemporaryDirectory();
        Tool.Shell($"truncate -s 32M $1; {make} >/dev/null", folder["image"]);
        Assert.Equal(description, Assert.IsType<Content.Other>(Of(folder["image"])).Description);
    }

    private static Content Of(byte fill, int size, int? oddAt = null, bool header = true)
    {
        using var folder = new TemporaryDirectory();
        var bytes = new byte[size];
        bytes.AsSpan().Fill(fill);
        if (oddAt is { } at)
            bytes[at] = 1;
        return Of(folder, bytes, header);
    }

    private static Content Of(TemporaryDirectory folder, byte[] bytes, bool header = true, bool claimed = false)
    {
        File.WriteAllBytes(folder["image"], bytes);
        return Of(folder["image"], header, claimed);
    }

    private static Content Of(string path, bool header = true, bool claimed = false)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        return Content.Of(path, file, new FileInfo(path).Length, header, claimed);
    }
}
