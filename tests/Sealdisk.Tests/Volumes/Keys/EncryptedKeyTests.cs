using System.Text;
using CsCheck;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Volumes.Keys;

/// <summary>The format of the kernel's encrypted keys, against those that a real kernel made under keys sealed by a real OP-TEE.</summary>
public sealed class EncryptedKeyTests
{
    public static TheoryData<string, string> GoldenKeys => new()
    {
        { "encrypted-vk32-under-g32-1.txt", "blob-32-1.hex" },
        { "encrypted-vk64-under-g64-1.txt", "blob-64-1.hex" },
        { "encrypted-vkenc32-under-g32-2.txt", "blob-32-2.hex" },
        { "encrypted-vku-under-user-um.txt", "" },
    };

    [Theory]
    [MemberData(nameof(GoldenKeys))]
    public void A_key_of_a_real_kernel_opens_and_wraps_back_to_itself(string file, string master)
    {
        var masterKey = MasterKey(master);
        var printed = File.ReadAllText(Golden.File(file));
        var text = Parse(printed);
        Assert.Equal(printed, text.ToString());
        var key = new byte[text.KeySize];
        Assert.True(EncryptedKeyModel.Unwrap(text, masterKey, key));
        Assert.Contains(key, value => value != 0);
        Assert.Equal(printed, EncryptedKeyModel.Wrap(text.Format, text.Master, masterKey, text.Iv, key).ToString());
    }

    /// <summary>
    /// The images under tests/golden were encrypted with these very keys; see GoldenImageTests for those of trusted keys.
    /// </summary>
    [Theory]
    [InlineData("enc-cbc-plain", "encrypted-vk32-under-g32-1.txt", "blob-32-1.hex")]
    [InlineData("enc-xts256", "encrypted-vk64-under-g64-1.txt", "blob-64-1.hex")]
    [InlineData("enc32-cbc", "encrypted-vkenc32-under-g32-2.txt", "blob-32-2.hex")]
    public void The_key_in_it_decrypts_the_kernels_image(string image, string file, string master)
    {
        var line = File.ReadAllLines(Golden.File("manifest.txt")).Single(line => line.StartsWith(image + "|", StringComparison.Ordinal));
        var table = line.Split('|')[4].Split(' ');
        var text = Parse(File.ReadAllText(Golden.File(file)));
        var key = new byte[text.KeySize];
        Assert.True(EncryptedKeyModel.Unwrap(text, MasterKey(master), key));
        var data = File.ReadAllBytes(Golden.File(image + ".64k"));
        var spec = Sealdisk.Crypto.CipherSpec.Parse(table[3]);
        var schedule = new byte[Sealdisk.Crypto.SectorCipher.ScheduleSize(spec)];
        new Sealdisk.Crypto.SectorCipher(spec, new Sealdisk.Crypto.SectorLayout(512, false, 0), key, schedule).Decrypt(data, 0);
        // Every image has the same plaintext: compare with one that a trusted key encrypted.
        var other = File.ReadAllBytes(Golden.File("cbc-plain-512.64k"));
        var otherKey = MasterKey("blob-32-1.hex");
        var cbc = Sealdisk.Crypto.CipherSpec.Parse("aes-cbc-plain");
        new Sealdisk.Crypto.SectorCipher(
            cbc,
            new Sealdisk.Crypto.SectorLayout(512, false, 0),
            otherKey,
            new byte[Sealdisk.Crypto.SectorCipher.ScheduleSize(cbc)]).Decrypt(other, 0);
        Assert.Equal(other, data);
    }

    [Fact]
    public void An_encrypted_key_with_any_part_changed_does_not_open()
    {
        var masterKey = MasterKey("blob-32-1.hex");
        var printed = File.ReadAllText(Golden.File("encrypted-vk32-under-g32-1.txt"));
        var hex = printed.LastIndexOf(' ') + 1;
        for (var at = 0; at < printed.Length; at++)
        {
            var changed = printed[..at] + (printed[at] == '1' ? '2' : '1') + printed[(at + 1)..];
            // The byte between IV and ciphertext is not read back, by the kernel neither.
            var isIgnored = at - hex is 32 or 33;
            if (EncryptedKeyText.Parse(changed, out var problem) is not { } text)
            {
                Assert.NotNull(problem);
                continue;
            }
            var key = new byte[text.KeySize];
            Assert.Equal(isIgnored, EncryptedKeyModel.Unwrap(text, masterKey, key));
            Assert.Equal(isIgnored, key.AsSpan().ContainsAnyExcept((byte)0));
        }
        masterKey[0] ^= 1;
        Assert.False(EncryptedKeyModel.Unwrap(Parse(printed), masterKey, new byte[32]));
    }

    [Fact]
    public void Any_key_wrapped_under_any_master_unwraps_to_itself() =>
        Gen.Select(Gen.Byte.Array[20, 300], Gen.Byte.Array[1, 128], Gen.Byte.Array[16]).Sample((key, master, iv) =>
        {
            var text = EncryptedKeyModel.Wrap("default", "trusted:sealdisk:root-0", master, iv, key);
            var back = new byte[key.Length];
            return EncryptedKeyModel.Unwrap(Parse(text.ToString()), master, back) && back.AsSpan().SequenceEqual(key);
        }, iter: 300);

    [Theory]
    [InlineData("", "has 1 words")]
    [InlineData("default trusted:a 32", "has 3 words")]
    [InlineData("default  trusted:a 32 00", "has 5 words")]
    [InlineData("standard trusted:a 32 00", "has an unknown format")]
    [InlineData("default logon:a 32 00", "names no master key")]
    [InlineData("default trusted: 32 00", "names no master key")]
    [InlineData("default user 32 00", "names no master key")]
    [InlineData("default trusted:a 19 00", "gives a length of '19'")]
    [InlineData("default trusted:a 4097 00", "gives a length of '4097'")]
    [InlineData("default trusted:a 032 00", "gives a length of '032'")]
    [InlineData("default trusted:a -32 00", "gives a length of '-32'")]
    [InlineData("enc32 trusted:a 64 00", "gives a length of '64'")]
    [InlineData("ecryptfs user:a 32 00", "gives a length of '32'")]
    [InlineData("default trusted:a 32 00", "has 2 hex digits; with a key of 32 bytes it should have 162")]
    public void Text_that_is_not_an_encrypted_key_is_refused_with_a_reason(string text, string problem)
    {
        Assert.Null(EncryptedKeyText.Parse(text, out var said));
        Assert.StartsWith(problem, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_text_is_read_or_refused() => Gen.OneOf(
        Gen.String,
        Gen.Select(Gen.Int[0, 2], Gen.String, Gen.Int[0, 99], Gen.String)
            .Select((a, b, c, d) => $"{(a == 0 ? "default" : a == 1 ? "enc32" : "x")} trusted:{b} {c} {d}"))
        .Sample(text => (EncryptedKeyText.Parse(text, out var problem) is null) == (problem is not null), iter: 2000);

    internal static EncryptedKeyText Parse(string text) =>
        EncryptedKeyText.Parse(text, out var problem) ?? throw new FormatException(problem);

    /// <summary>The payload of a golden trusted key; of "um", 32 letters A.</summary>
    private static byte[] MasterKey(string blob)
    {
        if (blob.Length == 0)
            return [.. Enumerable.Repeat((byte)'A', 32)];
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(Convert.FromHexString(File.ReadAllText(Golden.File("HUK.hex")).Trim()), taKey);
        var sealedKey = BlobText.Read(Golden.File(blob));
        var key = new byte[sealedKey.Length - TrustedKeysTa.Overhead];
        Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(taKey, sealedKey, key));
        return key;
    }
}

/// <summary>
/// The same against the kernel under this test, both ways: what it printed opens here, what was wrapped here it loads. Its masters are
/// user keys, which need no hardware.
/// </summary>
[Trait("needs", "native")]
public sealed class EncryptedKeyKernelTests
{
    [Theory]
    [InlineData("default", 20)]
    [InlineData("default", 32)]
    [InlineData("default", 33)]
    [InlineData("default", 64)]
    [InlineData("default", 4096)]
    [InlineData("enc32", 32)]
    public void A_key_that_the_kernel_printed_opens_here_and_ours_loads_there(string format, int size) => KeyringThread.InNewSession(() =>
    {
        foreach (var masterSize in (int[])[1, 23, 24, 32, 128])
        {
            var master = new byte[masterSize];
            RandomBytes.Fill(master);
            Keyring.Add("user", KeyDescription.Parse("sealdisk:um"), master, KeySerial.SessionKeyring);
            var made = KeyringThread.KeyctlSerial("add", "encrypted", "sealdisk:vk", $"new {format} user:sealdisk:um {size}", "@s");
            var printed = KeyringThread.Keyctl("pipe", made.ToString());
            var text = EncryptedKeyTests.Parse(printed);
            Assert.Equal((format, "user:sealdisk:um", size), (text.Format, text.Master, text.KeySize));
            var key = new byte[size];
            Assert.True(EncryptedKeyModel.Unwrap(text, master, key));

            // The other way: another IV, so the kernel has to have read it rather than known it.
            var iv = new byte[16];
            RandomBytes.Fill(iv);
            var ours = EncryptedKeyModel.Wrap(format, text.Master, master, iv, key).ToString();
            Assert.NotEqual(printed, ours);
            var loaded = KeyringThread.KeyctlSerial("add", "encrypted", "sealdisk:ours", $"load {ours}", "@s");
            Assert.Equal(ours, KeyringThread.Keyctl("pipe", loaded.ToString()));

            var altered = ours[..^1] + (ours[^1] == '0' ? '1' : '0');
            var load = Encoding.ASCII.GetBytes($"load {altered}");
            Assert.Equal(Errno.EINVAL, KeyringThread.Refusal(
                () => Keyring.Add("encrypted", KeyDescription.Parse("sealdisk:altered"), load, KeySerial.SessionKeyring)));
            Keyring.Clear(KeySerial.SessionKeyring);
        }
    });
}
