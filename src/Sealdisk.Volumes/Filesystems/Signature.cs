using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>What a device or file is recognised to hold; all null if nothing is recognised. The words are blkid's.</summary>
/// <param name="Type">The type of the filesystem or container: ext4, crypto_LUKS, ...</param>
/// <param name="Uuid">UUID or serial number of a filesystem that Sealdisk makes, as blkid prints it; null for everything else.</param>
/// <param name="Usage">What it is for: filesystem, crypto, raid, other.</param>
/// <param name="PartitionTable">The type of the partition table: gpt or dos.</param>
/// <param name="Ambivalent">Several things are recognised at once, which no sound device shows.</param>
public sealed record Signature(string? Type, string? Uuid, string? Usage, string? PartitionTable, bool Ambivalent)
{
    /// <summary>Bytes at the start that must be readable before "nothing" is believed.</summary>
    private const long MustBeReadable = 1 << 20;

    /// <summary>Nothing that Sealdisk recognises.</summary>
    public static Signature None { get; } = new(null, null, null, null, false);

    /// <summary>True if nothing is recognised. That does not prove that the device is empty: ciphertext looks the same.</summary>
    public bool IsNothing => Type is null && PartitionTable is null && !Ambivalent;

    /// <summary>True for a plain filesystem that could be mounted as it is, and nothing else with it.</summary>
    public bool IsPlainFilesystem => Usage == "filesystem" && PartitionTable is null && !Ambivalent;

    /// <summary>For messages: "a plain ext4 filesystem", "a LUKS volume", "a gpt partition table".</summary>
    public string Description => this switch
    {
        { Ambivalent: true } => "several signatures at once",
        { IsPlainFilesystem: true } => $"a plain {Type} filesystem",
        { Type: not null, PartitionTable: not null } => $"{Type} and a {PartitionTable} partition table",
        { Type: "crypto_LUKS" } => "a LUKS volume",
        { Type: not null } => $"{Type} ({Usage ?? "unknown use"})",
        { PartitionTable: not null } => $"a {PartitionTable} partition table",
        _ => "nothing that Sealdisk recognises",
    };

    /// <summary>Looks at a device or file; reads it, changes nothing.</summary>
    /// <param name="path">A block device or a file.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="length">Bytes to look at; null for all.</param>
    /// <exception cref="LinuxException">It cannot be opened or read, which is never taken for "nothing".</exception>
    public static Signature Probe(string path, long offset = 0, long? length = null)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        var content = new ProbedContent(file, offset, length);
        var found = Superblocks(content) with { PartitionTable = PartitionTables.Find(content) };
        if (found.IsNothing && PartitionTables.HasStrayGpt(content))
            return found with { PartitionTable = PartitionTables.Gpt };
        if (found.IsNothing)
            content.RequireReadable(MustBeReadable);
        return found;
    }

    /// <summary>
    /// What holds other things (RAID, encryption) hides them, so it comes first and ends the search. Of the rest, more than one is a
    /// contradiction, unless all of them are types that may share a device, as a disc with both ISO 9660 and UDF does.
    /// </summary>
    private static Signature Superblocks(ProbedContent content)
    {
        if (KnownContent.Containers.FirstOrDefault(known => known.IsIn(content)) is { } container)
            return Of(container);
        var found = new List<Signature>();
        var mayShare = true;
        if (OfKnownFilesystem(content) is { } own)
        {
            found.Add(own);
            mayShare = own.Type is { } type && FilesystemType.Find(type) is { MayShare: true };
        }
        foreach (var known in KnownContent.Others.Where(known => known.IsIn(content)))
        {
            found.Add(Of(known));
            mayShare &= known.MayShare;
        }
        if (found.Count == 0)
            return None;
        return found.Count == 1 || mayShare ? found[0] : None with { Ambivalent = true };
    }

    private static Signature? OfKnownFilesystem(ProbedContent content)
    {
        // Not locked memory: a person without privileges may look at an image, and may not be allowed to lock that much.
        Span<byte> start = new byte[Superblock.Window];
        content.Read(0, start);
        Signature? found = null;
        // ext2, ext3 and ext4 share one reader, which says which of them it is.
        foreach (var type in FilesystemType.All.DistinctBy(type => type.Package))
        {
            if (type.ReadSuperblock(start) is not { } superblock)
                continue;
            if (found is not null)
                return None with { Ambivalent = true };
            found = new Signature(superblock.Type, superblock.Uuid, superblock.Type == "jbd" ? "other" : "filesystem", null, false);
        }
        return found;
    }

    private static Signature Of(KnownContent known) => new(known.Type, null, known.Usage, null, false);
}
