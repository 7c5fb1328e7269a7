using System.Text;
using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Durability;

/// <summary>What is behind a record: the beginning of its volume, decrypted with the key that the record has.</summary>
internal sealed class Plaintext(string hukFile)
{
    private readonly byte[] _taKey = TaKey(hukFile);

    /// <summary>The UUID of the recorded type of filesystem, if one is there, and whether it was ever mounted.</summary>
    public (string? Uuid, bool WasMounted) Of(VolumeRecord record, string image)
    {
        using var key = SecretBuffer.Allocate(record.KeySize);
        Unseal(record, key.Memory.Span);
        using var volume = Sealdisk.Mapping.FuseVolume.Decrypted(
            new FileDevice(
                FileDescriptor.Open(image, OpenFlags.Read),
                new Sectors(record.DataOffset).Bytes,
                new Sectors(record.DataLength).Bytes),
            CipherSpec.Parse(record.Cipher),
            new SectorLayout(record.SectorSize, record.IvLargeSectors, record.IvOffset),
            key);
        var start = new byte[FilesystemUuid.Window];
        volume.Read(0, start);
        return (Superblock.Read(record.Filesystem, start)?.Uuid, Superblock.Read(record.Filesystem, start)?.LastMount is not null);
    }

    private void Unseal(VolumeRecord record, Span<byte> key)
    {
        var blob = BlobText.Parse(Encoding.ASCII.GetBytes(record.Blob));
        if (record.RootKey is null)
        {
            Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(_taKey, blob, key));
            return;
        }
        Span<byte> root = stackalloc byte[TwoLevelKey.RootSize];
        Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(_taKey, blob, root));
        Assert.True(EncryptedKeyModel.Unwrap(TwoLevelKey.Read(record.SealedKey), root, key));
    }

    private static byte[] TaKey(string hukFile)
    {
        var key = new byte[32];
        using var huk = HukFile.Read(hukFile);
        TrustedKeysTa.DeriveKey(huk.Memory.Span, key);
        return key;
    }
}
