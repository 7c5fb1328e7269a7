namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// A program that checks a filesystem, with the exit codes of fsck(8): 0 clean, 1 errors corrected, 8 it could not check, anything else
/// errors left.
/// </summary>
/// <param name="Name">The program, such as <c>fsck.ext4</c>.</param>
/// <param name="Automatic">The option with which it corrects without asking what is safe to correct.</param>
/// <param name="FindTornSuperblock">
/// Looks, once the program could not check, whether a power cut tore the superblock. Null for a type that keeps no copy of it.
/// </param>
public sealed record FsckProgram(string Name, string Automatic, Func<string, TornSuperblock?>? FindTornSuperblock = null)
{
    internal const int Clean = 0;
    internal const int Corrected = 1;
    internal const int CouldNotCheck = 8;
}

/// <summary>A superblock of which a power cut let one sector through and kept another.</summary>
/// <param name="BackupArguments">What makes the checker use a copy instead; null if this filesystem has none.</param>
public sealed record TornSuperblock(string[]? BackupArguments);
