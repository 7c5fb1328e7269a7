using System.Globalization;
using Sealdisk.Audit.Device;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Doctor;

/// <summary>The kernel's side: who seals keys, who maps, where keys are kept, where random numbers come from.</summary>
internal static class KernelDoctor
{
    internal static IEnumerable<DoctorFinding> Examine((string Problem, string Remedy)? mapperProblem, IReadOnlyList<VolumeSpec> volumes)
    {
        var source = KernelSource.Detect();
        yield return Tee();
        yield return TrustedKeys(source);
        foreach (var finding in TrustedParameters.Examine(CommandLine.Of(new SystemRoot("/")), source.Source))
            yield return finding;
        if (EncryptedKeys(volumes) is { } encrypted)
            yield return encrypted;
        yield return DmCrypt(mapperProblem, isNeeded: source.Source is not null);
        yield return SessionKeyring();
        if (KeyQuota() is { } quota)
            yield return quota;
        yield return Random();
    }

    private static DoctorFinding Tee()
    {
        var isThere = Directory.Exists("/sys/class/tee/tee0");
        if (!isThere)
            return new DoctorFinding("tee", DoctorLevel.Note, "TEE: none answers (no /sys/class/tee/tee0)", "OP-TEE needs CONFIG_TEE, CONFIG_OPTEE, and a node 'firmware/optee' in the device tree");
        if (!Directory.Exists(KernelSource.TaDevice))
            return new DoctorFinding("tee", DoctorLevel.Missing, "TEE: OP-TEE answers, without the trusted-keys TA",
                "build it into OP-TEE as an early TA: CFG_IN_TREE_EARLY_TAS=trusted_keys/f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c; a TA in the filesystem is not seen by the kernel");
        return DoctorFinding.Of("tee", Path.Exists($"{KernelSource.TaDevice}/driver"), DoctorLevel.Note,
            "TEE: OP-TEE answers, and its trusted-keys TA is bound to the kernel's driver", "TEE: OP-TEE has the trusted-keys TA, and no driver of the kernel's is bound to it",
            "CONFIG_TRUSTED_KEYS_TEE; trusted.source= on the command line may have chosen another source");
    }

    /// <summary>A TEE or TPM that cannot be used is something missing; a machine without any is merely not that kind of machine.</summary>
    private static DoctorFinding TrustedKeys(KernelSource source)
    {
        if (source.Source is { } found)
            return DoctorFinding.Good("trusted-keys", $"hardware keys: the kernel's trusted keys are sealed by {found.Text()} ({source.Evidence})");
        var hasHardware = Directory.Exists("/sys/class/tee/tee0") || KernelSource.HasTpm || KeyTypes.IsRegistered("trusted");
        return new DoctorFinding("trusted-keys", hasHardware ? DoctorLevel.Missing : DoctorLevel.Note, $"hardware keys: {source.Evidence}",
            "give the kernel CONFIG_TRUSTED_KEYS with the driver of a trust source; without one only source soft works, which is as safe as the file with its HUK");
    }

    /// <summary>Keys on two levels: null where a configuration needs none of the kernel's, as the soft source never does.</summary>
    private static DoctorFinding? EncryptedKeys(IReadOnlyList<VolumeSpec> volumes)
    {
        var needing = volumes.Where(volume => volume.Key == KeyKind.Encrypted && volume.Source.IsKernel()).ToArray();
        return volumes.Count > 0 && needing.Length == 0 ? null : EncryptedKeys(
            KeyTypes.IsRegistered("encrypted"), KernelTakesKeys.Here,
            [.. needing.Select(volume => volume.Name)], [.. needing.Where(volume => volume.Recovery is not null).Select(volume => volume.Name)]);
    }

    /// <param name="isRegistered">The kernel has the key type.</param>
    /// <param name="takesKeys">Whether it takes keys from outside; asked only where it has the type.</param>
    /// <param name="needing">The volumes that need the key type.</param>
    /// <param name="recovering">Those of them whose keys are wrapped for a recovery key, too.</param>
    internal static DoctorFinding EncryptedKeys(bool isRegistered, Func<bool> takesKeys, IReadOnlyList<string> needing, IReadOnlyList<string> recovering)
    {
        const string Id = "encrypted-keys";
        if (!isRegistered)
            return new DoctorFinding(
                Id, needing.Count > 0 ? DoctorLevel.Missing : DoctorLevel.Note,
                $"encrypted keys: this kernel has no key type 'encrypted'{(needing.Count > 0 ? $", which {string.Join(", ", needing)} cannot do without" : "")}",
                "load the 'encrypted-keys' module, or build the kernel with CONFIG_ENCRYPTED_KEYS; only key = \"encrypted\" with a kernel source needs it");
        if (takesKeys())
            return DoctorFinding.Good(Id, "encrypted keys: this kernel has the key type 'encrypted', and it takes keys from outside, as recovery needs it");
        return recovering.Count == 0
            ? DoctorFinding.Good(Id, "encrypted keys: this kernel has the key type 'encrypted', which takes no keys from outside: no recovery with a kernel source")
            : new DoctorFinding(
                Id, DoctorLevel.Missing, $"encrypted keys: {KernelTakesKeys.Not}, so {string.Join(", ", recovering)} can be wrapped for no recovery key", KernelTakesKeys.Remedy);
    }

    private static DoctorFinding DmCrypt((string Problem, string Remedy)? problem, bool isNeeded)
    {
        if (problem is var (what, remedy))
            return new DoctorFinding("dm-crypt", isNeeded ? DoctorLevel.Missing : DoctorLevel.Note, $"dm mappings: {what}", $"{remedy}; the soft source can do with fuse mappings");
        using var mapper = DmMapping.TryOpen();
        return DoctorFinding.Good("dm-crypt", $"dm mappings: device-mapper {mapper!.Version()}, target crypt {mapper.Target("crypt")}");
    }

    private static DoctorFinding SessionKeyring()
    {
        const string volumes = "volumes need none: their keys are only ever in a keyring of the thread that maps";
        return Keyring.Session() switch
        {
            SessionKeyringKind.Own => DoctorFinding.Good("session-keyring", "session keyring: this process has its own, so 'key new' and 'key load' use @s"),
            SessionKeyringKind.Ended => new DoctorFinding("session-keyring", DoctorLevel.Note, "session keyring: revoked or expired, so nothing can be put into @s", $"use --keyring @u; {volumes}"),
            _ => new DoctorFinding("session-keyring", DoctorLevel.Note,
                "session keyring: this process has none of its own, so a key in @s would go with it; 'key new' and 'key load' use @u", $"keyctl session, or pam_keyinit; {volumes}"),
        };
    }

    /// <summary>/proc/key-users: "uid: usage nkeys/nikeys qnkeys/maxkeys qnbytes/maxbytes"; null where the kernel does not show it.</summary>
    private static DoctorFinding? KeyQuota()
    {
        if (!File.Exists("/proc/key-users"))
            return null;
        var uid = CurrentProcess.EffectiveUserId.ToString(CultureInfo.InvariantCulture) + ":";
        var words = File.ReadLines("/proc/key-users").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(line => line.Length >= 5 && line[0] == uid);
        if (words is null)
            return null;
        var isFull = IsFull(words[3], 1) || IsFull(words[4], 1024); // a trusted key is charged 672 bytes
        return DoctorFinding.Of("key-quota", !isFull, DoctorLevel.Missing,
            $"key quota: {words[3]} keys, {words[4]} bytes", $"key quota: used up ({words[3]} keys, {words[4]} bytes)", "raise kernel.keys.root_maxkeys and root_maxbytes (or maxkeys, maxbytes); keyctl show finds what fills it");

        static bool IsFull(string usage, long needed) => usage.Split('/') is [var used, var most]
            && long.TryParse(used, NumberStyles.None, CultureInfo.InvariantCulture, out var have) && long.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && have + needed > limit;
    }

    private static DoctorFinding Random()
    {
        const string current = "/sys/class/misc/hw_random/rng_current";
        var hardware = File.Exists(current) ? File.ReadAllText(current).Trim() : "none";
        return DoctorFinding.Of("random", RandomBytes.IsSeeded, DoctorLevel.Missing,
            $"random numbers: the kernel's generator is seeded; hardware source {(hardware is "none" or "" ? "none" : hardware)}",
            "random numbers: the kernel's generator is not seeded yet, and a first boot would wait for it", "give it a hardware source (CONFIG_HW_RANDOM_OPTEE or the chip's own), or credit a seed file");
    }
}
