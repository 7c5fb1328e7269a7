using System.Text;
using CsCheck;
using Sealdisk.DataPath;

namespace Sealdisk.Tests.DataPath;

public sealed class ServeRequestTests
{
    private static readonly ServeRequest Sample = new(
        "/dev/x", 1048576, 4096, "aes-xts-plain64", 64, 4096, true, 18446744073709551608, "00ab", "/etc/huk", "/run/v", "/dev/x", true, "/run/log");

    [Fact]
    public void Any_request_comes_back_from_its_line() =>
        Gen.Select(Gen.String, Gen.Long[0, long.MaxValue], Gen.ULong, Gen.Bool).Sample((text, number, big, flag) =>
        {
            var request = Sample with { Device = text, FsName = "\\" + text + "\t\n", Offset = number, IvOffset = big, Discard = flag };
            var line = request.ToLine();
            Assert.DoesNotContain('\n', line);
            // A string of half a surrogate pair cannot be a path and does not survive UTF-8.
            if (Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text)
                Assert.Equal(request, ServeRequest.Parse(Encoding.UTF8.GetBytes(line)));
        });

    [Theory]
    [InlineData("", "no device")]
    [InlineData("{}", "no device")]
    [InlineData("device=/dev/x\toffset=-1", "offset is no number")]
    [InlineData("device=/dev/x\tlength=1", "no offset")]
    public void What_is_no_request_is_refused_by_name(string line, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => ServeRequest.Parse(Encoding.UTF8.GetBytes(line))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_request_that_goes_on_is_refused() =>
        Assert.Throws<FormatException>(() => ServeRequest.Parse(Encoding.UTF8.GetBytes(Sample.ToLine() + "\tmore=1")));

    [Fact]
    public void A_flag_is_0_or_1() =>
        Assert.Throws<FormatException>(() => ServeRequest.Parse(Encoding.UTF8.GetBytes(Sample.ToLine().Replace("discard=1", "discard=yes", StringComparison.Ordinal))));
}
