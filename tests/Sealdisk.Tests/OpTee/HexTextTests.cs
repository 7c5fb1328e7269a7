using System.Text;
using CsCheck;
using Sealdisk.OpTee;

namespace Sealdisk.Tests.OpTee;

public sealed class HexTextTests
{
    [Fact]
    public void Blob_text_goes_both_ways_in_either_case() => Gen.Byte.Array[1, BlobText.MaxBytes].Sample(blob =>
    {
        var text = BlobText.Write(blob);
        Assert.Equal(Convert.ToHexStringLower(blob), text);
        Assert.Equal(blob, BlobText.Parse(Encoding.ASCII.GetBytes(text)));
        Assert.Equal(blob, BlobText.Parse(Encoding.ASCII.GetBytes(text.ToUpperInvariant() + "\n")));
    }, iter: 200);

    [Theory]
    [InlineData("", 0, "it is empty")]
    [InlineData("\n", 0, "it is empty")]
    [InlineData("0", 0, "an odd number of hex digits (1): the digit at byte 0 stands alone")]
    [InlineData("00112\n", 4, "an odd number of hex digits (5): the digit at byte 4 stands alone")]
    [InlineData("00g1", 2, "not hex: byte 2 is 'g'")]
    [InlineData("0x00", 1, "not hex: byte 1 is 'x'")]
    [InlineData("00:1", 2, "not hex: byte 2 is ':'")]
    [InlineData("00/1", 2, "not hex: byte 2 is '/'")]
    [InlineData("00@1", 2, "not hex: byte 2 is '@'")]
    [InlineData("00G1", 2, "not hex: byte 2 is 'G'")]
    [InlineData("00`1", 2, "not hex: byte 2 is '`'")]
    [InlineData(" 00", 0, "not hex: byte 0 is a space")]
    [InlineData("\n00", 0, "not hex: byte 0 is a line feed")]
    [InlineData("00\u0001", 2, "not hex: byte 2 is 0x01")]
    [InlineData("00\u00e9", 2, "not hex: byte 2 is 0xc3")]
    [InlineData("0011\n\n", 4, "trailing text: byte 4 is a line feed, after 4 hex digits")]
    [InlineData("0011\r\n", 4, "trailing text: byte 4 is a carriage return, after 4 hex digits")]
    [InlineData("0011 keyhandle=0x81000001", 4, "trailing text: byte 4 is a space, after 4 hex digits")]
    [InlineData("0011\t", 4, "trailing text: byte 4 is a tab, after 4 hex digits")]
    public void Anything_else_is_refused_with_the_place(string text, int position, string cause)
    {
        var error = Assert.Throws<BlobTextException>(() => BlobText.Parse(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(position, error.Position);
        Assert.Equal(cause, error.Message);
    }

    [Fact]
    public void A_file_may_be_as_long_as_the_longest_blob_and_no_longer()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllText(path, new string('a', 2304) + "\n");
            Assert.Equal(1152, BlobText.Read(path).Length);
            foreach (var text in (string[])[new string('a', 2305), new string('a', 2304) + "\n\n", new string('a', 100_000)])
            {
                File.WriteAllText(path, text);
                Assert.Equal(
                    "it is longer than any sealed key (2304 hex digits)",
                    Assert.Throws<BlobTextException>(() => BlobText.Read(path)).Message);
            }
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Throws<FileNotFoundException>(() => BlobText.Read(path));
        Assert.Throws<BlobTextException>(() => BlobText.Read("/dev/zero"));
    }

    [Fact]
    public void HUK_text_goes_both_ways_in_either_case() => Gen.Byte.Array[16, 32].Sample(huk =>
    {
        var text = new byte[(2 * huk.Length) + 1];
        HukText.Write(huk, text);
        Assert.Equal(Convert.ToHexStringLower(huk) + "\n", Encoding.ASCII.GetString(text));

        var read = new byte[32];
        Assert.Equal(huk.Length, HukText.Parse(text, read));
        Assert.Equal(huk, read[..huk.Length]);
        Assert.Equal(huk.Length, HukText.Parse(Encoding.ASCII.GetBytes(Convert.ToHexString(huk)), read));
        Assert.Equal(huk, read[..huk.Length]);
    }, iter: 200);

    [Fact]
    public void HUK_text_of_any_other_length_is_refused()
    {
        for (var digits = 0; digits <= 80; digits++)
        {
            var text = Encoding.ASCII.GetBytes(new string('7', digits));
            var huk = new byte[32];
            if (digits is >= 32 and <= 64 && digits % 2 == 0)
                Assert.Equal(digits / 2, HukText.Parse(text, huk));
            else
                Assert.Throws<HukTextException>(() => HukText.Parse(text, huk));
        }

        Assert.Throws<ArgumentException>(() => HukText.Parse(new byte[32], new byte[16]));
        Assert.Throws<ArgumentException>(() => HukText.Write(new byte[15], new byte[31]));
        Assert.Throws<ArgumentException>(() => HukText.Write(new byte[33], new byte[67]));
        Assert.Throws<ArgumentException>(() => HukText.Write(new byte[16], new byte[32]));
    }

    [Theory]
    [InlineData("d1c4e9f7d1c4e9f7d1c4e9f7d1c4e9fx", "byte 31 is not a hex digit")]
    [InlineData("d1c4e9f7d1c4e9f7d1c4e9f7d1c4e9f7\n\n", "byte 32 is not a hex digit")]
    [InlineData("d1c4e9f7d1c4e9f7d1c4e9f7d1c4e9f", "it has an odd number of hex digits (31)")]
    [InlineData("d1c4e9f7", "it has 8 hex digits; a hardware unique key has 32 to 64")]
    [InlineData("", "it is empty")]
    public void A_HUK_error_says_where_and_shows_no_digit(string text, string cause)
    {
        var huk = new byte[40];
        Array.Fill(huk, (byte)0xa5);
        var error = Assert.Throws<HukTextException>(() => HukText.Parse(Encoding.ASCII.GetBytes(text), huk));
        Assert.Equal(cause, error.Message);
        Assert.Equal(new byte[40], huk);
    }
}
