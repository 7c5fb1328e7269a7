using System.Text;
using CsCheck;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

public sealed class ServeRequestTests
{
    private static readonly ServeRequest Sample = new()
    {
        Device = "/dev/x",
        Offset = new ByteCount(1048576),
        Length = new ByteCount(4096),
        Cipher = "aes-xts-plain64",
        KeySize = 64,
        SectorSize = 4096,
        IvLargeSectors = true,
        IvOffset = new Sectors(18446744073709551608),
        SealedKey = "00ab",
        HukFile = "/etc/huk",
        MountFile = "/run/v",
        FsName = "/dev/x",
        Discard = true,
        LogFile = "/run/log",
    };

    [Fact]
    public void A_line_holds_every_field_by_name_in_a_fixed_order() => Assert.Equal(
        "device=/dev/x\toffset=1048576\tlength=4096\tcipher=aes-xts-plain64\tkey-size=64\tsector-size=4096\tiv-large-sectors=1\t"
        + "iv-offset=18446744073709551608\tsealed-key=00ab\thuk-file=/etc/huk\tmount-file=/run/v\tfs-name=/dev/x\tdiscard=1\t"
        + "log-file=/run/log\troot-key=",
        Sample.ToLine());

    [Fact]
    public void Any_request_comes_back_from_its_line() =>
        Gen.Select(Gen.String, Gen.Long[0, long.MaxValue], Gen.ULong, Gen.Bool).Sample((text, number, big, flag) =>
        {
            var request = Sample with
            {
                Device = text,
                FsName = "\\" + text + "\t\n",
                Offset = new ByteCount(number),
                IvOffset = new Sectors(big),
                Discard = flag,
            };
            var line = request.ToLine();
            Assert.DoesNotContain('\n', line);
            // A string of half a surrogate pair cannot be a path and does not survive UTF-8.
            if (Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text)
                Assert.Equal(request, ServeRequest.Parse(Encoding.UTF8.GetBytes(line)));
        });

    [Theory]
    [InlineData("", "device is not in its place")]
    [InlineData("{}", "device is not in its place")]
    [InlineData("device=/dev/x\toffset=-1", "offset is not a number")]
    [InlineData("device=/dev/x\tlength=1", "offset is not in its place")]
    public void Any_other_line_is_refused_and_names_the_field(string line, string words) =>
        Assert.Contains(words, Refusal(line), StringComparison.Ordinal);

    [Fact]
    public void A_line_with_a_field_too_many_is_refused() =>
        Assert.Equal("cannot read the request: it goes on after its last field", Refusal(Sample.ToLine() + "\tmore=1"));

    [Fact]
    public void A_flag_is_0_or_1() =>
        Assert.Equal(
            "cannot read the request: discard is neither 0 nor 1",
            Refusal(Sample.ToLine().Replace("discard=1", "discard=yes", StringComparison.Ordinal)));

    private static string Refusal(string line) =>
        Assert.Throws<FormatException>(() => ServeRequest.Parse(Encoding.UTF8.GetBytes(line))).Message;
}
