using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// One step of a plan, with what <see cref="Apply"/> needs to do it. A step is done, and durable, before the next begins; each says what a
/// power cut right after it leaves on the disk. The words for people are made where they are shown.
/// </summary>
public abstract record Step
{
    private Step()
    {
    }

    /// <summary>
    /// Makes the image file, with its space reserved. A cut leaves a blank image (or a temporary file that the next try replaces): still a
    /// first boot.
    /// </summary>
    public sealed record CreateImage(string Path, ByteCount Size) : Step;

    /// <summary>Takes down what a dead server left behind. Touches no disk.</summary>
    public sealed record ClearDeadMapping : Step;

    /// <summary>Takes down the mapping of a first boot that was killed; nothing was ever mounted from it. Touches no disk.</summary>
    public sealed record CloseMapping : Step;

    /// <summary>
    /// The device must meet what the configuration requires of it, or nothing is sealed and nothing was written.
    /// </summary>
    /// <param name="Checks">Checks of the device audit, by id.</param>
    public sealed record MeetRequirements(IReadOnlyList<string> Checks) : Step;

    /// <summary>
    /// The TPM's key under which others are sealed. A cut leaves it in the TPM, where the next try finds it; nothing on disk yet: still a
    /// first boot.
    /// </summary>
    /// <param name="Handle">Where it stays in the TPM.</param>
    public sealed record MakeParent(uint Handle) : Step;

    /// <summary>A random key, sealed; nothing on disk yet: still a first boot.</summary>
    /// <param name="Source">Who seals it.</param>
    /// <param name="KeySize">In bytes.</param>
    /// <param name="Tpm">What a TPM binds it to; counts only if a TPM seals it.</param>
    public sealed record SealNewKey(TrustSource Source, int KeySize, TpmSettings Tpm) : Step;

    /// <summary>
    /// The same on two levels: a root key, sealed, or that of another volume, and a random key under it; nothing on disk yet: still a first
    /// boot.
    /// </summary>
    /// <param name="Source">Who seals the root key.</param>
    /// <param name="KeySize">Of the key under it, in bytes.</param>
    /// <param name="Tpm">What a TPM binds the root key to; counts only if a TPM seals it.</param>
    /// <param name="SharedWith">The volume whose root key it is; null for a new one.</param>
    /// <param name="RecoveryKeyId">The recovery key for which the key is wrapped as well, or null.</param>
    public sealed record MakeTwoLevelKey(
        TrustSource Source, int KeySize, TpmSettings Tpm, string? SharedWith, string? RecoveryKeyId) : Step;

    /// <summary>
    /// Both copies, written, synced, read back and unsealed. From the first durable copy on, a cut leaves a volume that resumes with this
    /// key.
    /// </summary>
    /// <param name="RecordFile">The detached record; null for the device's header.</param>
    public sealed record WriteProvisioning(string? RecordFile) : Step;

    /// <summary>Writes a bad or older copy again from the good one, which is not touched. A cut leaves at least the good one.</summary>
    /// <param name="Reading">Both copies as they were found.</param>
    /// <param name="Why">What is wrong with one of them.</param>
    public sealed record RepairRecord(RecordReading Reading, string Why) : Step;

    /// <summary>Unseals the recorded key, to know before anything is opened that this device can. Touches no disk.</summary>
    public sealed record Unseal(VolumeRecord Record) : Step;

    /// <summary>The decrypted view of the device. Touches no disk; a reboot undoes it.</summary>
    /// <param name="Kind">Who decrypts: dm or fuse.</param>
    /// <param name="Cipher">How.</param>
    /// <param name="SectorSize">Bytes that are encrypted as one.</param>
    public sealed record OpenMapping(MappingKind Kind, CipherSpec Cipher, int SectorSize) : Step;

    /// <summary>A new filesystem, synced. A cut leaves a part of one; the record still says 'provisioning', so it is made again.</summary>
    public sealed record MakeFilesystem(FilesystemType Type) : Step;

    /// <summary>
    /// Both copies say 'ready' with the filesystem's UUID. A cut between the two leaves one of each: the newer one wins.
    /// </summary>
    /// <param name="RecordFile">The detached record; null for the device's header.</param>
    public sealed record WriteReady(string? RecordFile) : Step;

    /// <summary>The filesystem must be the recorded one, or nothing is mounted and nothing was written.</summary>
    public sealed record VerifyFilesystem(FilesystemType Type, string Uuid) : Step;

    /// <summary>
    /// A record that says 'provisioning' may be an old one that came back; a filesystem that was ever mounted is not made again, and
    /// nothing was written.
    /// </summary>
    public sealed record VerifyUnused(FilesystemType Type) : Step;

    /// <summary>Lets fsck repair what it repairs without asking; as safe against cuts as that program.</summary>
    public sealed record CheckFilesystem(FilesystemType Type) : Step;

    /// <summary>Mounts. Touches the disk as any mount does; a cut leaves a filesystem that replays its journal.</summary>
    public sealed record Mount(string Target, FilesystemType Type) : Step;
}
