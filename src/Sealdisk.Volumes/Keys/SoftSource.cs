using System.Security.Cryptography;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// The trust source "soft": OP-TEE's sealing done in software, with a hardware unique key (HUK) that is read from a file.
/// It holds the trusted-keys TA's key, derived from the HUK, in locked memory until disposed; the HUK itself is wiped at once.
/// </summary>
public sealed class SoftSource : IDisposable
{
    private readonly SecretBuffer _taKey;

    private SoftSource(SecretBuffer taKey) => _taKey = taKey;

    /// <summary>Reads the HUK file and derives the sealing key from it.</summary>
    /// <exception cref="SealdiskException">The file is absent, readable by others, or not 16 to 32 bytes of hex text (exit code 2).</exception>
    public static SoftSource Open(string hukPath)
    {
        // The stack that keys pass over, before it is wiped, must not be paged out either.
        if (CurrentProcess.HasCapability(Capability.IpcLock))
            CurrentProcess.LockAllMemory();
        using var huk = HukFile.Read(hukPath);
        var taKey = SecretBuffer.Allocate(32);
        TrustedKeysTa.DeriveKey(huk.Memory.Span, taKey.Memory.Span);
        return new SoftSource(taKey);
    }

    /// <summary>Seals a key: fresh random IV, blob text as keyctl prints it.</summary>
    public string Seal(SecretBuffer key)
    {
        Span<byte> iv = stackalloc byte[16];
        RandomBytes.Fill(iv);
        var blob = new byte[key.Length + TrustedKeysTa.Overhead];
        TrustedKeysTa.Seal(_taKey.Memory.Span, iv, key.Memory.Span, blob);
        return BlobText.Write(blob);
    }

    /// <summary>Opens a blob; the caller owns the key and wipes it by disposing it.</summary>
    /// <param name="blob">The sealed key, as bytes.</param>
    /// <param name="keySize">The size in bytes that the key must have.</param>
    /// <param name="subject">What the blob belongs to, for messages.</param>
    /// <exception cref="SealdiskException">It does not open here (exit code 4), or holds a key of another size (exit code 2).</exception>
    public SecretBuffer Unseal(ReadOnlySpan<byte> blob, int keySize, string subject)
    {
        var key = UnsealAny(blob, subject);
        if (key.Length == keySize)
            return key;
        var actual = key.Length;
        key.Dispose();
        throw OtherSize(subject, actual, keySize);
    }

    internal static SealdiskException OtherSize(string subject, int actual, int keySize) => SealdiskException.Usage(
        $"cannot use {subject}: it seals a key of {actual} bytes, and {keySize} are asked for", "give the key size that it was made with; or is it the sealed key of another volume?");

    /// <summary>Opens the key of a volume: sealed itself, or encrypted under a root key that is sealed. The caller owns it and wipes it by disposing it.</summary>
    /// <param name="sealedKey">As the record has it: blob text, or with a root key the text of an encrypted key.</param>
    /// <param name="rootKey">The sealed root key as blob text, or null.</param>
    /// <param name="keySize">The size in bytes that the key must have.</param>
    /// <param name="subject">What the key belongs to, for messages.</param>
    /// <exception cref="SealdiskException">Either does not open here (4), or it is a key of another size (2).</exception>
    public SecretBuffer Unseal(string sealedKey, string? rootKey, int keySize, string subject) => rootKey is null
        ? Unseal(BlobText.Parse(System.Text.Encoding.ASCII.GetBytes(sealedKey)), keySize, subject)
        : TwoLevelKey.Unseal(this, sealedKey, rootKey, keySize, subject);

    /// <summary>The same for a key of whatever size.</summary>
    public SecretBuffer UnsealAny(ReadOnlySpan<byte> blob, string subject)
    {
        if (blob.Length is < TrustedKeysTa.MinBlob or > TrustedKeysTa.MaxBlob)
            throw SealdiskException.DoesNotOpen(
                $"cannot unseal {subject}: {blob.Length} bytes are not a blob of OP-TEE's trusted keys ({TrustedKeysTa.MinBlob} to {TrustedKeysTa.MaxBlob} bytes)",
                "'sealdisk blob inspect' tells what kind of blob a file holds");
        var key = SecretBuffer.Allocate(blob.Length - TrustedKeysTa.Overhead);
        if (TrustedKeysTa.Unseal(_taKey.Memory.Span, blob, key.Memory.Span) == UnsealResult.Opened)
            return key;
        key.Dispose();
        throw SealdiskException.DoesNotOpen(
            $"cannot unseal {subject}: it does not open with this device's key",
            "it was sealed by another device or under another HUK, or the blob was altered; the format cannot tell which");
    }

    /// <summary>Whether a blob opens here, whatever the size of its key.</summary>
    public bool Opens(ReadOnlySpan<byte> blob)
    {
        if (blob.Length is < TrustedKeysTa.MinBlob or > TrustedKeysTa.MaxBlob)
            return false;
        using var key = SecretBuffer.Allocate(blob.Length - TrustedKeysTa.Overhead);
        return TrustedKeysTa.Unseal(_taKey.Memory.Span, blob, key.Memory.Span) == UnsealResult.Opened;
    }

    /// <summary>True when both buffers hold the same bytes; takes the same time wherever they differ.</summary>
    public static bool SameKey(SecretBuffer a, SecretBuffer b) => CryptographicOperations.FixedTimeEquals(a.Memory.Span, b.Memory.Span);

    /// <inheritdoc/>
    public void Dispose() => _taKey.Dispose();
}
