using Sealdisk.Audit.Device;
using Sealdisk.Crypto;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>What an audit says about a volume's cipher, and that it is so: the watermark that docs/audit/cipher.md describes.</summary>
public sealed class CipherFindingTests
{
    [Theory]
    [InlineData("aes-xts-plain64", 64, FindingStatus.Holds, Severity.Medium)]
    [InlineData("aes-xts-plain", 64, FindingStatus.Fails, Severity.Low)]
    [InlineData("aes-xts-essiv:sha256", 64, FindingStatus.Holds, Severity.Medium)]
    [InlineData("aes-cbc-essiv:sha256", 32, FindingStatus.Fails, Severity.Low)]
    [InlineData("aes-cbc-plain64", 32, FindingStatus.Fails, Severity.Medium)]
    [InlineData("aes-cbc-plain", 32, FindingStatus.Fails, Severity.Medium)]
    [InlineData("aes-cbc-null", 32, FindingStatus.Fails, Severity.High)]
    public void A_cipher_is_judged(string cipher, int keySize, FindingStatus status, Severity severity)
    {
        var folder = Directory.CreateTempSubdirectory("sealdisk-root-").FullName;
        try
        {
            var blob = RootTree.Sealed(RootTree.Made(16, 3), keySize: keySize);
            new RootTree("x").Volume("data", TrustSource.Tee, blob, cipher: cipher, keySize: keySize).WriteTo(folder);
            // The configuration takes fewer ciphers than a record may have: what is recorded counts.
            var configuration = Path.Combine(folder, "etc", "sealdisk.toml");
            var lines = $"cipher = \"{cipher}\"\nkey-size = {keySize}\n";
            File.WriteAllText(configuration, File.ReadAllText(configuration).Replace(lines, "", StringComparison.Ordinal));
            var result = DeviceAudit.Run(new SystemRoot(folder), "/etc/sealdisk.toml", Baseline.None, new DateOnly(2026, 11, 23));
            var finding = Assert.Single(result.Findings, finding => finding.Check.Id == "cipher");
            Assert.Equal((status, severity, "data"), (finding.Status, finding.Severity, finding.Subject));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Two sectors that begin with A xor their own number, and are equal otherwise.</summary>
    [Theory]
    [InlineData("aes-cbc-plain", 32, true)]
    [InlineData("aes-cbc-plain64", 32, true)]
    [InlineData("aes-cbc-essiv:sha256", 32, false)]
    [InlineData("aes-xts-plain64", 64, false)]
    public void A_watermark_shows_through_a_cipher_whose_ivs_are_known(string cipher, int keySize, bool shows)
    {
        var spec = CipherSpec.Parse(cipher);
        var encrypt = new SectorCipher(spec, SectorLayout.Default, RootTree.Made(keySize, 1), new byte[SectorCipher.ScheduleSize(spec)]);
        byte[] Sector(ulong number)
        {
            var data = RootTree.Made(512, 2);
            for (var i = 0; i < 8; i++)
                data[i] ^= (byte)(number >> (8 * i));
            encrypt.Encrypt(data, number);
            return data;
        }
        Assert.Equal(shows, Sector(1000).AsSpan().SequenceEqual(Sector(1001)));
    }
}
