using System.Globalization;
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

    [Fact]
    public void A_description_may_hold_semicolons_and_a_group_may_be_none()
    {
        Assert.Equal(
            new KeyDescription("user", 1000, uint.MaxValue, KeyPermissions.PossessorAll | KeyPermissions.UserView, "a;b;;c"),
            KeyDescription.TryParse("user;1000;-1;3f010000;a;b;;c"));
        Assert.Equal("", KeyDescription.TryParse("keyring;0;0;3f3f3f3f;")?.Description);
    }

    [Theory]
    [InlineData("")]
    [InlineData("user;0;0;3f010000")]
    [InlineData("user;x;0;3f010000;d")]
    [InlineData("user;0;0;3g010000;d")]
    public void What_is_no_description_is_none(string text) => Assert.Null(KeyDescription.TryParse(text));

    [Fact]
    public void All_permissions_are_their_parts()
    {
        foreach (var who in (string[])["Possessor", "User", "Group", "Other"])
        {
            var parts = Enum.GetValues<KeyPermissions>().Where(value => value.ToString().StartsWith(who, StringComparison.Ordinal) && !value.ToString().EndsWith("All", StringComparison.Ordinal));
            Assert.Equal(Enum.Parse<KeyPermissions>(who + "All"), parts.Aggregate(KeyPermissions.None, (all, one) => all | one));
        }
        Assert.Equal(0x3F010000.ToString(CultureInfo.InvariantCulture), ((uint)(KeyPermissions.PossessorAll | KeyPermissions.UserView)).ToString(CultureInfo.InvariantCulture));
    }
}
