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
        using var key = SecretBuffer.Allocate(record.Format.KeySize);
        Unseal(record, key.Memory.Span);
        using var volume = record.Format.Decrypt(FileDescriptor.Open(image, OpenFlags.Read), key);
        var start = new byte[Superblock.Window];
        volume.Read(0, start);
        return (Superblock.Read(record.Filesystem, start)?.Uuid, Superblock.Read(record.Filesystem, start)?.LastMount is not null);
    }

    private void Unseal(VolumeRecord record, Span<byte> key)
    {
        var blob = record.Key.Blob.Bytes;
        if (record.Key is not SealedKey.TwoLevel two)
        {
            Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(_taKey, blob, key));
            return;
        }
        Span<byte> root = stackalloc byte[RootKey.Size];
        Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(_taKey, blob, root));
        Assert.True(EncryptedKeyModel.Unwrap(two.Key, root, key));
    }

    private static byte[] TaKey(string hukFile)
    {
        var key = new byte[32];
        using var huk = HukFile.Read(hukFile);
        TrustedKeysTa.DeriveKey(huk.Memory.Span, key);
        return key;
    }
}
