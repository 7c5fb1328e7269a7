using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// The key of one volume, on one level or two, on its way from a sealed blob into a mapping. A kernel source's key is a <c>trusted</c> key that user space never sees; the soft
/// source's is unsealed here for as long as it takes to hand it to the kernel, or again in the data-path server for a fuse mapping. Everything
/// happens on the thread that made this, and the kernel's copy goes when this is disposed or the mapping stands.
/// </summary>
internal sealed class VolumeKey(VolumeSpec spec, MappingKind kind) : IDisposable
{
    private KernelKey? _kernelKey;

    private string Subject => $"the key of {spec.Name}";

    /// <summary>A new random key; returns it sealed. The key itself is gone when this returns.</summary>
    /// <param name="shared">With a key on two levels, the volume whose root key it is to be under; null for a new root key.</param>
    /// <exception cref="SealdiskException">The trust source refused (1), the root key of that volume does not open here (4), or the kernel lacks something (5).</exception>
    internal NewKey SealNew(SharedRoot? shared)
    {
        if (spec.Source == TrustSource.Soft || spec.Recovery is not null)
        {
            // Only what is here can be wrapped for a recovery key: with a kernel source too, it passes through this process this once.
            using var key = SecretBuffer.Random(spec.KeySize);
            return Seal(key, shared) with { Recovery = spec.Recovery is { } recovery ? RecoveryWrap.Wrap(recovery, key) : null };
        }
        if (spec.Key == KeyKind.Encrypted)
            return NewKey.Of(KernelTwoLevelKey.New(RootOf(shared), spec.KeySize, SubjectUnder(shared), Sealing(shared?.LifeCycle)));
        using var options = Sealing(null).ForNew(Subject);
        using var log = KernelLog.FromNow();
        try
        {
            using var made = KernelKey.NewTrusted($"sealdisk:{spec.Name}:new", spec.KeySize, options);
            return new NewKey(made.ReadBlob(), null);
        }
        catch (LinuxException problem)
        {
            throw TrustedKeyProblem.OfNew(problem, Subject, log.Read());
        }
    }

    /// <summary>Seals a key that is here.</summary>
    /// <param name="key">Stays the caller's.</param>
    /// <param name="shared">As with <see cref="SealNew"/>.</param>
    /// <exception cref="SealdiskException">As <see cref="SealNew"/>; a kernel that takes no key from outside (5).</exception>
    internal NewKey Seal(SecretBuffer key, SharedRoot? shared)
    {
        if (spec.Source.IsKernel())
            return NewKey.Of(KernelTwoLevelKey.Of(key, RootOf(shared), SubjectUnder(shared), Sealing(shared?.LifeCycle)));
        using var source = SoftSource.Open(Huk);
        return spec.Key == KeyKind.Encrypted ? NewKey.Of(TwoLevelKey.Wrap(source, key, RootOf(shared), SubjectUnder(shared))) : new NewKey(source.Seal(key), null);
    }

    private TrustedSealing Sealing(string? lifeCycle) => TrustedSealing.Of(spec, lifeCycle);

    private static TwoLevelKey? RootOf(SharedRoot? shared) => shared is null ? null : new TwoLevelKey(shared.RootKey, shared.SealedKey);

    private string SubjectUnder(SharedRoot? shared) => shared is null ? Subject : $"{Subject}, which is to be under that of {shared.Volume}";

    /// <summary>Unseals a record's key, to know that this device can; with dm it stays in the kernel for <see cref="OpenMapping"/>.</summary>
    /// <exception cref="SealdiskException">It does not open here (exit code 4).</exception>
    internal void Load(VolumeRecord record)
    {
        _kernelKey?.Dispose();
        _kernelKey = null;
        // The description shows in the table of the mapping for as long as that lives.
        var description = $"sealdisk:{spec.Name}";
        if (record.Source != TrustSource.Soft)
        {
            try
            {
                LoadFromKernel(record, description);
                return;
            }
            catch (SealdiskException problem) when (problem.Code == ExitCode.DoesNotOpen && record.Source == TrustSource.Tpm)
            {
                throw TpmProblem.Explain(problem, spec.Name, record.LifeCycle);
            }
            catch (SealdiskException problem) when (problem.Code == ExitCode.DoesNotOpen && ChipLifeCycle.Change(record) is { } change)
            {
                throw ChipLifeCycle.Because(problem, change);
            }
        }
        using var source = SoftSource.Open(Huk);
        using var key = source.Unseal(record.SealedKey, record.RootKey, record.KeySize, Subject);
        if (kind == MappingKind.Dm)
            _kernelKey = KernelKey.AddLogon(description, key);
    }

    private void LoadFromKernel(VolumeRecord record, string description)
    {
        var sealing = TrustedSealing.Of(spec with { Source = record.Source }, record.LifeCycle);
        if (record.RootKey is { } root)
        {
            _kernelKey = KernelTwoLevelKey.Load(description, record.SealedKey, root, Subject, sealing);
            return;
        }
        using var options = sealing.ForLoad(Subject);
        _kernelKey = KernelKey.LoadTrusted(description, record.SealedKey, Subject, options);
    }

    /// <summary>Opens the mapping with the key that was loaded, and drops the kernel's copy of it.</summary>
    internal MappingState OpenMapping(MappingRequest request)
    {
        if (kind == MappingKind.Fuse)
            return FuseMapping.Open(request);
        try
        {
            return DmMapping.Open(request, _kernelKey ?? throw new InvalidOperationException("no key was loaded"));
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        _kernelKey?.Dispose();
        _kernelKey = null;
    }

    private string Huk => spec.Huk ?? throw SealdiskException.Usage($"cannot use source soft for {spec.Name}: no huk is configured");
}
