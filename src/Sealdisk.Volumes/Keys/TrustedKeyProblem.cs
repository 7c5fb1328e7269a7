using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// The kernel's answers to a request for a trusted key, in words. It says EFAULT for whatever a TEE refuses, and the TEE's own code in
/// its log only (security/keys/trusted-keys/trusted_tee.c); CAAM and DCP say EBADMSG, a TPM EPERM.
/// </summary>
internal static class TrustedKeyProblem
{
    /// <summary>Why <c>load</c> failed.</summary>
    internal static SealdiskException OfLoad(LinuxException problem, string subject, IReadOnlyList<string> log) => problem.Errno switch
    {
        Errno.EFAULT or Errno.EBADMSG or Errno.EPERM => SealdiskException.DoesNotOpen(
            $"cannot unseal {subject}: this hardware does not open it ({problem.Errno})",
            $"it belongs to another device, the HUK or the life cycle of this one has changed, or the blob is damaged{Evidence(log)}"),
        Errno.EINVAL => SealdiskException.DoesNotOpen(
            $"cannot unseal {subject}: to the kernel it is not a blob of its trust source (EINVAL)",
            $"'sealdisk blob inspect' says what kind of blob it is{Evidence(log)}"),
        _ => Other(problem, $"cannot unseal {subject}", log),
    };

    /// <summary>Why <c>new</c> failed.</summary>
    internal static SealdiskException OfNew(LinuxException problem, string subject, IReadOnlyList<string> log) => problem.Errno switch
    {
        Errno.EFAULT or Errno.EBADMSG or Errno.EPERM => SealdiskException.Failed(
            $"cannot make {subject}: the trust source refused ({problem.Errno})", $"nothing was changed{Evidence(log)}"),
        Errno.EINVAL => SealdiskException.Failed(
            $"cannot make {subject}: the kernel takes neither the request nor its options (EINVAL)",
            $"a TPM 2.0 needs a parent key{Evidence(log)}"),
        _ => Other(problem, $"cannot make {subject}", log),
    };

    /// <summary>Why making, loading or re-wrapping an encrypted key failed, or reading it back; its root key is there.</summary>
    internal static SealdiskException OfEncrypted(LinuxException problem, string subject) => problem.Errno switch
    {
        Errno.EINVAL => SealdiskException.DoesNotOpen(
            $"cannot decrypt {subject}: it does not open under its root key (EINVAL)", RootKey.DoesNotOpenHint),
        Errno.ENODEV or Errno.ENOSYS => SealdiskException.Lacking(
            $"cannot use {subject}: this kernel has no key type 'encrypted' ({problem.Errno})",
            "load the 'encrypted-keys' module, or build the kernel with CONFIG_ENCRYPTED_KEYS;"
            + " or set key = \"trusted\" before the first boot"),
        Errno.EOPNOTSUPP => SealdiskException.Lacking(
            $"cannot use {subject}: this kernel's encrypted keys take no trusted key as root (EOPNOTSUPP)",
            "build the kernel with CONFIG_TRUSTED_KEYS; if it is a module, CONFIG_ENCRYPTED_KEYS must be one too"),
        Errno.ENOKEY => SealdiskException.Failed(
            $"cannot use {subject}: the kernel does not find its root key (ENOKEY)", "it has expired, or was unlinked meanwhile"),
        _ => Other(problem, $"cannot use {subject}", []),
    };

    private static SealdiskException Other(LinuxException problem, string act, IReadOnlyList<string> log) => problem.Errno switch
    {
        Errno.ENODEV or Errno.ENOSYS => SealdiskException.Lacking(
            $"{act}: this kernel has no working 'trusted' key type ({problem.Errno})", KernelSource.Detect().Evidence),
        Errno.EDQUOT => SealdiskException.Failed(
            $"{act}: this user's quota of keys is used up (EDQUOT)",
            "see /proc/key-users; raise kernel.keys.maxkeys and maxbytes, or root_maxkeys and root_maxbytes"),
        Errno.EACCES => SealdiskException.Failed(
            $"{act}: the keyring refuses (EACCES)", "a security module or the keyring's permissions forbid it: keyctl rdescribe @s"),
        _ => SealdiskException.Failed(
            $"{act}: {problem.Errno.Describe()} ({problem.Errno})", log.Count > 0 ? $"the kernel log says: {log[^1]}" : null),
    };

    /// <summary>What the log says of trust sources.</summary>
    private static string Evidence(IReadOnlyList<string> log)
    {
        var lines = log.Where(IsOfTrustSource).Select(WithMeaning).ToArray();
        return lines.Length == 0 ? "" : $"; the kernel log says: {string.Join("; ", lines)}";
    }

    /// <summary>The target dm-crypt logs under "trusted_key:" too, and means something else.</summary>
    private static bool IsOfTrustSource(string line) =>
        !line.Contains("device-mapper", StringComparison.Ordinal)
        && (line.Contains("TA_CMD_", StringComparison.Ordinal)
            || line.Contains("trusted", StringComparison.Ordinal)
            || line.Contains("tpm", StringComparison.OrdinalIgnoreCase)
            || line.Contains("caam", StringComparison.Ordinal)
            || line.Contains("dcp", StringComparison.Ordinal));

    /// <summary>TEE return codes of the GlobalPlatform TEE Internal Core API that the trusted-keys TA gives.</summary>
    private static string WithMeaning(string line)
    {
        (string Code, string Meaning)[] codes =
        [
            ("ffff0001", "access denied"),
            ("ffff0006", "bad parameters: too short for a blob"),
            ("ffff000c", "out of memory"),
            ("ffff000f", "security: authentication failed"),
            ("ffff0010", "short buffer: too long for a blob"),
            ("ffff3024", "the TA crashed"),
        ];
        foreach (var (code, meaning) in codes)
        {
            if (line.Contains(code, StringComparison.Ordinal))
                return $"{line} ({meaning})";
        }
        return line;
    }
}
