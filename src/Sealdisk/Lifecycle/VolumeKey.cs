using Sealdisk.Configuration;
using Sealdisk.Keys;
using Sealdisk.Keys.Tpm;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.OpTee;
using Sealdisk.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// The key of one volume, on its way from a sealed blob into a mapping. A kernel source's key is a <c>trusted</c> key that user space never sees; the soft
/// source's is unsealed here for as long as it takes to hand it to the kernel, or again in the data-path server for a fuse mapping. Everything
/// happens on the thread that made this, and the kernel's copy goes when this is disposed or the mapping stands.
/// </summary>
internal sealed class VolumeKey(VolumeSpec spec, MappingKind kind) : IDisposable
{
    private KernelKey? _kernelKey;

    private string Subject => $"the key of {spec.Name}";

    /// <summary>A new random key; returns it sealed, as hex text. The key itself is gone when this returns.</summary>
    internal string SealNew()
    {
        if (spec.Source == TrustSource.Soft)
        {
            using var source = SoftSource.Open(Huk);
            using var key = SecretBuffer.Random(spec.KeySize);
            return source.Seal(key);
        }
        using var options = TpmSealing.ForNew(spec.Tpm, Subject);
        using var log = KernelLog.FromNow();
        try
        {
            using var made = KernelKey.NewTrusted($"sealdisk:{spec.Name}:new", spec.KeySize, options);
            return made.ReadBlob();
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
                using var options = record.Source == TrustSource.Tpm ? TpmSealing.ForLoad(spec.Tpm, record.LifeCycle, Subject) : TrustedKeyOptions.None;
                _kernelKey = KernelKey.LoadTrusted(description, record.SealedKey, Subject, options);
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
        using var key = source.Unseal(BlobText.Parse(System.Text.Encoding.ASCII.GetBytes(record.SealedKey)), record.KeySize, Subject);
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
