using Sealdisk.Configuration;
using Sealdisk.Keys;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Records;

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
        var root = shared is null ? null : new TwoLevelKey(shared.RootKey, shared.SealedKey);
        var subject = shared is null ? Subject : $"{Subject}, which is to be under that of {shared.Volume}";
        if (spec.Source == TrustSource.Soft)
        {
            using var source = SoftSource.Open(Huk);
            if (spec.Key == KeyKind.Encrypted)
                return NewKey.Of(TwoLevelKey.New(source, root, spec.KeySize, subject));
            using var key = SecretBuffer.Random(spec.KeySize);
            return new NewKey(source.Seal(key), null);
        }
        if (spec.Key == KeyKind.Encrypted)
            return NewKey.Of(KernelTwoLevelKey.New(root, spec.KeySize, subject));
        using var log = KernelLog.FromNow();
        try
        {
            using var made = KernelKey.NewTrusted($"sealdisk:{spec.Name}:new", spec.KeySize);
            return new NewKey(made.ReadBlob(), null);
        }
        catch (LinuxException problem)
        {
            throw TrustedKeyProblem.OfNew(problem, Subject, log.Read());
        }
    }

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
                _kernelKey = record.RootKey is { } root
                    ? KernelTwoLevelKey.Load(description, record.SealedKey, root, Subject)
                    : KernelKey.LoadTrusted(description, record.SealedKey, Subject);
                return;
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
