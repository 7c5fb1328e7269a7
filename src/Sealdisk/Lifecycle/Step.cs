namespace Sealdisk.Lifecycle;

/// <summary>
/// One step of a plan. A step is done, and durable, before the next begins; each says what a power cut right after it leaves on the disk.
/// </summary>
/// <param name="Label">The word that stands for it in a list.</param>
/// <param name="Intent">What it will do, for people.</param>
public abstract record Step(string Label, string Intent)
{
    /// <summary>Makes the image file, with its space reserved. A cut leaves a blank image (or a temporary that the next try replaces): still a first boot.</summary>
    public sealed record CreateImage(string Path, long Bytes) : Step("image", $"create {Path}, {Bytes} bytes");

    /// <summary>Takes down what a dead server left behind. Touches no disk.</summary>
    public sealed record ClearDeadMapping(string Name) : Step("clear", "take down what a dead server left behind");

    /// <summary>Takes down the mapping of a first boot that was killed; nothing was ever mounted from it. Touches no disk.</summary>
    public sealed record CloseMapping(string Name) : Step("clear", "close the mapping that an 'up' cut short left open");

    /// <summary>The device must meet what the configuration requires of it, or nothing is sealed and nothing was written.</summary>
    public sealed record MeetRequirements(string Checks) : Step("require", $"verify that the device meets {Checks}");

    /// <summary>The TPM's key under which others are sealed. A cut leaves it in the TPM, where the next try finds it; nothing on disk yet: still a first boot.</summary>
    public sealed record MakeParent(uint Handle) : Step("parent", $"make the TPM's parent key 0x{Handle:x8}, which stays in the TPM");

    /// <summary>A random key, sealed; nothing on disk yet: still a first boot.</summary>
    public sealed record SealNewKey(string Source, int KeySize) : Step("key", $"make a random key of {KeySize} bytes, sealed by {Source}");

    /// <summary>The same on two levels: a root key, sealed, or that of another volume, and a random key under it; nothing on disk yet: still a first boot.</summary>
    public sealed record MakeTwoLevelKey(string Source, int KeySize, string? SharedWith, string? RecoveryKeyId = null) : Step("key", (SharedWith is null
        ? $"make a random root key, sealed by {Source}, and a random key of {KeySize} bytes, encrypted under it"
        : $"make a random key of {KeySize} bytes, encrypted under the root key of {SharedWith}, sealed by {Source}")
        + (RecoveryKeyId is null ? "" : $", and wrapped for recovery key {RecoveryKeyId}"));

    /// <summary>
    /// Both copies, written, synced, read back and unsealed. From the first durable copy on, a cut leaves a volume that resumes with this key.
    /// </summary>
    public sealed record WriteProvisioning(string Where) : Step("record", $"write 'provisioning' to both copies ({Where}), read back, unseal");

    /// <summary>Writes a bad or older copy anew from the good one, which is not touched. A cut leaves at least the good one.</summary>
    public sealed record RepairRecord(string Why) : Step("repair", $"write the bad copy of the record anew: {Why}");

    /// <summary>Unseals the recorded key, to know before anything is opened that this device can. Touches no disk.</summary>
    public sealed record Unseal(string Source, int KeySize, bool IsTwoLevel = false) : Step("key", IsTwoLevel
        ? $"unseal the root key with {Source}, and decrypt the key of {KeySize} bytes under it"
        : $"unseal the key of {KeySize} bytes with {Source}");

    /// <summary>The decrypted view of the device. Touches no disk; a reboot undoes it.</summary>
    public sealed record OpenMapping(string Kind, string Cipher, int SectorSize) : Step("mapping", $"map through {Kind}: {Cipher}, {SectorSize}-byte sectors");

    /// <summary>A new filesystem, synced. A cut leaves a part of one; the record still says 'provisioning', so it is made again.</summary>
    public sealed record MakeFilesystem(string Type) : Step("filesystem", $"make {Type}");

    /// <summary>Both copies say 'ready' with the filesystem's UUID. A cut between the two leaves one of each: the newer one wins.</summary>
    public sealed record WriteReady(string Where) : Step("record", $"write 'ready' to both copies ({Where})");

    /// <summary>The filesystem must be the recorded one, or nothing is mounted and nothing was written.</summary>
    public sealed record VerifyFilesystem(string Type, string Uuid) : Step("filesystem", $"verify that it is {Type} {Uuid}");

    /// <summary>A record that says 'provisioning' may be an old one that came back; a filesystem that was ever mounted is not made again, and nothing was written.</summary>
    public sealed record VerifyUnused(string Type) : Step("filesystem", $"verify that no {Type} on it was ever in use");

    /// <summary>Lets fsck mend what it mends without asking; as safe against cuts as that program.</summary>
    public sealed record CheckFilesystem(string Type) : Step("fsck", $"check {Type}");

    /// <summary>Mounts. Touches the disk as any mount does; a cut leaves a filesystem that replays its journal.</summary>
    public sealed record Mount(string Target) : Step("mount", $"mount on {Target}");
}
