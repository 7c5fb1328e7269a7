using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// The part of a <see cref="SealBinding"/> that tells which TPM 2.0 sealed a key, and under which parent, so that a later failure can be
/// explained: to the kernel another TPM, a cleared one and a damaged blob are all the same EPERM.
/// </summary>
internal static class TpmBinding
{
    /// <summary>
    /// What a seal made now would depend on; <see cref="SealBinding.None"/> if there is no TPM 2.0, or it does not answer.
    /// </summary>
    internal static SealBinding Now(TpmSettings settings)
    {
        if (!TpmParent.IsFamily2(settings))
            return SealBinding.None;
        try
        {
            using var tpm = Tpm2.Open(settings);
            return tpm.ReadPublic(settings.Parent) is { } parent ? Of(tpm, settings, parent) : SealBinding.None;
        }
        catch (Exception problem) when (problem is LinuxException or TpmException)
        {
            return SealBinding.None;
        }
    }

    /// <summary>What a seal under that parent depends on.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static SealBinding Of(Tpm2 tpm, TpmSettings settings, TpmPublic parent) => new()
    {
        Parent = new TpmParentKey(settings.Parent, TpmFingerprint.Parse(parent.Fingerprint)),
        EndorsementKey = EndorsementOf(tpm),
        Pcrs = settings.Pcrs.Count == 0 ? null : PcrsOf(tpm, settings.Bank, settings.Pcrs),
    };

    /// <summary>Why what this TPM should open does not; null if the TPM and the parent are the same, or the parent is not known.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static TpmChange? Change(SealBinding binding, Tpm2 tpm)
    {
        if (binding.Parent is not { } sealedUnder)
            return null;
        var endorsement = EndorsementOf(tpm);
        if (endorsement is not null && binding.EndorsementKey is not null && endorsement != binding.EndorsementKey)
            return TpmChange.AnotherTpm;
        var parent = tpm.ReadPublic(sealedUnder.Handle);
        if (parent?.Fingerprint == sealedUnder.Fingerprint.Text)
            return null;
        if (Primary(tpm, Tpm2.OwnerHierarchy, TpmTemplates.StorageKey) != sealedUnder.Fingerprint)
            return endorsement is not null && endorsement == binding.EndorsementKey ? TpmChange.Cleared : TpmChange.AnotherTpm;
        return parent is null ? TpmChange.ParentEvicted : TpmChange.ParentReplaced;
    }

    /// <summary>PCRs as a record keeps them.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static PcrValues PcrsOf(Tpm2 tpm, string bank, IReadOnlyList<int> pcrs) => new(
        bank,
        [.. pcrs.Zip(tpm.ReadPcrs(bank, pcrs), (number, value) => (number, BlobText.Write(value.AsSpan(0, PcrValues.ValueSize))))]);

    /// <summary>Null if it cannot be made: a password, or a TPM without that curve.</summary>
    private static TpmFingerprint? EndorsementOf(Tpm2 tpm)
    {
        try
        {
            return Primary(tpm, Tpm2.EndorsementHierarchy, TpmTemplates.EndorsementKey);
        }
        catch (TpmException)
        {
            return null;
        }
    }

    private static TpmFingerprint Primary(Tpm2 tpm, uint hierarchy, byte[] template)
    {
        var (handle, made) = tpm.CreatePrimary(hierarchy, template);
        tpm.Flush(handle);
        return TpmFingerprint.Parse(made.Fingerprint);
    }
}
