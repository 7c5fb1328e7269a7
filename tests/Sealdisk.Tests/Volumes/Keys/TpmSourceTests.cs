using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Tests.Volumes.Keys;

/// <summary>
/// Sealing and unsealing with a TPM 2.0 in this process, against swtpm. The contract of all sources is in
/// <see cref="KeySourceContractTests"/>.
/// </summary>
public sealed class TpmSourceTests : IDisposable
{
    private const int Size = 64;
    private const string Subject = "the key of data";
    private const uint CreatePrimary = 0x131;

    private readonly SoftwareTpm _tpm = new();

    public void Dispose() => _tpm.Dispose();

    /// <summary>Parents of the kinds that there are, as tpm2_createprimary makes them.</summary>
    [Theory]
    [InlineData("ecc")]
    [InlineData("ecc384")]
    [InlineData("rsa")]
    [InlineData("rsa3072")]
    public void A_key_opens_again_under_a_parent_of_each_kind_and_leaves_nothing_loaded(string kind)
    {
        _tpm.Tool("tpm2_createprimary", "-C", "o", "-g", "sha256", "-G", kind, "-c", _tpm.File("parent"));
        _tpm.Tool("tpm2_evictcontrol", "-C", "o", "-c", _tpm.File("parent"), "0x81000001");
        _tpm.Tool("tpm2_flushcontext", "-t");
        using var source = TpmSource.Open(_tpm.Settings);
        using var key = SecretBuffer.Random(Size);
        var made = source.Seal(key, Request());
        Assert.Equal(KeyCustody.Process, made.Made);
        Assert.Equal("", _tpm.Loaded());
        _tpm.Restart();
        using var opened = source.UnsealHere(made, Size, Subject);
        Assert.True(SoftSource.SameKey(key, opened));
        Assert.Equal("", _tpm.Loaded());
    }

    [Fact]
    public void A_later_boot_takes_few_commands_and_makes_no_primary_key()
    {
        var made = Seal(_tpm.Settings);
        var asked = new List<uint>();
        var counting = new TpmSource(_tpm.Settings, () => _tpm.Through((command, tpm) =>
        {
            var reply = tpm(command);
            if (!IsPutOff(reply))
                asked.Add(BinaryPrimitives.ReadUInt32BigEndian(command.AsSpan(6)));
            return reply;
        }));
        counting.UnsealHere(made, Size, Subject).Dispose();
        Assert.Equal([0x173u, 0x176, 0x157, 0x15e, 0x165], asked); // ReadPublic, StartAuthSession, Load, Unseal, FlushContext
        Assert.DoesNotContain(CreatePrimary, asked);
    }

    [Fact]
    public void With_a_policy_and_a_password_it_takes_at_most_twelve()
    {
        var settings = WithPassword(_tpm.Settings with { Pcrs = [7, 11] }, "auth", "00112233445566778899aabbccddeeff00112233");
        var made = Seal(settings);
        var asked = 0;
        var counting = new TpmSource(settings, () => _tpm.Through((command, tpm) =>
        {
            var reply = tpm(command);
            if (!IsPutOff(reply))
                asked++;
            return reply;
        }));
        counting.UnsealHere(made, Size, Subject).Dispose();
        Assert.Equal(9, asked);
        Assert.Equal("", _tpm.Loaded());
    }

    [Fact]
    public void Tools_of_others_open_what_is_sealed_here()
    {
        using var source = TpmSource.Open(_tpm.Settings);
        using var key = SecretBuffer.Random(Size);
        var blob = TpmKeyBlob.Read(source.Seal(key, Request()).Blob.Bytes, out _)!;
        File.WriteAllBytes(_tpm.File("public"), Sized(blob.Public));
        File.WriteAllBytes(_tpm.File("private"), Sized(blob.Private));
        _tpm.Tool("tpm2_load", "-C", "0x81000001", "-u", _tpm.File("public"), "-r", _tpm.File("private"), "-c", _tpm.File("loaded"));
        _tpm.Tool("tpm2_unseal", "-c", _tpm.File("loaded"), "-o", _tpm.File("key"));
        Assert.True(key.Memory.Span.SequenceEqual(File.ReadAllBytes(_tpm.File("key"))));
        var shown = _tpm.Tool("tpm2_readpublic", "-c", _tpm.File("loaded"));
        Assert.Contains("fixedtpm|fixedparent|userwithauth\n", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void What_tools_of_others_seal_opens_here()
    {
        Seal(_tpm.Settings); // makes the parent
        var key = new byte[Size];
        RandomBytes.Fill(key);
        File.WriteAllBytes(_tpm.File("key"), key);
        _tpm.Tool(
            "tpm2_create", "-C", "0x81000001", "-i", _tpm.File("key"), "-u", _tpm.File("public"), "-r", _tpm.File("private"),
            "-a", "fixedtpm|fixedparent|userwithauth");
        _tpm.Tool("tpm2_flushcontext", "-t");
        var blob = new TpmKeyBlob(
            0x81000001, true, File.ReadAllBytes(_tpm.File("public"))[2..], File.ReadAllBytes(_tpm.File("private"))[2..]);
        using var source = TpmSource.Open(_tpm.Settings);
        var trusted = new SealedKey.Trusted(SealedBlob.Of(blob.ToDer())) { Made = KeyCustody.Process };
        using var opened = source.UnsealHere(trusted, Size, Subject);
        Assert.True(opened.Memory.Span.SequenceEqual(key));
    }

    /// <summary>Linux 6.12.117 with swtpm 0.7, on the x86-64 board: 'new 32 keyhandle=81000001'.</summary>
    [Fact]
    public void A_blob_that_a_kernel_made_is_written_again_byte_for_byte()
    {
        var blob = Convert.FromHexString(BlobKindTests.Tpm2OfKernel);
        var read = TpmKeyBlob.Read(blob, out var problem);
        Assert.Null(problem);
        Assert.Equal((0x81000001u, true, false), (read!.Parent, read.HasEmptyAuth, read.HasPolicy));
        Assert.Equal(blob, read.ToDer());
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha384")]
    public void A_key_sealed_to_pcrs_opens_until_one_changes(string bank)
    {
        var settings = _tpm.Settings with { Pcrs = [7, 11], Bank = bank };
        var made = Seal(settings);
        Assert.Equal(bank, made.Binding.Pcrs!.Bank);
        using var source = TpmSource.Open(settings);
        source.UnsealHere(made, Size, Subject).Dispose();
        _tpm.Tool("tpm2_pcrextend", "9:sha256=" + new string('a', 64));
        source.UnsealHere(made, Size, Subject).Dispose();
        _tpm.Tool("tpm2_pcrextend", $"11:{bank}=" + new string('a', bank == "sha256" ? 64 : 96));
        var refused = Refused(ExitCode.DoesNotOpen, source, made);
        Assert.Contains("PCR 11 is not what it was", refused.Message, StringComparison.Ordinal);
        Assert.Equal("", _tpm.Loaded());
    }

    [Fact]
    public void The_configuration_has_to_name_the_pcrs_of_the_record()
    {
        var made = Seal(_tpm.Settings with { Pcrs = [7] });
        using var without = TpmSource.Open(_tpm.Settings);
        Assert.Contains(
            "pcrs none, its record says 7", Refused(ExitCode.Refused, without, made).Message, StringComparison.Ordinal);
        using var other = TpmSource.Open(_tpm.Settings with { Pcrs = [7], Bank = "sha384" });
        Assert.Contains("7 of the sha384 bank", Refused(ExitCode.Refused, other, made).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_password_is_needed_and_never_told(bool withPcrs)
    {
        const string Password = "00112233445566778899aabbccddeeff00112200"; // with a zero at its end, which a TPM does not count
        var settings = WithPassword(_tpm.Settings with { Pcrs = withPcrs ? [7] : [] }, "auth", Password);
        var made = Seal(settings);
        var passed = new List<byte>();
        var source = new TpmSource(settings, () => _tpm.Through((command, tpm) =>
        {
            var reply = tpm(command);
            passed.AddRange([.. command, .. reply]);
            return reply;
        }));
        source.UnsealHere(made, Size, Subject).Dispose();
        Assert.Equal(-1, passed.ToArray().AsSpan().IndexOf(Convert.FromHexString(Password).AsSpan(0, 8)));

        using var wrong = TpmSource.Open(WithPassword(settings, "wrong", new string('1', 40)));
        Assert.Contains("the password is not the one", Refused(ExitCode.DoesNotOpen, wrong, made).Hint, StringComparison.Ordinal);
        using var none = TpmSource.Open(settings with { Auth = null });
        Refused(ExitCode.DoesNotOpen, none, made);
        Assert.Equal("", _tpm.Loaded());
    }

    [Fact]
    public void Another_tpm_and_a_cleared_one_refuse()
    {
        var made = Seal(_tpm.Settings);
        using (var other = new SoftwareTpm())
        {
            Seal(other.Settings); // has a parent of its own
            using var source = TpmSource.Open(other.Settings);
            var refusal = Refused(ExitCode.DoesNotOpen, source, made);
            var explained = TpmProblem.Explain(refusal, "data", other.Settings, made.Binding);
            Assert.Contains("another TPM sealed it", explained.Message, StringComparison.Ordinal);
        }
        _tpm.Tool("tpm2_clear");
        using var cleared = TpmSource.Open(_tpm.Settings);
        var gone = TpmProblem.Explain(Refused(ExitCode.DoesNotOpen, cleared, made), "data", _tpm.Settings, made.Binding);
        Assert.Contains("was cleared since", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parent_that_was_evicted_is_made_again()
    {
        var made = Seal(_tpm.Settings);
        _tpm.Tool("tpm2_evictcontrol", "-C", "o", "-c", "0x81000001");
        using var source = TpmSource.Open(_tpm.Settings);
        Refused(ExitCode.DoesNotOpen, source, made);
        Assert.True(TpmProblem.RestoreParent(_tpm.Settings, made.Binding));
        source.UnsealHere(made, Size, Subject).Dispose();
    }

    /// <summary>
    /// The sealed object is opened by a parent that the man in the middle offers for the TPM's own: it would have the key.
    /// </summary>
    [Fact]
    public void A_false_parent_is_not_even_talked_to()
    {
        var made = Seal(_tpm.Settings);
        using var theirs = new SoftwareTpm();
        Seal(theirs.Settings);
        var asked = 0;
        var source = new TpmSource(_tpm.Settings, () => theirs.Through((command, tpm) =>
        {
            asked++;
            return tpm(command);
        }));
        Refused(ExitCode.DoesNotOpen, source, made);
        Assert.Equal(1, asked);
    }

    [Fact]
    public void An_eavesdropper_sees_no_part_of_a_key()
    {
        var passed = new List<byte>();
        var source = new TpmSource(_tpm.Settings, () => _tpm.Through((command, tpm) =>
        {
            var reply = tpm(command);
            passed.AddRange([.. command, .. reply]);
            return reply;
        }));
        using var key = SecretBuffer.Random(Size);
        var made = source.Seal(key, Request());
        source.UnsealHere(made, Size, Subject).Dispose();
        var all = passed.ToArray();
        for (var at = 0; at + 8 <= Size; at++)
            Assert.Equal(-1, all.AsSpan().IndexOf(key.Memory.Span.Slice(at, 8)));
    }

    /// <summary>
    /// One bit of each byte of a header, and of every fifth byte after it, in every reply. What follows the public part in the reply to
    /// TPM2_ReadPublic is the TPM's own opinion of its name, which nothing here uses.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_changed_bit_of_any_reply_ends_in_a_refusal(bool withPolicy)
    {
        var settings = withPolicy ? _tpm.Settings with { Pcrs = [7] } : _tpm.Settings;
        var made = Seal(settings);
        var (lengths, loading) = (new List<int>(), new List<bool>());
        new TpmSource(settings, () => _tpm.Through((command, tpm) =>
        {
            var reply = tpm(command);
            if (IsPutOff(reply))
                return reply;
            loading.Add(command[9] is 0x76 or 0x57);
            lengths.Add(command[9] == 0x73 ? 10 + 2 + BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(10)) : reply.Length);
            return reply;
        })).UnsealHere(made, Size, Subject).Dispose();
        var random = new Random(1);
        for (var number = 0; number < lengths.Count; number++)
        {
            for (var at = 0; at < lengths[number]; at += at < 14 ? 1 : 5)
            {
                var (asked, target, mask) = (0, number, (byte)(1 << random.Next(8)));
                var source = new TpmSource(settings, () => _tpm.Through((command, tpm) =>
                {
                    var reply = tpm(command);
                    if (!IsPutOff(reply) && asked++ == target)
                        reply[at] ^= mask;
                    return reply;
                }));
                var problem = Assert.Throws<SealdiskException>(() => source.UnsealHere(made, Size, Subject));
                Assert.True(problem.Code is ExitCode.DoesNotOpen or ExitCode.Failed, problem.Message);
                // What is loaded cannot be flushed if its handle did not arrive.
                if (at < 14 && loading[number])
                    _tpm.Restart();
            }
        }
    }

    [Fact]
    public void A_bit_changed_while_a_key_is_sealed_ends_in_a_refusal_too()
    {
        Seal(_tpm.Settings);
        foreach (var at in (int[])[20, 60, 150, 200, 250])
        {
            var source = new TpmSource(_tpm.Settings, () => _tpm.Through((command, tpm) =>
            {
                var reply = tpm(command);
                if (command[9] == 0x53)
                    reply[at] ^= 4;
                return reply;
            }));
            using var key = SecretBuffer.Random(Size);
            Assert.Equal(ExitCode.Failed, Assert.Throws<SealdiskException>(() => source.Seal(key, Request())).Code);
        }
    }

    /// <summary>TPM_RC_RETRY, YIELDED, TESTING, NV_RATE.</summary>
    [Theory]
    [InlineData("922")]
    [InlineData("908")]
    [InlineData("90a")]
    [InlineData("920")]
    public void A_busy_tpm_is_asked_again(string code)
    {
        var made = Seal(_tpm.Settings);
        var times = 0;
        var source = new TpmSource(_tpm.Settings, () => _tpm.Through((command, tpm) => times++ % 3 < 2 ? Reply(code) : tpm(command)));
        source.UnsealHere(made, Size, Subject).Dispose();
        Assert.True(times >= 15, $"asked {times} times");
    }

    [Theory]
    [InlineData("921", "locked", "wait until the TPM's lockout has passed")]
    [InlineData("902", "no room", "nothing was changed")]
    [InlineData("101", "self-test", "nothing was changed")]
    [InlineData("100", "not started", "nothing was changed")]
    public void A_tpm_that_cannot_is_told_from_a_key_that_does_not_open(string code, string words, string hint)
    {
        var made = Seal(_tpm.Settings);
        foreach (var command in (byte[])[0x73, 0x76, 0x57, 0x5e])
        {
            var source = new TpmSource(
                _tpm.Settings, () => _tpm.Through((asked, tpm) => asked[9] == command ? Reply(code) : tpm(asked)));
            var problem = Refused(ExitCode.Failed, source, made);
            Assert.Contains(words, problem.Message, StringComparison.Ordinal);
            Assert.Contains(hint, problem.Hint, StringComparison.Ordinal);
            Assert.Equal("", _tpm.Loaded());
        }
    }

    [Fact]
    public void A_tpm_1_2_is_called_one()
    {
        var made = Seal(_tpm.Settings);
        var source = new TpmSource(_tpm.Settings, () => new Tpm2(_ => Convert.FromHexString("00c40000000a0000001e")));
        Assert.Contains("this is a TPM 1.2", Refused(ExitCode.Failed, source, made).Message, StringComparison.Ordinal);
    }

    /// <summary>Every shape that is wrong, and what is none at all.</summary>
    [Fact]
    public void A_blob_of_a_wrong_shape_is_refused_without_asking_the_tpm()
    {
        var whole = Seal(_tpm.Settings).Blob.Bytes.ToArray();
        var source = new TpmSource(_tpm.Settings, () => throw new InvalidOperationException("the TPM was asked"));
        for (var length = 1; length < whole.Length; length++)
            Refused(ExitCode.DoesNotOpen, source, Trusted(whole[..length]));
        Refused(ExitCode.DoesNotOpen, source, Trusted([.. whole, 0]));
        Refused(ExitCode.DoesNotOpen, source, Trusted(new byte[80]));
        whole[9]++; // another object identifier
        Refused(ExitCode.DoesNotOpen, source, Trusted(whole));
    }

    [Fact]
    public void A_key_whose_record_names_another_parent_is_refused()
    {
        var made = (SealedKey.Trusted)Seal(_tpm.Settings);
        var blob = TpmKeyBlob.Read(made.Blob.Bytes, out _)! with { Parent = 0x81000002 };
        using var source = TpmSource.Open(_tpm.Settings);
        Refused(ExitCode.Refused, source, made with { Sealed = SealedBlob.Of(blob.ToDer()) });
    }

    private SealedKey Seal(TpmSettings settings)
    {
        using var source = TpmSource.Open(settings);
        return source.Make(Request());
    }

    private TpmSettings WithPassword(TpmSettings settings, string name, string password)
    {
        const OpenFlags Fresh = OpenFlags.Write | OpenFlags.Create | OpenFlags.Truncate;
        using var file = FileDescriptor.Open(_tpm.File(name), Fresh, Permissions.Mode0600);
        file.WriteAt(Encoding.ASCII.GetBytes(password + "\n"), 0);
        return settings with { Auth = _tpm.File(name) };
    }

    private static SealdiskException Refused(ExitCode code, TpmSource source, SealedKey key)
    {
        var refused = Assert.Throws<SealdiskException>(() => source.UnsealHere(key, Size, Subject));
        Assert.Equal(code, refused.Code);
        Assert.StartsWith($"cannot unseal {Subject}: ", refused.Message, StringComparison.Ordinal);
        return refused;
    }

    private static SealedKey.Trusted Trusted(byte[] blob) => new(SealedBlob.Of(blob)) { Made = KeyCustody.Process };

    private static KeyRequest Request() => new("data", KeyKind.Trusted, Size, Subject);

    /// <summary>TPM_RC_RETRY: swtpm says it to the first use of an object after its start, which it has to note first.</summary>
    private static bool IsPutOff(byte[] reply) => reply is [_, _, _, _, _, _, 0, 0, 9, 0x22];

    private static byte[] Reply(string code)
    {
        var reply = Convert.FromHexString("80010000000a00000000");
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(6), uint.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        return reply;
    }

    private static byte[] Sized(byte[] content) => [(byte)(content.Length >> 8), (byte)content.Length, .. content];
}
