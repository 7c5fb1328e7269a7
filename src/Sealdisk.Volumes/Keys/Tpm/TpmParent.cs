using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// The storage key under which a TPM 2.0 seals: a persistent object, since the kernel makes no sealed key without one and does not make
/// one itself. If the handle is free, it is made from the owner's seed and the TCG's template; what another owner put there is never
/// replaced.
/// </summary>
public static class TpmParent
{
    /// <summary>Nothing has that handle; false also if the TPM cannot be asked, since a new key will then say why.</summary>
    public static bool IsFree(TpmSettings settings)
    {
        if (!IsFamily2(settings))
            return false;
        try
        {
            using var tpm = Tpm2.Open(settings);
            return tpm.ReadPublic(settings.Parent) is null;
        }
        catch (Exception problem) when (problem is LinuxException or TpmException)
        {
            return false;
        }
    }

    /// <summary>The parent is there when this returns.</summary>
    /// <param name="subject">What is to be sealed under it, for messages.</param>
    /// <exception cref="SealdiskException">Something else has the handle, or the TPM makes none.</exception>
    internal static TpmPublic Ensure(Tpm2 tpm, uint handle, string subject)
    {
        try
        {
            return Ensure(tpm, handle);
        }
        catch (TpmException problem)
        {
            throw SealdiskException.Failed(
                $"cannot make {subject}: the TPM has no parent key {Text(handle)}, and none can be made: {problem.Message}",
                WayOut(problem, handle));
        }
    }

    /// <summary>
    /// The parent under that handle; made and kept there if there is none. Done twice, or by two at a time, it is the same key once.
    /// </summary>
    /// <exception cref="SealdiskException">Something else is there.</exception>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static TpmPublic Ensure(Tpm2 tpm, uint handle)
    {
        if (tpm.ReadPublic(handle) is { } there)
            return Checked(there, handle);
        var (loaded, made) = tpm.CreatePrimary(Tpm2.OwnerHierarchy, TpmTemplates.StorageKey);
        try
        {
            tpm.MakePersistent(loaded, handle);
            return made;
        }
        catch (TpmException problem) when (problem.Kind == TpmException.NvDefined && tpm.ReadPublic(handle) is { } meanwhile)
        {
            return Checked(meanwhile, handle);
        }
        finally
        {
            tpm.Flush(loaded);
        }
    }

    /// <summary>It is a TPM 2.0, as far as that is known without asking it: a software TPM at a socket is taken for one.</summary>
    internal static bool IsFamily2(TpmSettings settings) => settings.IsSocket || TpmDevice.FamilyOf(settings.Device) == 2;

    /// <summary>A handle as people write it.</summary>
    internal static string Text(uint handle) => string.Create(CultureInfo.InvariantCulture, $"0x{handle:x8}");

    private static TpmPublic Checked(TpmPublic found, uint handle) => found.IsParent
        ? found
        : throw SealdiskException.Refused(
            $"cannot seal under the TPM's object {Text(handle)}: it is no storage key that can be used without a password",
            "it belongs to something else and was not changed; choose another handle with parent in [source.tpm]");

    private static string WayOut(TpmException problem, uint handle) => problem switch
    {
        { IsAuthorisation: true } => "the owner hierarchy has a password: if you know it,"
            + $" make a storage key and keep it at {Text(handle)} (tpm2_createprimary, tpm2_evictcontrol)",
        { Kind: TpmException.NvSpace } =>
            "remove a persistent object that is not needed (tpm2_getcap handles-persistent, tpm2_evictcontrol)",
        _ => "nothing was changed",
    };
}
