namespace Sealdisk.Audit.Device;

public static partial class Checks
{
    internal static Check Configuration => new(
        "configuration", CheckGroup.Volumes, Severity.Low,
        "The configuration of the volumes can be read",
        "What cannot be read cannot be audited: nothing below is said of volumes that are not configured here.",
        "Name it with --config, as seen from the root; 'sealdisk plan' says what is wrong with it.",
        "/etc/sealdisk.toml below the root.",
        "docs/configuration.md");

    internal static Check HardwareSource => new(
        "hardware-source", CheckGroup.Volumes, Severity.High,
        "The volume's key is sealed by hardware",
        "With the soft source the key is as safe as the file with its HUK: whoever has that file and the disk has the data. On the same disk it protects nothing against a thief.",
        "Use tee, tpm, caam or dcp where the device has one. Keep the soft source for hosts, tests and recovery.",
        "The volume's record, or its configuration before the first boot.",
        "docs/threat-model.md");

    internal static Check KeyUnique => new(
        "key-unique", CheckGroup.Volumes, Severity.High,
        "No two volumes share a sealed key",
        "With one key and the same IVs, equal sectors of two volumes are equal in ciphertext, and one volume's sectors can be put into the other. One key read opens both.",
        "Give each volume a key of its own. A volume that was copied bit for bit is set up anew.",
        "The sealed keys of all records that can be read. Two blobs that differ may still hold the same key, which nobody can see.",
        "docs/sealing.md");

    internal static Check SealedClosed => new(
        "sealed-closed", CheckGroup.Volumes, Severity.High,
        "The key was sealed when the chip was already closed",
        "A key that was sealed on an open device may have been made, seen or sealed under another HUK, by code that nobody signed. On many chips it does not even open any more.",
        "Close the device first, then let the first boot make the volume.",
        "The life cycle in the volume's record, which is the one seen when it was sealed.",
        "docs/record-format.md");

    internal static Check Cipher => new(
        "cipher", CheckGroup.Volumes, Severity.Medium,
        "The volume's cipher is AES in XTS mode with 64-bit sector numbers",
        "aes-cbc-plain and aes-cbc-plain64 use the sector number as IV, which everybody knows. Take a file whose sector n begins with block A xor n and sector n+1 with A xor (n+1), otherwise equal: the sectors encrypt to the same ciphertext, so the file is recognised on the disk without the key. The 'plain' forms count with 32 bits: beyond 2 TiB IVs repeat. In all CBC modes flipped bits of ciphertext flip the same bits of the next block of plaintext.",
        "aes-xts-plain64 with a key of 64 bytes for new volumes; aes-cbc-essiv:sha256 where the hardware has only CBC. An existing volume must be copied over.",
        "The cipher in the record, or in the configuration before the first boot. XTS is not authenticated either: what is written over the ciphertext decrypts to noise, unnoticed.",
        "docs/ciphers.md");

    internal static Check FileModes => new(
        "file-modes", CheckGroup.Volumes, Severity.High,
        "Only root can change the configuration, and read a HUK file",
        "Who may write the configuration decides what is mounted where and whether first-boot replaces a filesystem. Who may read a HUK file has the key of every volume sealed under it.",
        "chown root and chmod 600 for HUK files; chmod 644 or less for /etc/sealdisk.toml and records.",
        "Owner and mode of the configuration, of HUK files and of detached records. Of a tree without a manifest of modes nothing is known.",
        "docs/configuration.md");

    internal static Check Swap => new(
        "swap", CheckGroup.Volumes, Severity.High,
        "Nothing is swapped to a disk in the clear",
        "Plaintext of the volumes, and secrets of programs, reach the swap area through every program's memory, and stay there.",
        "No swap, zram, or swap on dm-crypt with a random key.",
        "/proc/swaps, and the device-mapper UUID of each area. A swap file is judged by the device its filesystem is on.",
        "docs/threat-model.md");

    internal static Check Keyrings => new(
        "keyrings", CheckGroup.Volumes, Severity.Low,
        "No disk key is left in a keyring",
        "dm-crypt keeps its own copy, so a key left in a keyring serves only an attacker: root maps other disks with it, or loads it into another mapping.",
        "Unlink the key once the table is loaded: keyctl unlink, keyctl clear. Sealdisk does.",
        "/proc/keys for keys of the types trusted, encrypted and logon. It shows only keys that the reader may view.",
        "keyrings(7)");

    internal static Check RecordCopies => new(
        "record-copies", CheckGroup.Volumes, Severity.Medium,
        "Both copies of the record are good",
        "With one copy left, one bad sector more and the volume is lost for good: the record holds the only sealed key.",
        "'sealdisk up' repairs it from the good copy; look at the medium.",
        "Both copies, as docs/record-format.md has them.",
        "docs/record-format.md");

    internal static Check FirstBootDone => new(
        "first-boot-done", CheckGroup.Volumes, Severity.Info,
        "The volume's first boot is done",
        "A volume that is only half made holds nothing yet, and its first boot still happens: under whatever conditions hold then.",
        "Bring it up under the conditions that you want it sealed under.",
        "The state in the record.",
        "docs/design.md");

    internal static Check PlainFilesystems => new(
        "plain-filesystems", CheckGroup.Volumes, Severity.Low,
        "No writable filesystem on a disk is in the clear",
        "What programs write outside the volumes, such as logs, caches and copies, lies open on the same disk.",
        "Mount them read-only, put /var and /tmp on a volume or in memory, or make them volumes.",
        "Filesystems in /proc/self/mountinfo that are on block devices, writable, and not on dm-crypt.",
        "docs/threat-model.md");

    internal static Check Discard => new(
        "discard", CheckGroup.Volumes, Severity.Low,
        "Discards are not passed to the disk",
        "The disk shows which sectors are in use: how much is stored, roughly what filesystem, and when things are deleted.",
        "discard = false, unless wear or speed matter more than that.",
        "The configuration.",
        "docs/threat-model.md");

    internal static Check CoreDumps => new(
        "core-dumps", CheckGroup.Volumes, Severity.Low,
        "Privileged programs leave no core dumps",
        "A core dump writes a program's memory, plaintext and secrets included, to a disk. Sealdisk's own processes make none in any case.",
        "fs.suid_dumpable=0.",
        "fs.suid_dumpable.",
        "core(5), proc_sys_fs(5)");
}
