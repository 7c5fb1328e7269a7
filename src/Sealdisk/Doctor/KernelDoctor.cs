using System.Globalization;
using Sealdisk.Audit.Device;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Doctor;

/// <summary>The kernel's side: what seals keys, what maps, where keys are kept, where random numbers come from.</summary>
internal static class KernelDoctor
{
    private const string TeePath = "/sys/class/tee/tee0";

    internal static IEnumerable<DoctorFinding> Examine((string Problem, string Remedy)? mapperProblem, IReadOnlyList<VolumeSpec> volumes)
    {
        var source = KernelSource.Detect();
        yield return Tee();
        yield return TrustedKeys(source);
        foreach (var finding in TrustedParameters.Examine(KernelCommandLine.Of(new SystemRoot("/")), source.Source))
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
        const string Id = "tee";
        if (!Directory.Exists(TeePath))
            return DoctorFinding.Note(
                Id, $"TEE: none answers (no {TeePath})",
                "OP-TEE needs CONFIG_TEE, CONFIG_OPTEE, and a node 'firmware/optee' in the device tree");
        if (!Directory.Exists(KernelSource.TaDevice))
            return DoctorFinding.Missing(
                Id, "TEE: OP-TEE answers, without the trusted-keys TA",
                "build it into OP-TEE as an early TA: CFG_IN_TREE_EARLY_TAS=trusted_keys/f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c; "
                + "the kernel does not see a TA in the filesystem");
        return Path.Exists($"{KernelSource.TaDevice}/driver")
            ? DoctorFinding.Good(Id, "TEE: OP-TEE answers, and its trusted-keys TA is bound to the kernel's driver")
            : DoctorFinding.Note(
                Id, "TEE: OP-TEE has the trusted-keys TA, but no kernel driver is bound to it",
                "set CONFIG_TRUSTED_KEYS_TEE; trusted.source= on the command line may select another source");
    }

    /// <summary>A TEE or TPM that cannot be used is something missing; a machine without one is just another kind of machine.</summary>
    private static DoctorFinding TrustedKeys(KernelSource source)
    {
        if (source.Source is { } found)
            return DoctorFinding.Good(
                "trusted-keys", $"hardware keys: the kernel's trusted keys are sealed by {found.Text()} ({source.Evidence})");
        var hasHardware = Directory.Exists(TeePath) || KernelSource.HasTpm || KeyTypes.IsRegistered("trusted");
        return new DoctorFinding(
            "trusted-keys", hasHardware ? DoctorLevel.Missing : DoctorLevel.Note, $"hardware keys: {source.Evidence}",
            "build the kernel with CONFIG_TRUSTED_KEYS and the driver of a trust source; without one only source soft works, "
            + "which is as safe as the file with its HUK");
    }

    /// <summary>Keys on two levels: null if no volume of the configuration needs the kernel's, as the soft source never does.</summary>
    private static DoctorFinding? EncryptedKeys(IReadOnlyList<VolumeSpec> volumes)
    {
        var needing = volumes.Where(volume => volume.Key == KeyKind.Encrypted && volume.Source.IsKernel()).ToArray();
        if (volumes.Count > 0 && needing.Length == 0)
            return null;
        var recovering = needing.Where(volume => volume.Recovery is not null);
        return EncryptedKeys(
            KeyTypes.IsRegistered("encrypted"), KernelTakesKeys.Here,
            [.. needing.Select(volume => volume.Name)], [.. recovering.Select(volume => volume.Name)]);
    }

    /// <param name="isRegistered">The kernel has the key type.</param>
    /// <param name="takesKeys">Whether it accepts keys from outside; asked only if it has the type.</param>
    /// <param name="needing">The volumes that need the key type.</param>
    /// <param name="recovering">Those of them whose keys are wrapped for a recovery key, too.</param>
    internal static DoctorFinding EncryptedKeys(
        bool isRegistered, Func<bool> takesKeys, IReadOnlyList<string> needing, IReadOnlyList<string> recovering)
    {
        const string Id = "encrypted-keys";
        const string There = "encrypted keys: this kernel has the key type 'encrypted'";
        if (!isRegistered)
        {
            const string Lacking = "encrypted keys: this kernel has no key type 'encrypted'";
            const string Remedy = "load the 'encrypted-keys' module, or build the kernel with CONFIG_ENCRYPTED_KEYS; "
                + "only key = \"encrypted\" with a kernel source needs it";
            return needing.Count > 0
                ? DoctorFinding.Missing(Id, $"{Lacking}, which {string.Join(", ", needing)} cannot do without", Remedy)
                : DoctorFinding.Note(Id, Lacking, Remedy);
        }
        if (takesKeys())
            return DoctorFinding.Good(Id, $"{There}, and it takes keys from outside, which recovery needs");
        return recovering.Count == 0
            ? DoctorFinding.Good(Id, $"{There}, but it takes no keys from outside: a kernel source cannot have a recovery key")
            : DoctorFinding.Missing(
                Id, $"encrypted keys: {KernelTakesKeys.Not}, so {string.Join(", ", recovering)} cannot have a recovery key",
                KernelTakesKeys.Remedy);
    }

    private static DoctorFinding DmCrypt((string Problem, string Remedy)? mapperProblem, bool isNeeded)
    {
        const string Id = "dm-crypt";
        if (mapperProblem is var (problem, remedy))
            return new DoctorFinding(
                Id, isNeeded ? DoctorLevel.Missing : DoctorLevel.Note, $"dm mappings: {problem}",
                $"{remedy}; the soft source can use fuse mappings instead");
        using var mapper = DmMapping.TryOpen();
        return DoctorFinding.Good(Id, $"dm mappings: device-mapper {mapper!.Version()}, target crypt {mapper.Target("crypt")}");
    }

    private static DoctorFinding SessionKeyring()
    {
        const string Id = "session-keyring";
        const string Volumes = "volumes do not need one: their keys are only ever in a keyring of the thread that maps";
        return Keyring.Session() switch
        {
            SessionKeyringKind.Own => DoctorFinding.Good(
                Id, "session keyring: this process has its own, so 'key new' and 'key load' use @s"),
            SessionKeyringKind.Ended => DoctorFinding.Note(
                Id, "session keyring: revoked or expired, so no key can be put into @s", $"use --keyring @u; {Volumes}"),
            _ => DoctorFinding.Note(
                Id,
                "session keyring: this process has none of its own, so a key in @s would go away with it; 'key new' and 'key load' use @u",
                $"keyctl session, or pam_keyinit; {Volumes}"),
        };
    }

    /// <summary>
    /// /proc/key-users: "uid: usage nkeys/nikeys qnkeys/maxkeys qnbytes/maxbytes"; null if the kernel does not show it.
    /// </summary>
    private static DoctorFinding? KeyQuota()
    {
        const int TrustedKeyBytes = 1024; // at least: a trusted key is charged 672 bytes
        if (!File.Exists("/proc/key-users"))
            return null;
        var uid = CurrentProcess.EffectiveUserId.ToString(CultureInfo.InvariantCulture) + ":";
        var users = File.ReadLines("/proc/key-users").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (users.FirstOrDefault(words => words.Length >= 5 && words[0] == uid) is not [_, _, _, var keys, var bytes, ..])
            return null;
        if (HasRoom(keys, 1) && HasRoom(bytes, TrustedKeyBytes))
            return DoctorFinding.Good("key-quota", $"key quota: {keys} keys, {bytes} bytes");
        return DoctorFinding.Missing(
            "key-quota", $"key quota: used up ({keys} keys, {bytes} bytes)",
            "raise kernel.keys.root_maxkeys and root_maxbytes (or maxkeys, maxbytes); 'keyctl show' shows what fills it");
    }

    /// <summary>Of a usage "used/most". What cannot be read counts as room.</summary>
    private static bool HasRoom(string usage, long needed)
    {
        if (usage.Split('/') is not [var used, var most])
            return true;
        return !TryParse(used, out var have) || !TryParse(most, out var limit) || have + needed <= limit;
    }

    private static bool TryParse(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static DoctorFinding Random()
    {
        const string Current = "/sys/class/misc/hw_random/rng_current";
        var hardware = File.Exists(Current) ? File.ReadAllText(Current).Trim() : "";
        return RandomBytes.IsSeeded
            ? DoctorFinding.Good(
                "random", $"random numbers: the kernel's generator is seeded; hardware source {(hardware.Length == 0 ? "none" : hardware)}")
            : DoctorFinding.Missing(
                "random", "random numbers: the kernel's generator is not seeded yet, so a first boot would have to wait",
                "give it a hardware source (CONFIG_HW_RANDOM_OPTEE or the chip's own), or credit a seed file");
    }
}
