using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>Makes and checks filesystems with the system's own mkfs.* and fsck.* programs.</summary>
public static class FilesystemTools
{
    /// <summary>
    /// Makes a filesystem over whatever the device holds, and returns its UUID as blkid prints it. If power fails in here the device holds
    /// part of a filesystem; since the record still says "provisioning", the next <c>up</c> makes it again.
    /// </summary>
    /// <param name="type">What to make.</param>
    /// <param name="device">The decrypted block device.</param>
    /// <param name="discard">Whether mkfs may discard the whole device first, which shows an onlooker which blocks are in use.</param>
    /// <exception cref="SealdiskException">There is no such program here (exit code 5), or it made no filesystem (exit code 1).</exception>
    public static string Make(FilesystemType type, string device, bool discard)
    {
        var size = Size(device);
        var result = SystemProgram.Run(type.Mkfs.Name, type.Package, [.. type.Mkfs.Arguments(discard, size), device]);
        var tooSmall = size < type.SmallestSize ? $"{type} needs about {Text(type.SmallestSize)}, and this volume has {Text(size)}" : null;
        if (result.ExitCode != 0)
        {
            throw SealdiskException.Failed(
                $"cannot make {type} on {device}: {type.Mkfs.Name} ended with {result.ExitCode}: {LastLine(result)}",
                tooSmall);
        }
        var made = Signature.Probe(device);
        return made.Type == type.Name && made.Uuid is { } uuid
            ? uuid
            : throw SealdiskException.Failed(
                $"cannot make {type} on {device}: {type.Mkfs.Name} reported success, but the device holds {made.Description}", tooSmall);
    }

    /// <summary>
    /// Checks a filesystem before it is mounted and lets its program correct what it corrects without asking. A torn superblock is restored
    /// from its backup. Returns a line worth showing, or null if it was clean, or if there is no such program. Call it only once the
    /// filesystem's UUID has been verified.
    /// </summary>
    /// <exception cref="SealdiskException">There are errors that need a person (exit code 3).</exception>
    public static string? Check(FilesystemType type, string device)
    {
        if (type.Fsck is not { } fsck || SystemProgram.Find(fsck.Name) is null)
            return null;
        var result = SystemProgram.Run(fsck.Name, type.Package, fsck.Automatic, device);
        var torn = result.ExitCode == FsckProgram.CouldNotCheck ? fsck.FindTornSuperblock?.Invoke(device) : null;
        if (torn?.BackupArguments is { } backup)
            result = SystemProgram.Run(fsck.Name, type.Package, [fsck.Automatic, .. backup, device]);
        return result.ExitCode switch
        {
            FsckProgram.Clean or FsckProgram.Corrected when torn is not null =>
                $"a power cut had torn the superblock; {fsck.Name} restored it from its backup",
            FsckProgram.Clean => null,
            FsckProgram.Corrected => $"{fsck.Name} corrected errors on {device}",
            _ => throw NotCorrected(fsck, device, result, torn is not null),
        };
    }

    private static SealdiskException NotCorrected(FsckProgram fsck, string device, SystemProgram.Result result, bool isTorn) =>
        SealdiskException.Refused(
            $"cannot mount {device}: {fsck.Name} found errors that it does not correct by itself (exit code {result.ExitCode}): "
                + (isTorn ? "the superblock is torn, and it has no good backup" : Finding(result, device)),
            $"open it with 'sealdisk map open', look at it with '{fsck.Name} -n' and repair it with '{fsck.Name}'; or restore a backup");

    private static long Size(string device)
    {
        using var file = FileDescriptor.Open(device, OpenFlags.Read);
        var status = file.Status();
        return status.Kind == FileKind.BlockDevice ? BlockDevice.Size(file).Count : status.Size;
    }

    private static string Text(long size) => size < 1 << 20 ? $"{size >> 10} KiB" : $"{size >> 20} MiB";

    /// <summary>The last thing that fsck complains of before it gives up, without the device's name.</summary>
    private static string Finding(SystemProgram.Result result, string device)
    {
        var lines = result.Output.Split('\n').Select(line => line.Trim()).Where(IsFinding).ToArray();
        if (lines.Length == 0)
            return LastLine(result);
        var prefix = device + ": ";
        return lines[^1].StartsWith(prefix, StringComparison.Ordinal) ? lines[^1][prefix.Length..] : lines[^1];
    }

    private static bool IsFinding(string line) => line.Length > 0
        && !line.Contains("UNEXPECTED INCONSISTENCY", StringComparison.Ordinal)
        && !line.StartsWith("(i.e.", StringComparison.Ordinal);

    private static string LastLine(SystemProgram.Result result) =>
        (result.Error.Trim().Length > 0 ? result.Error : result.Output).Trim().Split('\n')[^1];
}
