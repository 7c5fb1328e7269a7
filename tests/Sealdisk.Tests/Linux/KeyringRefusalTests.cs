using Sealdisk.Linux;
using static Sealdisk.Tests.Support.KeyringThread;

namespace Sealdisk.Tests.Linux;

/// <summary>Every refusal that a kernel without a trust source can give, and how it reads.</summary>
[Trait("needs", "native")]
public sealed class KeyringRefusalTests
{
    private static readonly KeyDescription Name = KeyDescription.Parse("sealdisk:test");
    private static readonly KeySerial Nowhere = new(int.MaxValue);

    [Fact]
    public void It_says_the_act_and_the_name_and_never_the_payload() => InNewSession(() =>
    {
        var refused = Assert.Throws<LinuxException>(
            () => Keyring.Add("sealdisk-no-such-type", Name, "a secret"u8, KeySerial.SessionKeyring));
        Assert.Equal("cannot add sealdisk-no-such-type key sealdisk:test: No such device (ENODEV)", refused.Message);
        Assert.DoesNotContain("a secret", refused.ToString());
        Assert.Equal(
            "cannot read key 2147483647: Required key not available (ENOKEY)",
            Assert.Throws<LinuxException>(() => Keyring.Read(Nowhere, [])).Message);
        Assert.Equal(
            "cannot unlink from @s key 2147483647: Required key not available (ENOKEY)",
            Assert.Throws<LinuxException>(() => Keyring.Unlink(Nowhere, KeySerial.SessionKeyring)).Message);
    });

    [Fact]
    public void Bad_requests() => InNewSession(() =>
    {
        Assert.Equal(Errno.EINVAL, Refusal(() => Keyring.Add("user", Name, [], KeySerial.SessionKeyring)));
        Assert.Equal(Errno.EINVAL, Refusal(() => Keyring.Add("user", Name, new byte[32768], KeySerial.SessionKeyring)));
        Assert.Equal(Errno.EINVAL, Refusal(() => Keyring.Add("user", default, "x"u8, KeySerial.SessionKeyring)));
        var tooLong = KeyDescription.Reported(new string('n', 4096));
        Assert.Equal(Errno.EINVAL, Refusal(() => Keyring.Add("user", tooLong, "x"u8, KeySerial.SessionKeyring)));
        Assert.Equal(Errno.EPERM, Refusal(() => Keyring.Add(".user", Name, "x"u8, KeySerial.SessionKeyring)));
        Assert.Equal(Errno.EPERM, Refusal(() => Keyring.CreateKeyring(Named(".sealdisk"), KeySerial.SessionKeyring)));
        Assert.Equal(Errno.EPERM, Refusal(() => Keyring.JoinSession(Named(".sealdisk"))));
        Assert.Equal(Errno.ENOKEY, Refusal(() => Keyring.Add("user", Name, "x"u8, Nowhere)));
        Assert.Equal(Errno.EINVAL, Refusal(() => Keyring.Add("user", Name, "x"u8, new KeySerial(-99))));
        Assert.Equal(Errno.ENOKEY, Refusal(() => Keyring.Describe(Nowhere)));
        Assert.Throws<ArgumentException>(() => Keyring.Add("us\0er", Name, "x"u8, KeySerial.SessionKeyring));
        Assert.Throws<ArgumentException>(() => Keyring.Request("us\0er", Name));
        Assert.Null(Keyring.Search(KeySerial.SessionKeyring, "sealdisk-no-such-type", Name));
        Assert.Null(Keyring.Search(Nowhere, "user", Name));
        Assert.Null(Keyring.Request("sealdisk-no-such-type", Name));
    });

    [Fact]
    public void A_key_is_no_keyring() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Assert.Equal(Errno.ENOTDIR, Refusal(() => Keyring.Members(key)));
        Assert.Equal(Errno.ENOTDIR, Refusal(() => Keyring.Clear(key)));
        Assert.Equal(Errno.ENOTDIR, Refusal(() => Keyring.Link(key, key)));
        Assert.Equal(Errno.ENOTDIR, Refusal(() => Keyring.Search(key, "user", Name)));
        Assert.Equal(Errno.ENOTDIR, Refusal(() => Keyring.Add("user", Named("sealdisk:other"), "x"u8, key)));
    });

    [Fact]
    public void A_keyring_cannot_hold_itself() => InNewSession(() =>
    {
        var outer = Keyring.CreateKeyring(Named("sealdisk:outer"), KeySerial.SessionKeyring);
        var inner = Keyring.CreateKeyring(Named("sealdisk:inner"), outer);
        Assert.Equal(Errno.EDEADLK, Refusal(() => Keyring.Link(outer, inner)));
    });

    [Fact]
    public void A_revoked_key_says_so_until_it_is_collected() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Keyring.Revoke(key);
        Assert.Equal(Errno.EKEYREVOKED, Refusal(() => Keyring.Read(key, [])));
        AssertRequestRefused(Errno.EKEYREVOKED);
        Assert.Equal(Errno.EKEYREVOKED, Refusal(() => Keyring.Search(KeySerial.SessionKeyring, "user", Name)));
        Assert.NotEqual(key, Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring));
    });

    [Fact]
    public void An_invalidated_key_is_no_more() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Keyring.Invalidate(key);
        Assert.True(Refusal(() => Keyring.Read(key, [])) is Errno.ENOKEY or Errno.EACCES); // EACCES: its link has gone, and it has not yet
        AssertGoes(key);
        Assert.True(SpinWait.SpinUntil(() => IsOutOfSight(Name), Patience.Limit), "its link stays");
        Assert.NotEqual(key, Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring));
    });

    [Fact]
    public void A_key_expires_and_an_expiry_can_be_taken_back() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        var kept = Keyring.Add("user", Named("sealdisk:kept"), "x"u8, KeySerial.SessionKeyring);
        Keyring.SetTimeout(kept, 1);
        Keyring.SetTimeout(kept, 0);
        Keyring.SetTimeout(key, 1);
        Assert.True(SpinWait.SpinUntil(() => IsExpired(key), Patience.Limit), "it does not expire");
        Assert.Equal(Errno.EKEYEXPIRED, Refusal(() => Keyring.Search(KeySerial.SessionKeyring, "user", Name)));
        Assert.Equal(1, Keyring.Read(kept, []));
    });

    [Fact]
    public void What_is_not_permitted_is_refused_to_root_as_well() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Keyring.SetPermissions(key, KeyPermissions.PossessorSearch | KeyPermissions.PossessorSetAttributes);
        Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Describe(key)));
        Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Link(key, KeySerial.SessionKeyring)));
        Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Add("user", Name, "y"u8, KeySerial.SessionKeyring)));
        Keyring.SetPermissions(key, KeyPermissions.UserView);
        Assert.Equal(KeyPermissions.UserView, Keyring.Describe(key).Permissions);
        AssertRequestRefused(Errno.EACCES);
        Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Search(KeySerial.SessionKeyring, "user", Name)));
        Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Read(key, [])));
        Assert.Equal(Errno.EACCES, Refusal(() => Keyring.SetPermissions(key, KeyPermissions.PossessorAll)));
    });

    [Fact]
    public void Another_user_cannot_touch_a_key() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Run(() =>
        {
            BecomeNobody();
            Assert.Equal(1, Keyring.Read(key, [])); // who has the session possesses what is in it
            Keyring.JoinSession(null);
            Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Describe(key)));
            Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Read(key, [])));
            Assert.Equal(Errno.EACCES, Refusal(() => Keyring.SetPermissions(key, KeyPermissions.OtherAll)));
            Assert.Equal(Errno.EACCES, Refusal(() => Keyring.Link(key, KeySerial.SessionKeyring)));
        });
    });

    [Fact]
    public void A_user_has_a_quota() => Run(() =>
    {
        var most = int.Parse(File.ReadAllText("/proc/sys/kernel/keys/maxbytes"));
        Assert.SkipUnless(most < 30000, "one key does not fill the quota of keys here");
        BecomeNobody();
        Keyring.JoinSession(null);
        Assert.Equal(Errno.EDQUOT, Refusal(() => Keyring.Add("user", Name, new byte[30000], KeySerial.SessionKeyring)));
        Assert.NotEqual(default, Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring));
    });

    /// <summary>Until its link has been collected, a search may come by an invalidated key.</summary>
    private static bool IsOutOfSight(KeyDescription name)
    {
        try
        {
            return Keyring.Request("user", name) is null;
        }
        catch (LinuxException refused)
        {
            Assert.Equal(Errno.EKEYREVOKED, refused.Errno);
            return false;
        }
    }

    private static bool IsExpired(KeySerial key)
    {
        try
        {
            Keyring.Read(key, []);
            return false;
        }
        catch (LinuxException refused)
        {
            Assert.Equal(Errno.EKEYEXPIRED, refused.Errno);
            return true;
        }
    }

    /// <summary>
    /// The kernel says why it refuses a key only if @s is the only keyring that it searches: if it searches another one in vain, it
    /// answers that there is no key. A test before this one may have left @t or @p to the thread that starts this one, which then gets
    /// its own or shares it.
    /// </summary>
    private static void AssertRequestRefused(Errno expected)
    {
        var others = Keyring.Resolve(KeySerial.ThreadKeyring, create: false) ?? Keyring.Resolve(KeySerial.ProcessKeyring, create: false);
        if (others is null)
            Assert.Equal(expected, Refusal(() => Keyring.Request("user", Name)));
        Keyring.Resolve(KeySerial.ThreadKeyring, create: true);
        Assert.Null(Keyring.Request("user", Name));
    }
}
