using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Tests.Mapping;

/// <summary>The words of a dm-crypt table, as the kernel takes and prints them.</summary>
public sealed class CryptTableTests
{
    private static readonly MappingRequest Request = new()
    {
        Name = "data",
        Device = "/dev/vda",
        Format = new SectorFormat
        {
            Cipher = CipherSpec.Parse("aes-cbc-plain"),
            KeySize = 32,
            Layout = new SectorLayout(512, false, 0),
            Offset = Sectors.Zero,
            Length = new Sectors(65536),
        },
        SealedKey = null,
        Huk = null,
    };

    [Fact]
    public void A_table_without_options_has_five_words() => Assert.Equal(
        "aes-cbc-plain :32:trusted:kmk 0 7:0 0",
        CryptTable.Of(Request, "trusted", KeyDescription.Parse("kmk"), new DeviceNumber(7, 0)).ToString());

    [Fact]
    public void Options_are_written_in_the_order_in_which_the_kernel_prints_them()
    {
        var request = Request with
        {
            Format = Request.Format with
            {
                Cipher = CipherSpec.Parse("aes-xts-plain64"),
                KeySize = 64,
                Layout = new SectorLayout(4096, true, 8),
                Offset = new Sectors(2048),
            },
            Discard = true,
            Options = new CryptOptions(true, true, true, true),
        };
        const string expected = "aes-xts-plain64 :64:logon:sealdisk:data 8 179:4 2048 7 allow_discards same_cpu_crypt "
            + "submit_from_crypt_cpus no_read_workqueue no_write_workqueue sector_size:4096 iv_large_sectors";
        Assert.Equal(expected, CryptTable.Of(request, "logon", KeyDescription.Parse("sealdisk:data"), new DeviceNumber(179, 4)).ToString());

        var read = CryptTable.Parse(expected);
        Assert.NotNull(read);
        Assert.Equal(expected, read.ToString());
        Assert.Equal(64, read.KeySize);
        Assert.Equal(4096, read.SectorSize);
        Assert.Equal(new DeviceNumber(179, 4), read.Device);
    }

    [Theory]
    [InlineData("")]
    [InlineData("aes-cbc-plain :32:trusted:kmk 0 7:0")]
    [InlineData("aes-cbc-plain :32:trusted:kmk 0 /dev/loop0 0")]
    [InlineData("aes-cbc-plain :32:trusted:kmk x 7:0 0")]
    [InlineData("aes-cbc-plain :32:trusted:kmk 0 7:0:1 0")]
    [InlineData("aes-cbc-plain :32:trusted:kmk 0 7:0 -1")]
    public void Text_that_is_not_a_crypt_table_is_not_parsed(string parameters) => Assert.Null(CryptTable.Parse(parameters));

    [Fact]
    public void A_key_in_the_table_itself_has_no_key_size() =>
        Assert.Null(CryptTable.Parse("aes-cbc-plain 00000000000000000000000000000000 0 7:0 0")!.KeySize);
}
