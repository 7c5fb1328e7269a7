using Sealdisk.Linux;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// The trust source behind the kernel's <c>trusted</c> keys: OP-TEE, a TPM, CAAM or DCP. Keys stay in the kernel; only one that is to be
/// wrapped for a recovery key passes through this process once, when it is made.
/// </summary>
/// <param name="kind">Who the kernel has seal.</param>
/// <param name="tpm">How a TPM is to seal; null to tell the source nothing, as keyctl does.</param>
public sealed partial class KernelKeySource(TrustSource kind, TpmSettings? tpm) : IKeySource
{
    private readonly TpmSettings? _tpm = kind.UsesTpmSettings() ? tpm : null;

    /// <inheritdoc/>
    public TrustSource Kind => kind;

    /// <inheritdoc/>
    public (string Problem, string Remedy)? Lacking(KeyRequest request)
    {
        if (request.Kind == KeyKind.Encrypted && !KeyTypes.IsRegistered("encrypted"))
            return (
                "this kernel has no key type 'encrypted', which key = \"encrypted\" needs",
                "load the 'encrypted-keys' module, or build the kernel with CONFIG_ENCRYPTED_KEYS");
        return request.Recovery is not null && !KernelTakesKeys.Here()
            ? (
                $"{KernelTakesKeys.Not}, and a key that it makes itself cannot be wrapped for a recovery key",
                $"{KernelTakesKeys.Remedy}; or do without recovery")
            : null;
    }

    /// <inheritdoc/>
    public SealBinding CurrentBinding() => _tpm is { } settings && kind.IsTpm() ? TpmBinding.Now(settings) : SealBinding.None;

    /// <inheritdoc/>
    public SealedKey Make(KeyRequest request)
    {
        if (request.Recovery is not null)
        {
            // Only what is here can be wrapped for a recovery key.
            using var key = SecretBuffer.Random(request.Size);
            return Seal(key, request);
        }
        if (request.Kind == KeyKind.Encrypted)
            return MakeTwoLevel(request);
        using var options = OptionsForNew(request.Subject);
        var description = KeyDescription.Parse($"sealdisk:{request.Name}:new");
        using var made = KernelKey.NewTrusted(description, request.Size, options, request.Subject);
        return new SealedKey.Trusted(made.ReadBlob()) { Made = KeyCustody.Kernel, Binding = CurrentBinding() };
    }

    /// <inheritdoc/>
    public SealedKey Seal(SecretBuffer key, KeyRequest request) => SealTwoLevel(key, request);

    /// <inheritdoc/>
    public LoadedKey Unseal(SealedKey sealedKey, KeyUse use)
    {
        if (sealedKey is SealedKey.TwoLevel two)
            return new LoadedKey.InKernel(LoadTwoLevel(two, use));
        using var options = OptionsForLoad(sealedKey.Binding, use.Subject);
        return new LoadedKey.InKernel(KernelKey.LoadTrusted(use.Description, sealedKey.Blob, use.Subject, options));
    }

    /// <inheritdoc/>
    public SealedKey Reseal(SealedKey old, KeyRequest request, IKeySource target) =>
        old is SealedKey.TwoLevel two && target is KernelKeySource kernel
            ? Rewrap(two, request, kernel)
            : throw new InvalidOperationException(
                "a key that never leaves the kernel can only be sealed again in the kernel, on two levels");

    /// <summary>Nothing is kept.</summary>
    public void Dispose()
    {
    }

    private TrustedKeyOptions OptionsForNew(string subject) => _tpm is { } settings
        ? TpmSealing.ForNew(settings, subject)
        : TrustedKeyOptions.None;

    private TrustedKeyOptions OptionsForLoad(SealBinding binding, string subject)
    {
        TpmSealing.RequireKnown(binding, subject);
        return _tpm is { } settings ? TpmSealing.ForLoad(settings, binding, subject) : TrustedKeyOptions.None;
    }
}
