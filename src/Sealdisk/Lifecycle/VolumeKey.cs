using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// The key of one volume on its way from its record into a mapping. Everything happens on the thread that made this, and the kernel's
/// copy goes when this is disposed or the mapping stands.
/// </summary>
internal sealed class VolumeKey(VolumeSpec spec, MappingKind kind) : IDisposable
{
    private KernelKey? _kernelKey;

    /// <summary>Opens a record's key, to know that this device can; for dm it stays in the kernel for <see cref="OpenMapping"/>.</summary>
    /// <exception cref="SealdiskException">It does not open here (4).</exception>
    internal void Load(VolumeRecord record)
    {
        Dispose();
        // The description shows in the table of the mapping for as long as that lives.
        var use = new KeyUse(KeyDescription.Parse($"sealdisk:{spec.Name}"), record.Format.KeySize, KeySources.SubjectOf(spec));
        using var source = KeySources.Of(spec, record.Source);
        using var loaded = Explained(record, () => source.Unseal(record.Key, use));
        // A fuse mapping's server opens it once more, for itself.
        if (kind == MappingKind.Dm || loaded.Custody == KeyCustody.Kernel)
            _kernelKey = loaded.ForDmCrypt(use.Description);
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

    /// <summary>A key that does not open says the same whatever has happened; what the record remembers of its seal may tell.</summary>
    private LoadedKey Explained(VolumeRecord record, Func<LoadedKey> unseal)
    {
        try
        {
            return unseal();
        }
        catch (SealdiskException problem) when (problem.Code == ExitCode.DoesNotOpen && record.Source.IsTpm())
        {
            throw TpmProblem.Explain(problem, spec.Name, spec.Tpm, record.Key.Binding);
        }
        catch (SealdiskException problem) when (
            problem.Code == ExitCode.DoesNotOpen && record.Source.IsKernel() && ChipLifeCycle.Change(record) is { } change)
        {
            throw ChipLifeCycle.Because(problem, change);
        }
    }
}
