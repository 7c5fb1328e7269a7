using Sealdisk.Linux;
using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

public sealed class SignatureTests
{
    [Fact]
    public void Export_format_is_read()
    {
        var signature = Signature.Parse("DEVNAME=/dev/vdb\nLABEL=a\\ b=c\nUUID=3b1f1e9a-52b5-4f1e-8e2c-9d1f6c1f6a77\nVERSION=1.0\nTYPE=ext4\nUSAGE=filesystem\n");
        Assert.Equal(new Signature("ext4", "3b1f1e9a-52b5-4f1e-8e2c-9d1f6c1f6a77", "filesystem", null, false), signature);
        Assert.True(signature.IsPlainFilesystem);
    }

    [Theory]
    [InlineData("", true, false, "nothing known to blkid")]
    [InlineData("no equals sign\n\n", true, false, "nothing known to blkid")]
    [InlineData("TYPE=ext4\nUSAGE=filesystem", false, true, "a plain ext4 filesystem")]
    [InlineData("TYPE=crypto_LUKS\nUSAGE=crypto", false, false, "a LUKS volume")]
    [InlineData("TYPE=LVM2_member\nUSAGE=raid", false, false, "LVM2_member (raid)")]
    [InlineData("TYPE=swap", false, false, "swap (unknown use)")]
    [InlineData("PTTYPE=gpt\nPTUUID=1", false, false, "a gpt partition table")]
    [InlineData("TYPE=ext4\nUSAGE=filesystem\nPTTYPE=gpt", false, false, "ext4 and a gpt partition table")]
    public void What_it_means(string export, bool nothing, bool plain, string description)
    {
        var signature = Signature.Parse(export);
        Assert.Equal((nothing, plain, description), (signature.IsNothing, signature.IsPlainFilesystem, signature.Description));
    }

    [Fact]
    public void Several_signatures_are_never_a_plain_filesystem()
    {
        var both = new Signature("ext4", null, "filesystem", null, Ambivalent: true);
        Assert.False(both.IsPlainFilesystem);
        Assert.False(both.IsNothing);
        Assert.Equal("several signatures at once", both.Description);
    }

    [Fact]
    public void A_device_that_cannot_be_read_is_not_nothing()
    {
        // blkid says of both what it says of an empty disk: exit code 2, and no word.
        Assert.Equal("cannot open /nowhere/at/all: No such file or directory (ENOENT)", Assert.Throws<LinuxException>(() => Signature.Probe("/nowhere/at/all")).Message);
        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => Signature.Probe("/proc/self/mem")).Errno);
    }
}
