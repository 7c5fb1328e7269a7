using System.Globalization;
using System.Text;
using CsCheck;
using Sealdisk.Linux;
using static Sealdisk.Tests.Support.KeyringThread;

namespace Sealdisk.Tests.Linux;

/// <summary>The kernel's own keyrings, with keyctl(1) as the judge: it sees what we made, and we what it made.</summary>
[Trait("needs", "native")]
public sealed class KeyringTests
{
    private static readonly KeyDescription Name = KeyDescription.Parse("sealdisk:test");

    [Fact]
    public void Keyctl_sees_what_we_made() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "payload"u8, KeySerial.SessionKeyring);
        Assert.Equal("payload", Keyctl("print", key.ToString()));
        Assert.Equal("user;0;0;3f010000;sealdisk:test", Keyctl("rdescribe", key.ToString()));
        Assert.Equal(key.ToString(), Keyctl("search", "@s", "user", Name.Text));
        Assert.Contains($"{key} --alswrv", Keyctl("show", "@s"));
        Assert.Equal(new KeyStatus("user", 0, 0, KeyPermissions.PossessorAll | KeyPermissions.UserView, Name), Keyring.Describe(key));
    });

    [Fact]
    public void We_see_what_keyctl_made() => InNewSession(() =>
    {
        var ring = KeyctlSerial("newring", "sealdisk:ring", "@s");
        var key = KeyctlSerial("add", "user", Name.Text, "payload", ring.ToString());
        Assert.Equal(key, Keyring.Search(KeySerial.SessionKeyring, "user", Name));
        Assert.Equal(key, Keyring.Search(ring, "user", Name));
        Assert.Equal(key, Keyring.Request("user", Name));
        Assert.Equal([key], Keyring.Members(ring));
        Assert.Equal([ring], Keyring.Members(KeySerial.SessionKeyring));
        Assert.Equal("payload"u8, Payload(key));
        Assert.Equal("keyring", Keyring.Describe(ring).Type);

        Keyctl("unlink", key.ToString(), ring.ToString());
        Assert.Null(Keyring.Search(KeySerial.SessionKeyring, "user", Name));
        Assert.Null(Keyring.Request("user", Name));
        Assert.Empty(Keyring.Members(ring));
    });

    [Fact]
    public void A_key_lives_as_long_as_it_is_linked() => InNewSession(() =>
    {
        var ring = Keyring.CreateKeyring(Named("sealdisk:ring"), KeySerial.SessionKeyring);
        var key = Keyring.Add("user", Name, "payload"u8, KeySerial.SessionKeyring);
        Keyring.Link(key, ring);
        Assert.Equal(key.ToString(), Keyctl("rlist", ring.ToString()));
        Keyring.Unlink(key, KeySerial.SessionKeyring);
        Assert.Equal("payload"u8, Payload(key));
        Assert.Equal(Errno.ENOENT, Refusal(() => Keyring.Unlink(key, KeySerial.SessionKeyring)));
        Keyring.Clear(ring);
        Assert.Equal("keyring is empty", Keyctl("list", ring.ToString()));
        AssertGoes(key);
    });

    [Fact]
    public void The_same_name_again_is_an_update_of_a_key_and_another_keyring() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "old"u8, KeySerial.SessionKeyring);
        Assert.Equal(key, Keyring.Add("user", Name, "new"u8, KeySerial.SessionKeyring));
        Assert.Equal("new"u8, Payload(key));
        var ring = Keyring.CreateKeyring(Named("sealdisk:ring"), KeySerial.SessionKeyring);
        Assert.NotEqual(ring, Keyring.CreateKeyring(Named("sealdisk:ring"), KeySerial.SessionKeyring));
        Assert.Equal(2, Keyring.Members(KeySerial.SessionKeyring).Count);
    });

    [Fact]
    public void Long_lists_and_long_names_come_whole() => InNewSession(() =>
    {
        var ring = Keyring.CreateKeyring(Named("sealdisk:ring"), KeySerial.SessionKeyring);
        var keys = Enumerable.Range(0, 100).Select(i => Keyring.Add("user", Named($"{Name}-{i}"), "x"u8, ring)).ToHashSet();
        Assert.Equal(100, keys.Count);
        Assert.True(keys.SetEquals(Keyring.Members(ring)));
        var listed = Keyctl("rlist", ring.ToString()).Split(' ');
        Assert.True(keys.SetEquals(listed.Select(word => new KeySerial(int.Parse(word, CultureInfo.InvariantCulture)))));

        var name = Named("é;" + new string('n', 3000));
        var key = Keyring.Add("user", name, "x"u8, ring);
        Assert.Equal(name, Keyring.Describe(key).Description);
        Assert.Equal(key, Keyring.Search(ring, "user", name));
    });

    [Fact]
    public void A_buffer_too_small_learns_the_size_and_nothing_else() => InNewSession(() =>
    {
        var payload = Enumerable.Range(0, 300).Select(i => (byte)(i + 1)).ToArray();
        var key = Keyring.Add("user", Name, payload, KeySerial.SessionKeyring);
        var small = new byte[299];
        Assert.Equal(300, Keyring.Read(key, small));
        Assert.Equal(300, Keyring.Read(key, []));
        var large = new byte[400];
        Assert.Equal(300, Keyring.Read(key, large));
        Assert.Equal(payload, large[..300]);
        Assert.False(large.AsSpan(300).ContainsAnyExcept((byte)0));
    });

    [Fact]
    public void Any_payload_comes_back_as_it_was() => InNewSession(() =>
        Gen.Byte.Array[1, 2000].Sample(
            payload => Payload(Keyring.Add("user", Name, payload, KeySerial.SessionKeyring)).SequenceEqual(payload),
            iter: 100,
            threads: 1));

    /// <summary>The letters of keyctl(1) for each permission alone; possessor, user, group, other.</summary>
    [Fact]
    public void Permissions_are_those_that_keyctl_names() => InNewSession(() =>
    {
        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        string[] who = ["Possessor", "User", "Group", "Other"], what = ["SetAttributes", "Link", "Search", "Write", "Read", "View"];
        for (var i = 0; i < 24; i++)
        {
            // Only who may search for a key possesses it.
            var permissions = Enum.Parse<KeyPermissions>(who[i / 6] + what[i % 6])
                | KeyPermissions.PossessorSetAttributes | KeyPermissions.PossessorSearch | KeyPermissions.PossessorView;
            Keyring.SetPermissions(key, permissions);
            Assert.Equal(permissions, Keyring.Describe(key).Permissions);
            var letters = Keyctl("describe", key.ToString()).Split(':')[1].Trim()[..24];
            var expected = Enumerable.Range(0, 24).Select(bit => bit == i || bit is 0 or 2 or 5 ? "alswrv"[bit % 6] : '-');
            Assert.Equal(new string([.. expected]), letters);
        }
        Keyctl("setperm", key.ToString(), "0x3f3f0b01");
        Assert.Equal(
            KeyPermissions.PossessorAll | KeyPermissions.UserAll
                | KeyPermissions.GroupView | KeyPermissions.GroupRead | KeyPermissions.GroupSearch
                | KeyPermissions.OtherView,
            Keyring.Describe(key).Permissions);
    });

    [Fact]
    public void A_logon_key_is_never_read() => InNewSession(() =>
    {
        var key = Keyring.Add("logon", Name, "0123456789abcdef"u8, KeySerial.SessionKeyring);
        Assert.Equal(key, Keyring.Request("logon", Name));
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(() => Keyring.Read(key, new byte[16])));
        Assert.Equal(Errno.EINVAL, Refusal(() => Keyring.Add("logon", Named("without-a-prefix"), "x"u8, KeySerial.SessionKeyring)));
    });

    [Fact]
    public void An_encrypted_key_moves_between_keyctl_and_us() => InNewSession(() =>
    {
        Assert.SkipUnless(KeyTypes.IsRegistered("encrypted"), "this kernel has no encrypted keys");
        Keyring.Add("user", Named("sealdisk:master"), "0123456789abcdef0123456789abcdef"u8, KeySerial.SessionKeyring);

        var ours = Keyring.Add("encrypted", Named("sealdisk:ours"), "new user:sealdisk:master 32"u8, KeySerial.SessionKeyring);
        var blob = Payload(ours);
        Assert.StartsWith("default user:sealdisk:master 32 ", Encoding.ASCII.GetString(blob), StringComparison.Ordinal);
        Assert.Equal(Encoding.ASCII.GetString(blob), Keyctl("pipe", ours.ToString()));
        Keyring.Unlink(ours, KeySerial.SessionKeyring);
        var loaded = KeyctlSerial("add", "encrypted", "sealdisk:ours", "load " + Encoding.ASCII.GetString(blob), "@s");
        Assert.Equal(blob, Payload(loaded));

        var theirs = KeyctlSerial("add", "encrypted", "sealdisk:theirs", "new user:sealdisk:master 64", "@s");
        blob = Encoding.ASCII.GetBytes(Keyctl("pipe", theirs.ToString()));
        Assert.Equal(blob, Payload(theirs));
        Keyctl("unlink", theirs.ToString(), "@s");
        loaded = Keyring.Add("encrypted", Named("sealdisk:theirs"), [.. "load "u8, .. blob], KeySerial.SessionKeyring);
        Assert.Equal(blob, Payload(loaded));

        blob[^1] ^= 1; // one hex digit of the MAC
        Keyring.Unlink(loaded, KeySerial.SessionKeyring);
        Assert.Equal(Errno.EINVAL, Refusal(Load));
        blob[^1] ^= 1;
        Keyring.Unlink(Keyring.Search(KeySerial.SessionKeyring, "user", Named("sealdisk:master"))!.Value, KeySerial.SessionKeyring);
        Assert.Equal(Errno.ENOKEY, Refusal(Load));

        void Load() => Keyring.Add("encrypted", Named("sealdisk:theirs"), [.. "load "u8, .. blob], KeySerial.SessionKeyring);
    });

    [Fact]
    public void Key_types_are_asked_for_without_leaving_a_trace() => InNewSession(() =>
    {
        var types = File.ReadLines("/proc/crypto").Any() && File.Exists("/proc/keys"); // this kernel shows its keys
        Assert.True(types);
        Assert.True(KeyTypes.IsRegistered("user"));
        Assert.True(KeyTypes.IsRegistered("logon"));
        Assert.True(KeyTypes.IsRegistered("keyring"));
        Assert.False(KeyTypes.IsRegistered("sealdisk-no-such-type"));
        Assert.Empty(Keyring.Members(Keyring.Resolve(KeySerial.ProcessKeyring, create: true)!.Value));
    });

    private static byte[] Payload(KeySerial key)
    {
        var buffer = new byte[Keyring.Read(key, [])];
        Assert.Equal(buffer.Length, Keyring.Read(key, buffer));
        return buffer;
    }
}
