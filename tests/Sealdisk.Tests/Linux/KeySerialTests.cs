using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class KeySerialTests
{
    [Theory]
    [InlineData("@t", -1)]
    [InlineData("@p", -2)]
    [InlineData("@s", -3)]
    [InlineData("@u", -4)]
    [InlineData("@us", -5)]
    [InlineData("1", 1)]
    [InlineData("2147483647", int.MaxValue)]
    public void It_reads_and_writes_the_words_of_keyctl(string text, int value)
    {
        Assert.True(KeySerial.TryParse(text, out var serial));
        Assert.Equal(new KeySerial(value), serial);
        Assert.Equal(text, serial.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("@x")]
    [InlineData("@S")]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("+3")]
    [InlineData(" 3")]
    [InlineData("3 ")]
    [InlineData("0x3")]
    [InlineData("2147483648")]
    [InlineData("trusted:data")]
    public void It_takes_nothing_else(string? text)
    {
        Assert.False(KeySerial.TryParse(text, out var serial));
        Assert.Equal(default, serial);
    }
}
