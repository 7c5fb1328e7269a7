using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class KeyStatusTests
{
    [Fact]
    public void A_description_may_hold_semicolons_and_a_key_may_have_no_group()
    {
        Assert.Equal(
            new KeyStatus(
                "user", 1000, uint.MaxValue, KeyPermissions.PossessorAll | KeyPermissions.UserView, KeyDescription.Parse("a;b;;c")),
            KeyStatus.TryParse("user;1000;-1;3f010000;a;b;;c"));
        Assert.Equal("", KeyStatus.TryParse("keyring;0;0;3f3f3f3f;")?.Description.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("user;0;0;3f010000")]
    [InlineData("user;x;0;3f010000;d")]
    [InlineData("user;0;0;3g010000;d")]
    public void Any_other_text_is_refused(string text) => Assert.Null(KeyStatus.TryParse(text));

    [Fact]
    public void All_permissions_are_the_sum_of_their_parts()
    {
        foreach (var who in (string[])["Possessor", "User", "Group", "Other"])
        {
            var parts = Enum.GetValues<KeyPermissions>().Where(value => value.ToString().StartsWith(who, StringComparison.Ordinal));
            var single = parts.Where(value => !value.ToString().EndsWith("All", StringComparison.Ordinal));
            Assert.Equal(Enum.Parse<KeyPermissions>(who + "All"), single.Aggregate(KeyPermissions.None, (all, one) => all | one));
        }
        Assert.Equal(0x3F010000u, (uint)(KeyPermissions.PossessorAll | KeyPermissions.UserView));
    }
}
