using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// Which trust source stands behind this kernel's <c>trusted</c> key type. There is one at most: the kernel takes the first that answers,
/// or the one that trusted.source= names (security/keys/trusted-keys/trusted_core.c). Found by asking, never by the kernel's version.
/// </summary>
/// <param name="Source">The source; null if the kernel has no working one.</param>
/// <param name="Evidence">How that is known, or what is missing; for people.</param>
public sealed record KernelSource(TrustSource? Source, string Evidence)
{
    /// <summary>The trusted-keys TA on the TEE bus; there only when OP-TEE has it built in as an early TA.</summary>
    public const string TaDevice = "/sys/bus/tee/devices/optee-ta-f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c";

    /// <summary>Asks the kernel. Leaves no key behind.</summary>
    public static KernelSource Detect()
    {
        if (!KeyTypes.IsRegistered("trusted"))
            return new KernelSource(null, WhyNotRegistered());
        // The driver is registered only if the TEE was chosen, and bound only once its session with the TA stands.
        if (Path.Exists($"{TaDevice}/driver"))
            return new KernelSource(TrustSource.Tee, "OP-TEE's trusted-keys TA is bound to the kernel's trusted keys");
        return OfThrowAwayKey();
    }

    /// <summary>True if a TPM's character device is there.</summary>
    public static bool HasTpm => Directory.Exists("/sys/class/tpm") && Directory.EnumerateFileSystemEntries("/sys/class/tpm").Any();

    /// <summary>A key's blob shows who sealed it: for 32 bytes, OP-TEE writes 65, CAAM 80, DCP 85, a TPM its own structure.</summary>
    private static KernelSource OfThrowAwayKey()
    {
        try
        {
            using var key = KernelKey.NewTrusted(KeyDescription.Parse("sealdisk:probe"), 32, TrustedKeyOptions.None);
            return BlobDescription.Of(key.ReadBlob().Bytes).Kind switch
            {
                BlobKind.OpTee => new KernelSource(TrustSource.Tee, "a key made for a try was sealed by OP-TEE"),
                BlobKind.Caam => new KernelSource(TrustSource.Caam, "a key made for a try was sealed by CAAM"),
                BlobKind.Dcp => new KernelSource(TrustSource.Dcp, "a key made for a try was sealed by DCP"),
                BlobKind.Tpm2 or BlobKind.Tpm12 => new KernelSource(TrustSource.Tpm, "a key made for a try was sealed by a TPM"),
                _ => new KernelSource(null, "the kernel has the 'trusted' key type, and its blobs are of a kind that is not known here"),
            };
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EINVAL or Errno.EPERM && HasTpm)
        {
            // A TPM 2.0 makes no key without a parent.
            return new KernelSource(TrustSource.Tpm, "the kernel has trusted keys and a TPM, and makes no key without a parent key");
        }
        catch (LinuxException problem)
        {
            return new KernelSource(null, $"the kernel has the 'trusted' key type, but its trust source makes no key ({problem.Errno})");
        }
    }

    private static string WhyNotRegistered()
    {
        if (Directory.Exists(TaDevice))
            return "this kernel has not registered the 'trusted' key type, although OP-TEE has the trusted-keys TA:"
                + " it lacks CONFIG_TRUSTED_KEYS_TEE, or trusted.source= names another source";
        if (Directory.Exists("/sys/class/tee/tee0"))
            return "OP-TEE is there, but not its trusted-keys TA: build it in as an early TA (CFG_IN_TREE_EARLY_TAS)";
        return HasTpm
            ? "this kernel has not registered the 'trusted' key type, although there is a TPM"
            : "this kernel has not registered the 'trusted' key type";
    }
}
