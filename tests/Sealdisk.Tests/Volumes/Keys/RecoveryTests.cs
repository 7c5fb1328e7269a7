using System.Text;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Volumes.Keys;

public sealed class RecoveryTests
{
    // The example of docs/recovery.md, made by a program that shares nothing with this one.
    private const string SecretText = "SDKEY-000G-40R4-0M30-E209-185G-R38E-1W87-9311";
    private const string PublicText = "SDPUB-JD33-49SD-HF8H-E5CY-944Z-71F5-KGKP-YV2A-HKP2-35KA-HM9Z-7SM7-PGG6-7PFG";
    private const string Wrapped =
        "0179671bff6d6f8972358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd16625486ffe059336512538daa25ed3857f99497060b"
        + "39d3d0639d1f12c2aedebed6267d7c6924b3a37870b2ff5a9ac184cf38bc8a2374cc8dd256c5c8aa072485c6ab4677e4d0a094aee1f75dd29b0eb599"
        + "87";

    [Fact]
    public void The_documented_example_is_reproduced()
    {
        using var secret = Counting(0, 17);
        using var ephemeral = Counting(0x20, 32);
        using var key = Counting(0, 64);
        var publicKey = RecoveryKey.PublicBytes(secret);
        Assert.Equal(PublicText, RecoveryKey.PublicText(publicKey));
        Assert.Equal(publicKey, RecoveryKey.ParsePublic(PublicText, out _));
        Assert.Equal(Wrapped, RecoveryWrap.Wrap(publicKey, ephemeral, key).ToString());
        Assert.Equal("79671bff6d6f8972", Parse(Wrapped).KeyId);
        Assert.Equal(RecoveryKey.IdOf(publicKey), Parse(Wrapped).KeyId);
        using var back = Parse(Wrapped).Unwrap(secret)!;
        Assert.True(SoftSource.SameKey(key, back));
    }

    [Theory]
    [InlineData(SecretText)]
    [InlineData("SDKEY-oooG-4OR4-0M3o-E209-i85G-R38E-lW87-93I1\n")]
    [InlineData("  SDKEY-000g40r40m30e209185gr38e1w879311\r\n")]
    [InlineData("SDKEY 000G 40R4 0M30 E209 185G R38E 1W87 9311")]
    public void A_recovery_key_is_read_however_a_person_copied_it(string text)
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, "key");
        File.WriteAllText(path, text);
        using var secret = RecoveryKey.Read(path);
        using var right = Counting(0, 17);
        Assert.True(SoftSource.SameKey(right, secret));
    }

    /// <summary>Each digit mistyped for each other one, and each two neighbours swapped.</summary>
    [Fact]
    public void Any_mistyped_digit_or_swapped_neighbours_are_noticed()
    {
        foreach (var text in (string[])[SecretText, PublicText])
        {
            var word = Encoding.ASCII.GetBytes(text[..5]);
            var bytes = new byte[text == SecretText ? 17 : 32];
            for (var at = 6; at < text.Length; at++)
            {
                if (text[at] == '-')
                    continue;
                foreach (var other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
                {
                    var changed = $"{text[..at]}{other}{text[(at + 1)..]}";
                    Assert.Equal(
                        other == text[at] ? null : "is mistyped: its check digits do not fit",
                        RecoveryCode.Read(word, Encoding.ASCII.GetBytes(changed), bytes));
                }
                if (at + 1 < text.Length && text[at + 1] != '-' && text[at + 1] != text[at])
                    Assert.NotNull(RecoveryCode.Read(
                        word,
                        Encoding.ASCII.GetBytes($"{text[..at]}{text[at + 1]}{text[at]}{text[(at + 2)..]}"),
                        bytes));
            }
        }
    }

    [Theory]
    [InlineData("", "does not begin with SDPUB")]
    [InlineData(SecretText, "does not begin with SDPUB")]
    [InlineData("SDPUB-JD33-49SD", "is too short")]
    [InlineData(PublicText + "-0000", "is too long")]
    [InlineData("SDPUB-JD33-49SD-HF8U", "has a character that is no digit of it")]
    public void Text_that_is_not_a_public_half_is_refused_with_a_reason(string text, string problem)
    {
        Assert.Null(RecoveryKey.ParsePublic(text, out var said));
        Assert.Equal(problem, said);
    }

    [Fact]
    public void A_wrap_with_any_digit_changed_does_not_open()
    {
        using var secret = Counting(0, 17);
        using var other = Counting(1, 17);
        Assert.Null(Parse(Wrapped).Unwrap(other));
        for (var at = 0; at < Wrapped.Length; at++)
            Assert.Null(Altered($"{Wrapped[..at]}{(Wrapped[at] == '0' ? '1' : '0')}{Wrapped[(at + 1)..]}")?.Unwrap(secret));
        Assert.Null(Parse(Wrapped[..^2]).Unwrap(secret));
    }

    [Fact]
    public void Two_wraps_of_one_key_share_only_the_recipient()
    {
        using var secret = Counting(0, 17);
        using var key = Counting(0, 64);
        var publicKey = RecoveryKey.PublicBytes(secret);
        var (a, b) = (RecoveryWrap.Wrap(publicKey, key), RecoveryWrap.Wrap(publicKey, key));
        Assert.Equal(a.ToString()[..18], b.ToString()[..18]);
        Assert.NotEqual(a.ToString()[18..82], b.ToString()[18..82]);
        Assert.NotEqual(a.ToString()[114..], b.ToString()[114..]);
    }

    [Fact]
    public void A_key_is_not_wrapped_for_a_degenerate_public_key()
    {
        using var key = Counting(0, 64);
        Assert.Equal(ExitCode.Usage, Assert.Throws<SealdiskException>(() => RecoveryWrap.Wrap(new byte[32], key)).Code);
    }

    private static RecoveryWrap Parse(string text) => Assert.IsType<RecoveryWrap>(Altered(text));

    /// <summary>Null if it does not even look like one.</summary>
    private static RecoveryWrap? Altered(string text) => RecoveryWrap.TryParse(text, out var wrap) ? wrap : null;

    internal static SecretBuffer Counting(int first, int length)
    {
        var buffer = SecretBuffer.Allocate(length);
        for (var i = 0; i < length; i++)
            buffer.Memory.Span[i] = (byte)(first + i);
        return buffer;
    }
}

/// <summary>Whether this kernel takes a key from outside: what keyctl(1) finds out must be what we find out.</summary>
[Trait("needs", "native")]
public sealed class RecoveryKernelTests
{
    [Fact]
    public void Whether_the_kernel_accepts_a_key_from_outside_is_known() => KeyringThread.InNewSession(() =>
    {
        KeyringThread.KeyctlSerial("add", "user", "sealdisk:um", "master", "@s");
        var plain = new string('5', 64);
        var result = NativeBinary.Run(new System.Diagnostics.ProcessStartInfo(
            "keyctl",
            ["add", "encrypted", "sealdisk:outside", $"new default user:sealdisk:um 32 {plain}", "@s"]));
        var takes = false;
        if (result.Exit == 0)
        {
            var text = EncryptedKeyTests.Parse(KeyringThread.Keyctl("pipe", result.Stdout.Trim()));
            var key = new byte[32];
            takes = EncryptedKeyModel.Unwrap(text, "master"u8, key) && Convert.ToHexStringLower(key) == plain;
        }
        Assert.Equal(takes, KernelTakesKeys.Here());
        Assert.Empty(Keyring.Members(KeySerial.ThreadKeyring));
    });
}
