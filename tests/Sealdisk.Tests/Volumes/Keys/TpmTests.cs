using System.Globalization;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Tests.Volumes.Keys;

/// <summary>
/// Commands and replies of a TPM 2.0. The replies are swtpm's own, captured from its socket; the board's tests hold
/// the same code against a kernel.
/// </summary>
public sealed class TpmTests
{
    private const string NoSuchHandle = "80010000000a0000018b";
    private const string Done = "80010000000a00000000";
    private const string DoneInSession = "80020000001300000000000000000000010000";

    private const string ReadPublic =
        "8001000000ae00000000005a0023000b0003047200000006008000430010000300100020964c06dcd7cfd6c418de7756c49b1c3296dfb24a1d250809"
        + "0e5e8366fa025e650020a97dc00b7001ccfe2a1d615d9b5176f6092587d272abb8d58a759c41a34cf99c0022000b54c8c9027cd9a4d8ff0be9c13309"
        + "f0d4587a6133056a32ace6df89919cd0f6d80022000bd8988c0c618c6dd8c27a8ee6bb09193cf2ef5256ad4b1e8378380acc0f029f1b";

    private const string CreatePrimary =
        "80020000013a000000008000000000000123005a0023000b0003047200000006008000430010000300100020964c06dcd7cfd6c418de7756c49b1c32"
        + "96dfb24a1d2508090e5e8366fa025e650020a97dc00b7001ccfe2a1d615d9b5176f6092587d272abb8d58a759c41a34cf99c0037000000000020e3b0"
        + "c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855010010000440000001000440000001000000205da041bac0ee3135aebb0c"
        + "adfba497c6a1877fae832dd3d1f8f7a871b825e8548021400000010040f12c9e44656d0caecf27ee35630918da4b125378e2fd747207266826cc59df"
        + "ef31a4634092d2d86c4d9193840b208b1bff40fbfc8cc857aa6358deef6941bfc80022000b54c8c9027cd9a4d8ff0be9c13309f0d4587a6133056a32"
        + "ace6df89919cd0f6d80000010000";

    [Fact]
    public void An_existing_parent_is_only_read()
    {
        var chip = new Chip(ReadPublic);
        // The name that the TPM gives it is 000b and the SHA-256 of its public part: the fingerprint begins like it.
        Assert.Equal("54c8c9027cd9a4d8ff0be9c13309f0d4", TpmParent.Ensure(chip.Tpm, 0x81000001).Fingerprint);
        Assert.Equal(["80010000000e0000017381000001"], chip.Asked);
    }

    [Fact]
    public void A_missing_parent_is_made_persistent_and_unloaded()
    {
        var chip = new Chip(NoSuchHandle, CreatePrimary, DoneInSession, Done);
        Assert.Equal("54c8c9027cd9a4d8ff0be9c13309f0d4", TpmParent.Ensure(chip.Tpm, 0x81000001).Fingerprint);
        Assert.Equal(4, chip.Asked.Count);
        Assert.Equal(
            "8002000000830000013140000001000000094000000900000000000004" + "00000000" + "005a"
                + "0023000b0003047200000006008000430010000300100020" + new string('0', 64)
                + "0020" + new string('0', 64) + "000000000000",
            chip.Asked[1]);
        Assert.Equal("8002000000230000012040000001800000000000000940000009000000000081000001", chip.Asked[2]);
        Assert.Equal("80010000000e0000016580000000", chip.Asked[3]);
    }

    [Fact]
    public void A_parent_that_another_process_made_meanwhile_is_used()
    {
        var chip = new Chip(NoSuchHandle, CreatePrimary, "80010000000a0000014c", ReadPublic, Done);
        Assert.Equal("54c8c9027cd9a4d8ff0be9c13309f0d4", TpmParent.Ensure(chip.Tpm, 0x81000001).Fingerprint);
        Assert.Equal("80010000000e0000016580000000", chip.Asked[^1]);
    }

    [Theory]
    [InlineData("80010000000a0000014b", "no room")]
    [InlineData("80010000000a00000921", "locked")]
    public void A_loaded_key_is_unloaded_even_if_it_cannot_be_made_persistent(string refusal, string words)
    {
        var chip = new Chip(NoSuchHandle, CreatePrimary, refusal, Done);
        var problem = Assert.Throws<TpmException>(() => TpmParent.Ensure(chip.Tpm, 0x81000001));
        Assert.Contains(words, problem.Message, StringComparison.Ordinal);
        Assert.Equal("80010000000e0000016580000000", chip.Asked[^1]);
    }

    [Fact]
    public void An_owner_password_is_told_apart_from_other_refusals()
    {
        var chip = new Chip(NoSuchHandle, "80010000000a000009a2");
        Assert.True(Assert.Throws<TpmException>(() => TpmParent.Ensure(chip.Tpm, 0x81000001)).IsAuthorisation);
    }

    [Theory]
    [InlineData("00040072")] // signs
    [InlineData("00030432")] // not with a password
    [InlineData("00030470")] // not fixed to its TPM
    [InlineData("00020472")] // not restricted
    public void A_key_that_is_not_a_storage_key_is_neither_used_nor_replaced(string attributes)
    {
        var chip = new Chip(ReadPublic.Replace("000b00030472", "000b" + attributes, StringComparison.Ordinal));
        Assert.Equal(ExitCode.Refused, Assert.Throws<SealdiskException>(() => TpmParent.Ensure(chip.Tpm, 0x81000001)).Code);
        Assert.Single(chip.Asked);
    }

    [Fact]
    public void A_reply_cut_at_any_length_is_refused()
    {
        for (var length = 0; length < ReadPublic.Length / 2; length++)
        {
            var raw = new Chip(ReadPublic[..(2 * length)]);
            Assert.Equal(0u, Assert.Throws<TpmException>(() => raw.Tpm.ReadPublic(0x81000001)).Code);
            // The same with a header that believes it: the public part is all that is wanted, the names after it are not.
            if (length >= 10 && Sized(ReadPublic, length) is var sized && length < 10 + 2 + 0x5a)
                Assert.Equal(0u, Assert.Throws<TpmException>(() => new Chip(sized).Tpm.ReadPublic(0x81000001)).Code);
        }
        for (var length = 10; length < 18 + 2 + 0x5a; length++)
        {
            var chip = new Chip(Sized(CreatePrimary, length), Done);
            Assert.Throws<TpmException>(() => chip.Tpm.CreatePrimary(Tpm2.OwnerHierarchy, TpmTemplates.StorageKey));
        }
    }

    [Fact]
    public void A_reply_with_wrong_sizes_is_refused()
    {
        foreach (var wrong in new[]
        {
            ReadPublic.Replace("005a0023", "ffff0023", StringComparison.Ordinal),
            ReadPublic.Replace("005a0023", "00000023", StringComparison.Ordinal),
            ReadPublic + "00",
            "8002" + ReadPublic[4..],
        })
            Assert.Equal(0u, Assert.Throws<TpmException>(() => new Chip(wrong).Tpm.ReadPublic(0x81000001)).Code);
        var parameters = new Chip(CreatePrimary.Replace("8000000000000123", "80000000ffffffff", StringComparison.Ordinal));
        Assert.Equal(
            0u,
            Assert.Throws<TpmException>(() => parameters.Tpm.CreatePrimary(Tpm2.OwnerHierarchy, TpmTemplates.StorageKey)).Code);
    }

    [Fact]
    public void Each_part_of_a_binding_is_read_as_it_was_written()
    {
        const string Name = "54c8c9027cd9a4d8ff0be9c13309f0d4";
        Assert.True(TpmParentKey.TryParse($"81000001 {Name}", out var parent));
        Assert.Equal(new TpmParentKey(0x81000001, TpmFingerprint.Parse(Name)), parent);
        Assert.True(PcrValues.TryParse($"sha256 7={Name} 14={Name}", out var pcrs));
        Assert.Equal([7, 14], pcrs!.Numbers);
        Assert.True(NvCounter.TryParse("01c10000 42", out var counter));
        Assert.Equal(new NvCounter(0x01c10000, 42), counter);
    }

    [Theory]
    [InlineData("81000001")]
    [InlineData("81000001 54c8c9027cd9a4d8")]
    [InlineData("0x81000001 54c8c9027cd9a4d8ff0be9c13309f0d4")]
    [InlineData("81000001 54C8C9027CD9A4D8FF0BE9C13309F0D4")]
    public void What_is_not_a_parent_key_is_not_read_as_one(string text) => Assert.False(TpmParentKey.TryParse(text, out _));

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha1 7=54c8c9027cd9a4d8ff0be9c13309f0d4")]
    [InlineData("sha256 7=54c8")]
    [InlineData("sha256 24=54c8c9027cd9a4d8ff0be9c13309f0d4")]
    [InlineData("sha256 7=54c8c9027cd9a4d8ff0be9c13309f0d4 7=54c8c9027cd9a4d8ff0be9c13309f0d4")]
    [InlineData("sha256 14=54c8c9027cd9a4d8ff0be9c13309f0d4 7=54c8c9027cd9a4d8ff0be9c13309f0d4")]
    public void What_are_not_values_of_pcrs_are_not_read_as_such(string text) => Assert.False(PcrValues.TryParse(text, out _));

    [Theory]
    [InlineData("54c8c9027cd9a4d8ff0be9c13309f0d4", "54c8c9027cd9a4d8ff0be9c13309f0d4", ReadPublic, null)]
    [InlineData("54c8c9027cd9a4d8ff0be9c13309f0d4", "54c8c9027cd9a4d8ff0be9c13309f0d4", NoSuchHandle, TpmChange.ParentEvicted)]
    [InlineData("00000000000000000000000000000000", "54c8c9027cd9a4d8ff0be9c13309f0d4", NoSuchHandle, TpmChange.Cleared)]
    [InlineData("00000000000000000000000000000000", "54c8c9027cd9a4d8ff0be9c13309f0d4", ReadPublic, TpmChange.Cleared)]
    [InlineData("54c8c9027cd9a4d8ff0be9c13309f0d4", "00000000000000000000000000000000", ReadPublic, TpmChange.AnotherTpm)]
    [InlineData("00000000000000000000000000000000", "unknown", NoSuchHandle, TpmChange.AnotherTpm)]
    internal void What_has_become_of_a_tpm_is_told_from_its_keys(string parent, string endorsement, string atHandle, TpmChange? change)
    {
        // The chip makes the same key of both hierarchies, which a real one never does: here its fingerprint alone matters.
        var chip = new Chip(CreatePrimary, Done, atHandle, CreatePrimary, Done);
        var binding = new SealBinding
        {
            Parent = new TpmParentKey(0x81000001, TpmFingerprint.Parse(parent)),
            EndorsementKey = TpmFingerprint.TryParse(endorsement, out var key) ? key : null,
        };
        Assert.Equal(change, TpmBinding.Change(binding, chip.Tpm));
    }

    private const string PolicyPcr = "f0cffa5a90b87b7c7d3e05bcd09af5be29231813ca26a56ba1e01f5e85646700";
    private const string PolicyPcrAndPassword = "4e21a77b40106ad4075449074be2f0c67b89cf042b39193fe5b417c076151d06";

    /// <summary>swtpm's own PCR_Read of 0, 4 and 7, all zeros.</summary>
    private const string ReadPcrs =
        "800100000082000000000000001400000001000b039100000000000300" + "20" + Zeros + "0020" + Zeros + "0020" + Zeros;

    private const string Zeros = "0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public void Pcrs_are_read_and_a_reply_cut_at_any_length_is_refused()
    {
        var chip = new Chip(ReadPcrs);
        Assert.All(chip.Tpm.ReadPcrs("sha256", [0, 4, 7]), value => Assert.Equal(new byte[32], value));
        Assert.Equal(["80010000001400" + "00017e00000001000b03910000"], chip.Asked);
        for (var length = 10; length < ReadPcrs.Length / 2; length++)
            Assert.Throws<TpmException>(() => new Chip(Sized(ReadPcrs, length)).Tpm.ReadPcrs("sha256", [0, 4, 7]));
        // No such bank, more values than were asked for, and fewer.
        Assert.Throws<TpmException>(
            () => new Chip("80010000001c00000000" + "00000014" + "00000001000b03000000" + "00000000").Tpm.ReadPcrs("sha256", [7]));
        Assert.Throws<TpmException>(() => new Chip(ReadPcrs).Tpm.ReadPcrs("sha256", [0, 4]));
        var rest = new Chip(ReadPcrs, "80010000003e00000000" + "00000014" + "00000001000b03000200" + "00000001" + "0020" + Zeros);
        Assert.Equal(4, rest.Tpm.ReadPcrs("sha256", [0, 4, 7, 9]).Count);
        Assert.EndsWith("000b03000200", rest.Asked[1], StringComparison.Ordinal);
    }

    /// <summary>
    /// The digests are a TPM's: swtpm's TPM2_PolicyGetDigest after TPM2_PolicyPCR, and after TPM2_PolicyPassword, of a trial session.
    /// </summary>
    [Fact]
    public void The_policy_digest_equals_that_of_a_TPM()
    {
        var zeros = new[] { new byte[32], new byte[32], new byte[32] };
        Assert.Equal(PolicyPcr, Convert.ToHexStringLower(PcrPolicy.Digest("sha256", [0, 4, 7], zeros, withPassword: false)));
        Assert.Equal(PolicyPcrAndPassword, Convert.ToHexStringLower(PcrPolicy.Digest("sha256", [0, 4, 7], zeros, withPassword: true)));
    }

    private static string Sized(string reply, int length) =>
        reply[..4] + length.ToString("x8", CultureInfo.InvariantCulture) + reply[12..(2 * length)];

    /// <summary>Answers one reply after the other, and keeps what it was asked.</summary>
    private sealed class Chip
    {
        public Chip(params string[] replies)
        {
            var rest = new Queue<string>(replies);
            Tpm = new Tpm2(command =>
            {
                Asked.Add(Convert.ToHexStringLower(command));
                return Convert.FromHexString(rest.Dequeue());
            });
        }

        public Tpm2 Tpm { get; }

        public List<string> Asked { get; } = [];
    }
}
