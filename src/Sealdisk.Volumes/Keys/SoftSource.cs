using System.Security.Cryptography;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// The trust source <c>soft</c>: OP-TEE's sealing done in software, with a hardware unique key (HUK) that is read from a file. It holds
/// the trusted-keys TA's key, derived from the HUK, in locked memory until disposed; the HUK itself is wiped at once.
/// </summary>
public sealed class SoftSource : ProcessSource
{
    private readonly SecretBuffer _taKey;

    private SoftSource(SecretBuffer taKey) => _taKey = taKey;

    /// <inheritdoc/>
    public override TrustSource Kind => TrustSource.Soft;

    /// <summary>Reads the HUK file and derives the sealing key from it.</summary>
    /// <exception cref="SealdiskException">The file is absent, readable by others, or not 16 to 32 bytes of hex text (2).</exception>
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

    /// <summary>Nothing: it is all in this process.</summary>
    public override (string Problem, string Remedy)? Lacking(KeyRequest request) => null;

    /// <summary>Nothing but the HUK.</summary>
    public override SealBinding CurrentBinding() => SealBinding.None;

    /// <summary>Seals with a fresh random IV.</summary>
    internal SealedBlob SealBlob(SecretBuffer key)
    {
        Span<byte> iv = stackalloc byte[16];
        RandomBytes.Fill(iv);
        var blob = new byte[key.Length + TrustedKeysTa.Overhead];
        TrustedKeysTa.Seal(_taKey.Memory.Span, iv, key.Memory.Span, blob);
        return SealedBlob.Of(blob);
    }

    /// <summary>Opens a blob, whatever the size of its key; the caller owns the key.</summary>
    /// <exception cref="SealdiskException">It does not open here (4).</exception>
    internal SecretBuffer UnsealBlob(SealedBlob sealedBlob, string subject)
    {
        var blob = sealedBlob.Bytes;
        if (blob.Length is < TrustedKeysTa.MinBlob or > TrustedKeysTa.MaxBlob)
            throw SealdiskException.DoesNotOpen(
                $"cannot unseal {subject}: {blob.Length} bytes are not a blob of OP-TEE's trusted keys"
                + $" ({TrustedKeysTa.MinBlob} to {TrustedKeysTa.MaxBlob} bytes)",
                "'sealdisk blob inspect' says what kind of blob a file holds");
        var key = SecretBuffer.Allocate(blob.Length - TrustedKeysTa.Overhead);
        if (TrustedKeysTa.Unseal(_taKey.Memory.Span, blob, key.Memory.Span) == UnsealResult.Opened)
            return key;
        key.Dispose();
        throw SealdiskException.DoesNotOpen(
            $"cannot unseal {subject}: it does not open with this device's key",
            "it was sealed by another device or under another HUK, or the blob was altered; the format cannot tell which");
    }

    /// <summary>Whether a blob opens here, whatever the size of its key.</summary>
    public bool Opens(SealedBlob sealedBlob)
    {
        var blob = sealedBlob.Bytes;
        if (blob.Length is < TrustedKeysTa.MinBlob or > TrustedKeysTa.MaxBlob)
            return false;
        using var key = SecretBuffer.Allocate(blob.Length - TrustedKeysTa.Overhead);
        return TrustedKeysTa.Unseal(_taKey.Memory.Span, blob, key.Memory.Span) == UnsealResult.Opened;
    }

    /// <summary>True if both buffers hold the same bytes; takes the same time wherever they differ.</summary>
    public static bool SameKey(SecretBuffer a, SecretBuffer b) => CryptographicOperations.FixedTimeEquals(a.Memory.Span, b.Memory.Span);

    private protected override (SealedBlob Blob, SealBinding Binding) SealBlob(SecretBuffer key, string subject) =>
        (SealBlob(key), SealBinding.None);

    private protected override SecretBuffer UnsealBlob(SealedBlob sealedBlob, SealBinding binding, string subject) =>
        UnsealBlob(sealedBlob, subject);

    private protected override void Dispose(bool isDisposing) => _taKey.Dispose();
}
