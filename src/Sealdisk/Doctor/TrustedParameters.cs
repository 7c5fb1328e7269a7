using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Doctor;

/// <summary>
/// The parameters of the kernel's trusted keys on its command line, and their effect. The kernel does not show them in /sys
/// (security/keys/trusted-keys: their mode is 0), and accepts a wrong word without complaint.
/// </summary>
internal static class TrustedParameters
{
    private const string SourceName = "trusted.source";
    private const string OtpKeyName = "trusted.dcp_use_otp_key";
    private const string SkipTestName = "trusted.dcp_skip_zk_test";

    /// <summary>In the order in which the kernel tries them if none is named (trusted_key_sources of trusted_core.c).</summary>
    private static readonly string[] Order = ["tpm", "tee", "caam", "dcp"];

    private static string Sources => string.Join(", ", Order);

    /// <summary>Empty if there is no parameter and no trust source.</summary>
    /// <param name="commandLine">The kernel's.</param>
    /// <param name="source">The source that answers, or null.</param>
    internal static IEnumerable<DoctorFinding> Examine(KernelCommandLine commandLine, TrustSource? source)
    {
        if (commandLine.Find(SourceName) is not null || source is not null)
            yield return Source(commandLine.Value(SourceName), source);
        if (commandLine.Find(OtpKeyName) is not null || source == TrustSource.Dcp)
            yield return OtpKey(commandLine.IsOn(OtpKeyName), source);
        if (commandLine.IsOn(SkipTestName))
            yield return DoctorFinding.Note(
                "trusted-dcp-zero-key",
                $"{SkipTestName}: the kernel does not test whether the DCP's key is all zeros, as it is on a chip that is not closed",
                "remove it from the command line; anyone can open a key that was sealed with zeros");
    }

    private static DoctorFinding Source(string? word, TrustSource? source)
    {
        const string Id = "trusted-source";
        if (word is null)
            return DoctorFinding.Good(
                Id, $"{SourceName}: not set, so the kernel took the first of {Sources} that answered: {source!.Value.Text()}");
        // The kernel compares as many letters as its own word has: "tpm2" is tpm.
        var named = Array.Find(Order, known => word.StartsWith(known, StringComparison.Ordinal));
        if (named is null)
            return DoctorFinding.Missing(
                Id, $"{SourceName}={word}: the kernel does not know this source, and so has no trusted keys",
                $"use one of {Sources}, or remove it");
        if (source is null)
            return DoctorFinding.Missing(
                Id, $"{SourceName}={word}: the kernel asks only {named}, which does not answer",
                $"remove it, or give the kernel {named} (CONFIG_TRUSTED_KEYS_{named.ToUpperInvariant()} and its driver); dmesg says why it "
                + "does not answer");
        return source.Value.Text() == named
            ? DoctorFinding.Good(Id, $"{SourceName}={word}: the kernel's trusted keys are sealed by {named} only")
            : DoctorFinding.Missing(
                Id, $"{SourceName}={word}, but keys are sealed by {source.Value.Text()}",
                "the kernel was started with another command line, or trusted keys are a module with its own options: see /etc/modprobe.d");
    }

    private static DoctorFinding OtpKey(bool isOn, TrustSource? source)
    {
        const string Id = "trusted-dcp-key";
        if (source != TrustSource.Dcp)
            return DoctorFinding.Note(
                Id, $"{OtpKeyName}: it has no effect, because the DCP seals no keys here", "remove it, or add trusted.source=dcp");
        return DoctorFinding.Good(Id, isOn
            ? $"{OtpKeyName}: the DCP seals with the key in its fuses, which must be burnt; it does not open what the UNIQUE key sealed"
            : $"{OtpKeyName}: off, so the DCP seals with the chip's UNIQUE key; OP-TEE 3.18 and later reserves that key for itself, "
                + "which leaves Linux only the OTP key");
    }
}
