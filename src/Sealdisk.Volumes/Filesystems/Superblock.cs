namespace Sealdisk.Volumes.Filesystems;

/// <summary>What the superblock of a filesystem says.</summary>
/// <param name="Type">The name of the type that its features call for, as blkid says it.</param>
/// <param name="Uuid">UUID, or FAT's serial number, as blkid prints it; null if it is all zero.</param>
/// <param name="Size">Bytes that it needs of its device.</param>
/// <param name="LastMount">
/// When it was last mounted, in words; null if it never was, or if its type does not note every mount, as ext2, ext3 and ext4 alone do.
/// </param>
public sealed record Superblock(string Type, string? Uuid, UInt128 Size, string? LastMount = null)
{
    /// <summary>Bytes from the start of a volume that hold every superblock known here; the last is that of btrfs.</summary>
    public const int Window = 0x10000 + 0x1000;

    /// <summary>Reads the superblock of a recorded filesystem; null if it is not there, or if Sealdisk does not know the type.</summary>
    /// <param name="type">The recorded type.</param>
    /// <param name="start">The first <see cref="Window"/> decrypted bytes of the volume.</param>
    public static Superblock? Read(string type, ReadOnlySpan<byte> start) => FilesystemType.Find(type)?.ReadSuperblock(start);
}

/// <summary>Reads a superblock; null if there is none.</summary>
/// <param name="start">The first <see cref="Superblock.Window"/> bytes of the volume.</param>
public delegate Superblock? SuperblockReader(ReadOnlySpan<byte> start);
