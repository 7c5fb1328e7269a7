using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>Why a TPM 2.0 does not open a volume's key, and the way out.</summary>
public static class TpmProblem
{
    /// <summary>The kernel's bare refusal in the words of what has happened to the TPM; the refusal itself if nothing has.</summary>
    /// <param name="name">The volume.</param>
    /// <param name="refusal">The refusal.</param>
    /// <param name="settings">Which TPM it is.</param>
    /// <param name="binding">What its seal depends on.</param>
    public static SealdiskException Explain(SealdiskException refusal, string name, TpmSettings settings, SealBinding binding)
    {
        if (binding.Parent is not { } parent)
            return refusal;
        try
        {
            using var tpm = Tpm2.Open(settings);
            return TpmBinding.Change(binding, tpm) is { } change ? Of(change, parent, name, refusal) : refusal;
        }
        catch (Exception problem) when (problem is LinuxException or TpmException)
        {
            return refusal;
        }
    }

    /// <summary>Makes a parent again that was evicted; true if one was. The same key comes of it, or nothing is done.</summary>
    public static bool RestoreParent(TpmSettings settings, SealBinding binding)
    {
        if (binding.Parent is not { } parent || !TpmParent.IsFamily2(settings))
            return false;
        try
        {
            using var tpm = Tpm2.Open(settings);
            return TpmBinding.Change(binding, tpm) == TpmChange.ParentEvicted
                && TpmParent.Ensure(tpm, parent.Handle).Fingerprint == parent.Fingerprint.Text;
        }
        catch (Exception problem) when (problem is LinuxException or TpmException or SealdiskException)
        {
            return false;
        }
    }

    private static SealdiskException Of(TpmChange change, TpmParentKey parent, string name, SealdiskException refusal)
    {
        var handle = TpmParent.Text(parent.Handle);
        var (what, wayOut) = change switch
        {
            TpmChange.AnotherTpm => (
                "another TPM sealed it, not the one of this device",
                "take the disk back to the device it was set up on; nothing was changed"),
            TpmChange.Cleared => (
                "this TPM sealed it, and was cleared since: its storage seed is another",
                "what a TPM sealed before it was cleared opens nowhere any more; with a backup of the data,"
                    + $" 'sealdisk erase {name}' and a new first boot; nothing was changed"),
            TpmChange.ParentEvicted => (
                $"its parent key {handle} was removed from this TPM",
                $"'sealdisk up {name}' makes the same key again, if the owner hierarchy has no password; nothing was changed"),
            _ => (
                $"another object has taken the place of its parent key {handle} in this TPM",
                $"remove it (tpm2_evictcontrol -c {handle}), and 'sealdisk up {name}' makes the parent again; nothing was changed"),
        };
        return new SealdiskException(refusal.Code, $"{refusal.Message}; {what}", wayOut, refusal);
    }
}
