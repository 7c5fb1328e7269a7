namespace Sealdisk.Volumes.Filesystems;

/// <summary>
/// Partition tables: GPT (UEFI specification, 5.3), with its backup in the last sector, and that of the PC's BIOS, which blkid calls dos.
/// Which boot sectors are no partition tables is blkid's rule (libblkid/src/partitions/dos.c).
/// </summary>
internal static class PartitionTables
{
    internal const string Gpt = "gpt";
    private const string Dos = "dos";

    private const int Signature = 510, FirstEntry = 446, EntrySize = 16, Entries = 4, TypeOfEntry = 4;
    private const byte ProtectiveGpt = 0xEE, Active = 0x80;

    // Of the disk. An image may hold what was made for disks with other sectors than the disk that it is on.
    private static readonly int[] SectorSizes = [512, 4096];

    /// <summary>The type of the table, or null.</summary>
    internal static string? Find(ProbedContent content)
    {
        Span<byte> sector = stackalloc byte[512];
        content.Read(0, sector);
        if (OnDisk.U16(sector, Signature) != 0xAA55)
            return null;
        for (var i = 0; i < Entries; i++)
        {
            if (sector[FirstEntry + (i * EntrySize) + TypeOfEntry] == ProtectiveGpt)
                return HasStrayGpt(content) ? Gpt : null;
        }
        return IsDos(sector) ? Dos : null;
    }

    /// <summary>
    /// Whether there is a GPT, or its backup, whatever the first sector says. That counts only if nothing else is there: mkfs leaves the
    /// backup behind when it makes a filesystem on what was a partitioned disk.
    /// </summary>
    internal static bool HasStrayGpt(ProbedContent content) =>
        SectorSizes.Any(size => content.Has(size, "EFI PART"u8) || content.Has(content.Size - size, "EFI PART"u8));

    private static bool IsDos(ReadOnlySpan<byte> sector)
    {
        for (var i = 0; i < Entries; i++)
        {
            if (sector[FirstEntry + (i * EntrySize)] is not (0 or Active))
                return false;
        }
        return !Vfat.IsBootSector(sector) && !OnDisk.Has(sector, 3, "NTFS    "u8) && !OnDisk.Has(sector, 3, "EXFAT   "u8);
    }
}
