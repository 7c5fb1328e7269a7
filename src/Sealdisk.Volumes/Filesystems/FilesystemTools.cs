using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>Makes and checks filesystems with the system's own mkfs.* and fsck.* programs.</summary>
public static class FilesystemTools
{
    private const int FsckCorrected = 1;
    private const int FsckCannot = 8;
    private const long WholeInodeTablesUpTo = 1L << 30;

    /// <summary>
    /// Makes a filesystem over whatever the device holds, and returns its UUID as blkid prints it. If power fails in here the device holds
    /// part of a filesystem; since the record still says "provisioning", the next <c>up</c> makes it again.
    /// </summary>
    /// <param name="type">ext2, ext3, ext4, xfs, btrfs, f2fs or vfat.</param>
    /// <param name="device">The decrypted block device.</param>
    /// <param name="discard">Whether mkfs may discard the whole device first, which shows an onlooker which blocks are in use.</param>
    public static string Make(string type, string device, bool discard)
    {
        var (program, arguments) = Command(type, discard, device);
        var result = SystemProgram.Run(program, [.. arguments, device]);
        if (result.ExitCode != 0)
            throw SealdiskException.Failed($"cannot make {type} on {device}: {program} ended with {result.ExitCode}: {LastLine(result)}");
        var made = Signature.Probe(device);
        return made.Type == type && made.Uuid is { } uuid
            ? uuid
            : throw SealdiskException.Failed($"cannot make {type} on {device}: {program} reported success, but blkid sees {made.Description}");
    }

    /// <summary>
    /// Checks a filesystem before it is mounted and lets its program mend what it mends without asking (ext2/3/4, f2fs, vfat; xfs and
    /// btrfs do this when they are mounted). A torn superblock of ext4 is mended from its backup. Returns a line worth showing, or null when it was clean. Call it only once the
    /// filesystem's UUID has been verified.
    /// </summary>
    public static string? Check(string type, string device)
    {
        var (program, option) = type switch
        {
            "ext2" or "ext3" or "ext4" => ($"fsck.{type}", "-p"),
            "f2fs" => ("fsck.f2fs", "-a"),
            "vfat" => ("fsck.vfat", "-a"),
            _ => (null, null),
        };
        if (program is null || option is null || SystemProgram.Find(program) is null)
            return null;
        var result = SystemProgram.Run(program, option, device);
        var torn = result.ExitCode == FsckCannot && type is ("ext2" or "ext3" or "ext4") && ExtSuperblock.Read(device) is { IsTorn: true } superblock ? superblock : null;
        if (torn?.Backup is var (block, blockSize))
            result = SystemProgram.Run(program, option, "-b", $"{block}", "-B", $"{blockSize}", device);
        return result.ExitCode switch
        {
            0 or FsckCorrected when torn is not null => $"a power cut had torn the superblock; {program} mended it from its backup",
            0 => null,
            FsckCorrected => $"{program} corrected errors on {device}",
            _ => throw SealdiskException.Refused(
                $"cannot mount {device}: {program} found errors it does not mend by itself (exit code {result.ExitCode}): {(torn is not null ? "the superblock is torn, and there is no good backup of it" : Finding(result, device))}",
                $"open it with 'sealdisk map open', look with '{program} -n' and mend with '{program}'; or restore from a backup"),
        };
    }

    private static (string Program, string[] Arguments) Command(string type, bool discard, string device) => type switch
    {
        "ext2" or "ext3" or "ext4" => ($"mkfs.{type}", ["-q", "-F", "-E", (discard ? "discard" : "nodiscard") + InodeTables(device)]),
        "xfs" => ("mkfs.xfs", discard ? ["-q", "-f"] : ["-q", "-f", "-K"]),
        "btrfs" => ("mkfs.btrfs", discard ? ["-q", "-f"] : ["-q", "-f", "-K"]),
        "f2fs" => ("mkfs.f2fs", ["-q", "-f", "-t", discard ? "1" : "0"]),
        "vfat" => ("mkfs.vfat", []),
        _ => throw SealdiskException.Usage($"cannot make a filesystem of type {type}: Sealdisk makes ext2, ext3, ext4, xfs, btrfs, f2fs and vfat"),
    };

    /// <summary>
    /// What mkfs leaves unwritten decrypts to noise here, not to zeros. A journal keeps fsck from mistaking that for inodes after a crash; volumes of a few
    /// MiB have none, so small ones get their inode tables written at once.
    /// </summary>
    private static string InodeTables(string device)
    {
        using var file = FileDescriptor.Open(device, OpenFlags.Read);
        var status = file.Status();
        var size = status.Kind == FileKind.BlockDevice ? BlockDevice.Size(file).Count : status.Size;
        return size <= WholeInodeTablesUpTo ? ",lazy_itable_init=0,lazy_journal_init=0" : "";
    }

    /// <summary>The last thing that fsck complains of before it gives up, without the device's name.</summary>
    private static string Finding(SystemProgram.Result result, string device)
    {
        var lines = result.Output.Split('\n').Select(line => line.Trim())
            .Where(line => line.Length > 0 && !line.Contains("UNEXPECTED INCONSISTENCY", StringComparison.Ordinal) && !line.StartsWith("(i.e.", StringComparison.Ordinal)).ToArray();
        return lines.Length == 0 ? LastLine(result) : lines[^1].StartsWith(device + ": ", StringComparison.Ordinal) ? lines[^1][(device.Length + 2)..] : lines[^1];
    }

    private static string LastLine(SystemProgram.Result result) =>
        (result.Error.Trim().Length > 0 ? result.Error : result.Output).Trim().Split('\n')[^1];
}
