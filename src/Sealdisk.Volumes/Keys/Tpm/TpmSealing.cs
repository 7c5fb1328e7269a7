using System.Globalization;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>What the kernel is told for a key that a TPM seals or unseals, with everything in the TPM that it takes for granted.</summary>
public static class TpmSealing
{
    /// <summary>The parent is there when this returns, with nothing sealed under it yet.</summary>
    /// <exception cref="SealdiskException">As <see cref="ForNew"/>.</exception>
    public static void MakeParent(TpmSettings settings, string subject) => Explained(subject, () =>
    {
        using var tpm = Tpm2.Open(settings);
        TpmParent.Ensure(tpm, settings.Parent, subject);
        return true;
    });

    /// <summary>
    /// For a new key. The parent is there when this returns. <see cref="TrustedKeyOptions.None"/> if no TPM 2.0 seals.
    /// </summary>
    /// <param name="settings">As configured.</param>
    /// <param name="subject">What is to be made, for messages.</param>
    /// <exception cref="SealdiskException">It cannot be done so here.</exception>
    internal static TrustedKeyOptions ForNew(TpmSettings settings, string subject)
    {
        if (TpmDevice.Family == 1 && settings != TpmSettings.Default && IsSource())
            throw SealdiskException.Usage(
                $"cannot make {subject}: this is a TPM 1.2, and the settings of [source.tpm] are for a TPM 2.0",
                "remove the table; a TPM 1.2 seals under its storage root key");
        if (TpmDevice.Family != 2 || !IsSource())
            return TrustedKeyOptions.None;
        var auth = settings.Auth is { } path ? TpmAuthFile.Read(path) : null;
        try
        {
            return Explained(subject, () =>
            {
                using var tpm = Tpm2.Open(settings);
                TpmParent.Ensure(tpm, settings.Parent, subject);
                // Left to itself the kernel makes an object that is neither fixed to its TPM nor to its parent.
                var words = string.Create(CultureInfo.InvariantCulture, $" keyhandle={settings.Parent:x8} migratable=0");
                if (settings.Hash is { } hash)
                    words += $" hash={hash}";
                if (settings.Pcrs.Count > 0) // hash= comes before it, or the kernel knows no size for it
                    words += $"{(settings.Hash is null ? " hash=sha256" : "")}"
                        + $" policydigest={BlobText.Write(PolicyDigest(tpm, settings, auth is not null))}";
                var options = new TrustedKeyOptions(words, auth, null);
                auth = null;
                return options;
            });
        }
        finally
        {
            auth?.Dispose();
        }
    }

    /// <summary>The settings that open a key as it was sealed, whatever is configured for the next one.</summary>
    /// <param name="settings">As configured.</param>
    /// <param name="binding">What its seal depends on.</param>
    /// <param name="auth">The password that it has, if that is another than the configured one; else null.</param>
    public static TpmSettings AsSealed(TpmSettings settings, SealBinding binding, OldAuth? auth) => settings with
    {
        Pcrs = binding.Pcrs?.Numbers ?? [],
        Bank = binding.Pcrs?.Bank ?? settings.Bank,
        Auth = auth is null ? settings.Auth : auth.Path,
    };

    /// <summary>For a key that was sealed: its password, and a session in which its policy is met.</summary>
    /// <param name="settings">As configured.</param>
    /// <param name="binding">What its seal depends on.</param>
    /// <param name="subject">What is to be unsealed, for messages.</param>
    /// <exception cref="SealdiskException">
    /// The PCRs are not what they were (4), the configuration contradicts the record (3), or it cannot be done (5).
    /// </exception>
    internal static TrustedKeyOptions ForLoad(TpmSettings settings, SealBinding binding, string subject)
    {
        if (TpmDevice.Family != 2)
            return TrustedKeyOptions.None;
        // A key that was adopted says nothing of PCRs: if it was sealed to some by hand, it has to be unsealed by hand.
        if (binding.Parent is null)
            return new TrustedKeyOptions("", settings.Auth is { } file ? TpmAuthFile.Read(file) : null, null);
        RequireAgreement(settings, binding, subject);
        var auth = settings.Auth is { } path ? TpmAuthFile.Read(path) : null;
        try
        {
            if (binding.Pcrs is not { } pcrs)
                return Take(new TrustedKeyOptions("", auth, null));
            RequireUnchanged(settings, pcrs, subject);
            var session = PolicySession.Start(pcrs.Bank, settings.Pcrs, auth is not null);
            return Take(new TrustedKeyOptions(session.Option, auth, session));
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Lacking(
                $"cannot unseal {subject}: {problem.Message}",
                "a key bound to PCRs needs /dev/tpm0 for a moment: another process that keeps it open (tpm2-abrmd) has to let go");
        }
        catch (TpmException problem)
        {
            throw SealdiskException.Failed($"cannot unseal {subject}: {problem.Message}", "nothing was changed");
        }
        finally
        {
            auth?.Dispose();
        }

        TrustedKeyOptions Take(TrustedKeyOptions options)
        {
            auth = null;
            return options;
        }
    }

    /// <summary>The configuration must say of PCRs what the record says.</summary>
    /// <exception cref="SealdiskException">It does not (3).</exception>
    internal static void RequireAgreement(TpmSettings settings, SealBinding binding, string subject)
    {
        var (configured, recorded) = (List(settings.Pcrs, settings.Bank), List(binding.Pcrs?.Numbers ?? [], binding.Pcrs?.Bank));
        if (configured != recorded)
            throw SealdiskException.Refused(
                $"cannot unseal {subject}: the configuration says pcrs {configured}, its record says {recorded}",
                "a key is bound to PCRs when it is sealed, and its record must agree: correct [source.tpm]; or,"
                    + " with key = \"encrypted\", 'sealdisk rotate' seals it to what is configured now");
    }

    /// <summary>The policy that the settings ask for, with the PCRs as they are now.</summary>
    /// <exception cref="TpmException">The TPM refuses, or has no such bank.</exception>
    internal static byte[] PolicyDigest(Tpm2 tpm, TpmSettings settings, bool withPassword) =>
        PcrPolicy.Digest(settings.Bank, settings.Pcrs, tpm.ReadPcrs(settings.Bank, settings.Pcrs), withPassword);

    private static T Explained<T>(string subject, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Lacking(
                $"cannot make {subject}: {problem.Message}",
                "a TPM 2.0 needs the kernel's resource manager, /dev/tpmrm0 (Linux 4.12), and the right to use it");
        }
        catch (TpmException problem)
        {
            throw SealdiskException.Failed($"cannot make {subject}: {problem.Message}", "nothing was changed");
        }
    }

    /// <summary>Refuses a seal that depends on something that this version cannot meet.</summary>
    /// <exception cref="SealdiskException">It does (3).</exception>
    internal static void RequireKnown(SealBinding binding, string subject)
    {
        var unknown = binding switch
        {
            { PolicyKey: not null } => "a signed PCR policy",
            { Cap: not null } => "a cap",
            { Counter: not null } => "a counter",
            _ => null,
        };
        if (unknown is not null)
            throw SealdiskException.Refused(
                $"cannot unseal {subject}: its seal depends on {unknown}, which this version of Sealdisk cannot meet",
                "nothing was changed; use the version that sealed it, or a later one");
    }

    private static void RequireUnchanged(TpmSettings settings, PcrValues then, string subject)
    {
        using var tpm = Tpm2.Open(settings);
        RequireUnchanged(tpm, then, subject);
    }

    /// <summary>The PCRs must be what they were.</summary>
    /// <exception cref="SealdiskException">They are not (4): which of them.</exception>
    internal static void RequireUnchanged(Tpm2 tpm, PcrValues then, string subject)
    {
        var now = TpmBinding.PcrsOf(tpm, then.Bank, then.Numbers);
        var changed = then.Values.Zip(now.Values)
            .Where(pair => pair.First.Value != pair.Second.Value)
            .Select(pair => pair.First.Number)
            .ToArray();
        if (changed.Length > 0)
            throw SealdiskException.DoesNotOpen(
                $"cannot unseal {subject}: PCR {List(changed)} {(changed.Length > 1 ? "are" : "is")} not what"
                + $" {(changed.Length > 1 ? "they were" : "it was")} when the key was sealed",
                "something else was booted: boot what was booted then (firmware, boot loader, kernel, Secure Boot's keys:"
                    + " see /sys/kernel/security/tpm0/binary_bios_measurements); with a recovery key,"
                    + " 'sealdisk recover' seals it to what they are now; nothing was changed");
    }

    /// <summary>A bank that is not the usual one is named.</summary>
    private static string List(IReadOnlyList<int> pcrs, string? bank) =>
        pcrs.Count == 0 || bank == PcrValues.DefaultBank ? List(pcrs) : $"{List(pcrs)} of the {bank} bank";

    private static string List(IReadOnlyList<int> pcrs) => pcrs.Count == 0 ? "none" : string.Join(", ", pcrs);

    /// <summary>The kernel's trusted keys are sealed by a TPM.</summary>
    private static bool IsSource() => KernelSource.Detect().Source?.IsTpm() == true;
}
