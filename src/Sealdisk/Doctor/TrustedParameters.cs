using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Doctor;

/// <summary>
/// The parameters of the kernel's trusted keys on its command line, and what has come of them. The kernel shows none of them in /sys (security/keys/trusted-keys: their
/// mode is 0), and takes a wrong word without complaint.
/// </summary>
internal static class TrustedParameters
{
    /// <summary>In the order in which the kernel asks them where none is named (trusted_key_sources of trusted_core.c).</summary>
    private static readonly string[] Order = ["tpm", "tee", "caam", "dcp"];

    /// <summary>Nothing where there is nothing to say: no parameter, and no trust source.</summary>
    /// <param name="commandLine">The kernel's.</param>
    /// <param name="source">The source that answers, or null.</param>
    internal static IEnumerable<DoctorFinding> Examine(CommandLine commandLine, TrustSource? source)
    {
        if (commandLine.Find("trusted.source") is not null || source is not null)
            yield return Source(commandLine.Value("trusted.source"), source);
        if (commandLine.Find("trusted.dcp_use_otp_key") is not null || source == TrustSource.Dcp)
            yield return OtpKey(commandLine.IsOn("trusted.dcp_use_otp_key"), source);
        if (commandLine.IsOn("trusted.dcp_skip_zk_test"))
            yield return new DoctorFinding(
                "trusted-dcp-zero-key", DoctorLevel.Note, "trusted.dcp_skip_zk_test: the kernel does not test whether the DCP's key is all zeros, as it is on a chip that is not closed",
                "remove it from the command line; a key sealed with zeros opens anywhere");
    }

    private static DoctorFinding Source(string? word, TrustSource? source)
    {
        const string Id = "trusted-source";
        if (word is null)
            return DoctorFinding.Good(Id, $"trusted.source: not given, so the kernel took the first of {string.Join(", ", Order)} that answered: {source!.Value.Text()}");
        // The kernel compares as many letters as its own word has: "tpm2" is tpm.
        var named = Array.Find(Order, known => word.StartsWith(known, StringComparison.Ordinal));
        if (named is null)
            return new DoctorFinding(Id, DoctorLevel.Missing, $"trusted.source={word}: this kernel knows no such source, and has no trusted keys for that", $"one of {string.Join(", ", Order)}; or leave it out");
        if (source is null)
            return new DoctorFinding(Id, DoctorLevel.Missing, $"trusted.source={word}: the kernel asks {named} alone, which does not answer", $"leave it out, or give the kernel {named} (CONFIG_TRUSTED_KEYS_{named.ToUpperInvariant()} and its driver); dmesg says why it does not answer");
        return source.Value.Text() == named
            ? DoctorFinding.Good(Id, $"trusted.source={word}: the kernel's trusted keys are sealed by {named}, and by nothing else")
            : new DoctorFinding(Id, DoctorLevel.Missing, $"trusted.source={word}, and keys are sealed by {source.Value.Text()}", "the command line is not the one that this kernel was started with, or trusted keys are a module with options of its own: see /etc/modprobe.d");
    }

    private static DoctorFinding OtpKey(bool isOn, TrustSource? source)
    {
        const string Id = "trusted-dcp-key";
        return (isOn, source) switch
        {
            (true, TrustSource.Dcp) => DoctorFinding.Good(Id, "trusted.dcp_use_otp_key: the DCP seals with the key in its fuses (OTP), which must be burnt; what the UNIQUE key sealed does not open so"),
            (false, TrustSource.Dcp) => DoctorFinding.Good(Id, "trusted.dcp_use_otp_key: off, so the DCP seals with the chip's UNIQUE key; OP-TEE from 3.18 on takes that for itself, and then only the OTP key is left for Linux"),
            _ => new DoctorFinding(Id, DoctorLevel.Note, "trusted.dcp_use_otp_key: without effect, as the DCP seals no keys here", "leave it out, or add trusted.source=dcp"),
        };
    }
}
