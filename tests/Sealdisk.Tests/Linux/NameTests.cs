using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

/// <summary>Which names the kernel takes for devices of the device-mapper and for keys.</summary>
public sealed class NameTests
{
    [Theory]
    [InlineData("data", true)]
    [InlineData("A-z.0_9:=@#+", true)]
    [InlineData("...", true)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("control", false)]
    [InlineData("a b", false)]
    [InlineData("a\\x20b", false)]
    [InlineData("größe", false)]
    public void A_dm_name_is_plain_if_every_tool_writes_it_alike(string text, bool plain)
    {
        Assert.True(DmName.TryParse(text, out var name));
        Assert.Equal((text, text, plain), (name.Text, name.ToString(), name.IsPlain));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\0")]
    public void Any_other_dm_name_is_refused(string? text)
    {
        Assert.False(DmName.TryParse(text, out var name));
        Assert.Equal((default, "", false), (name, name.Text, name.IsPlain));
    }

    [Fact]
    public void A_dm_name_has_up_to_127_bytes()
    {
        Assert.True(DmName.Parse(new string('n', 127)).IsPlain);
        Assert.Throws<FormatException>(() => DmName.Parse(new string('n', 128)));
        Assert.True(DmName.TryParse(new string('ß', 63), out _));
        Assert.False(DmName.TryParse(new string('ß', 64), out _));
    }

    [Theory]
    [InlineData("sealdisk:data")]
    [InlineData("a b;c")]
    [InlineData("größe")]
    public void A_key_description_is_any_text(string text) => Assert.Equal(text, KeyDescription.Parse(text).Text);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sealdisk:\0test")]
    public void Any_other_key_description_is_refused(string? text)
    {
        Assert.False(KeyDescription.TryParse(text, out var description));
        Assert.Equal((default, ""), (description, description.Text));
    }

    [Fact]
    public void A_key_description_has_up_to_4095_bytes()
    {
        Assert.True(KeyDescription.TryParse(new string('n', 4095), out _));
        Assert.Throws<FormatException>(() => KeyDescription.Parse(new string('n', 4096)));
    }
}
