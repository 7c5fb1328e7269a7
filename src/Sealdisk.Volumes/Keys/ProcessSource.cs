using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A trust source whose keys are opened in this process, in locked memory: soft, and a TPM without the kernel's trusted keys. What seals is
/// the source's own; everything else is the same, and keys on two levels are what the kernel's key types <c>trusted</c> and
/// <c>encrypted</c> make of them, bit for bit.
/// </summary>
public abstract partial class ProcessSource : IKeySource
{
    /// <inheritdoc/>
    public abstract TrustSource Kind { get; }

    /// <inheritdoc/>
    public abstract (string Problem, string Remedy)? Lacking(KeyRequest request);

    /// <inheritdoc/>
    public abstract SealBinding CurrentBinding();

    /// <inheritdoc/>
    public SealedKey Make(KeyRequest request)
    {
        using var key = SecretBuffer.Random(request.Size);
        return Seal(key, request);
    }

    /// <inheritdoc/>
    public SealedKey Seal(SecretBuffer key, KeyRequest request)
    {
        if (request.Kind == KeyKind.Encrypted)
            return SealTwoLevel(key, request);
        var (blob, binding) = SealBlob(key, request.Subject);
        return new SealedKey.Trusted(blob) { Made = KeyCustody.Process, Binding = binding };
    }

    /// <inheritdoc/>
    public LoadedKey Unseal(SealedKey sealedKey, KeyUse use) => new LoadedKey.InProcess(UnsealHere(sealedKey, use.Size, use.Subject));

    /// <inheritdoc/>
    public SealedKey Reseal(SealedKey old, KeyRequest request, IKeySource target)
    {
        using var key = UnsealHere(old, request.Size, request.Subject);
        var made = target.Seal(key, request);
        // A recovery key that was configured since is served now; one that is not configured any more still opens it.
        return made is SealedKey.TwoLevel { Recovery: null } two && old is SealedKey.TwoLevel { Recovery: { } recovery }
            ? two with { Recovery = recovery }
            : made;
    }

    /// <summary>Opens a sealed key of whatever kind; the caller owns the key and wipes it by disposing it.</summary>
    /// <param name="sealedKey">The key.</param>
    /// <param name="keySize">The size in bytes that it must have.</param>
    /// <param name="subject">What it belongs to, for messages.</param>
    /// <exception cref="SealdiskException">It does not open here (4), or has another size (2).</exception>
    public SecretBuffer UnsealHere(SealedKey sealedKey, int keySize, string subject)
    {
        var key = sealedKey is SealedKey.TwoLevel two
            ? UnsealTwoLevel(two, subject)
            : UnsealBlob(sealedKey.Blob, sealedKey.Binding, subject);
        if (key.Length == keySize)
            return key;
        var actual = key.Length;
        key.Dispose();
        throw SealdiskException.Usage(
            $"cannot use {subject}: it seals a key of {actual} bytes, and {keySize} are asked for",
            "give the key size that it was made with; or is it the sealed key of another volume?");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Seals bytes; what the seal depends on comes with it.</summary>
    /// <exception cref="SealdiskException">The source refuses (1), or this system lacks something (5).</exception>
    private protected abstract (SealedBlob Blob, SealBinding Binding) SealBlob(SecretBuffer key, string subject);

    /// <summary>Opens a blob, whatever the size of its key; the caller owns the key.</summary>
    /// <exception cref="SealdiskException">It does not open here (4).</exception>
    private protected abstract SecretBuffer UnsealBlob(SealedBlob sealedBlob, SealBinding binding, string subject);

    /// <summary>Wipes what the source holds.</summary>
    private protected abstract void Dispose(bool isDisposing);
}
