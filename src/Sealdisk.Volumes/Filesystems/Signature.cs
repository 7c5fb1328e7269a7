using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>What blkid recognises at the start of a device or file; all null where it recognises nothing.</summary>
/// <param name="Type">The filesystem's or container's type: ext4, crypto_LUKS, ...</param>
/// <param name="Uuid">Its UUID or serial, as blkid prints it.</param>
/// <param name="Usage">blkid's word for it: filesystem, crypto, raid, other.</param>
/// <param name="PartitionTable">The partition table's type: gpt, dos, ...</param>
/// <param name="Ambivalent">Several things are recognised at once, which no sound device shows.</param>
public sealed record Signature(string? Type, string? Uuid, string? Usage, string? PartitionTable, bool Ambivalent)
{
    private const int NothingFound = 2;
    private const int AmbivalentResult = 8;

    /// <summary>Nothing known to blkid.</summary>
    public static Signature None { get; } = new(null, null, null, null, false);

    /// <summary>True where blkid recognises nothing. That is no proof of emptiness: ciphertext looks the same.</summary>
    public bool IsNothing => Type is null && PartitionTable is null && !Ambivalent;

    /// <summary>True for a plain filesystem that could be mounted as it is, and nothing beside it.</summary>
    public bool IsPlainFilesystem => Usage == "filesystem" && PartitionTable is null && !Ambivalent;

    /// <summary>For messages: "an ext4 filesystem", "a LUKS volume", "a gpt partition table".</summary>
    public string Description => this switch
    {
        { Ambivalent: true } => "several signatures at once",
        { IsPlainFilesystem: true } => $"a plain {Type} filesystem",
        { Type: not null, PartitionTable: not null } => $"{Type} and a {PartitionTable} partition table",
        { Type: "crypto_LUKS" } => "a LUKS volume",
        { Type: not null } => $"{Type} ({Usage ?? "unknown use"})",
        { PartitionTable: not null } => $"a {PartitionTable} partition table",
        _ => "nothing known to blkid",
    };

    /// <summary>Probes a device or file with <c>blkid -p</c>, past the cache.</summary>
    /// <param name="path">A block device or a file.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="length">Bytes to look at, or null for all.</param>
    /// <exception cref="SealdiskException">blkid is missing (exit code 5), or failed (exit code 1).</exception>
    /// <exception cref="LinuxException">It cannot be opened or read, which is never taken for "nothing".</exception>
    public static Signature Probe(string path, long offset = 0, long? length = null)
    {
        var arguments = new List<string> { "-p", "-o", "export", "-O", $"{offset}" };
        if (length is { } size)
            arguments.AddRange(["-S", $"{size}"]);
        arguments.Add(path);
        var result = SystemProgram.Run("blkid", arguments.ToArray());
        return result.ExitCode switch
        {
            0 => Parse(result.Output),
            AmbivalentResult => None with { Ambivalent = true },
            NothingFound => NothingIn(path, offset, length),
            _ => throw SealdiskException.Failed($"cannot probe {path}: blkid ended with {result.ExitCode}: {result.Error.Trim()}"),
        };
    }

    /// <summary>
    /// blkid ends with 2, and no word, both where it finds nothing and where it cannot open or read (util-linux 2.38). What it looks at is
    /// in the first MiB, but for a few containers that end a device, so that much must be readable before "nothing" is believed.
    /// </summary>
    private static Signature NothingIn(string path, long offset, long? length)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        Span<byte> piece = stackalloc byte[4096];
        for (var at = 0; at < Math.Min(length ?? long.MaxValue, 1 << 20); at += piece.Length)
        {
            if (file.ReadAt(piece, offset + at) < piece.Length)
                break;
        }
        return None;
    }

    /// <summary>Reads blkid's export format: one NAME=value a line.</summary>
    internal static Signature Parse(string export)
    {
        var found = None;
        foreach (var line in export.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                continue;
            // blkid escapes what is odd in a value with backslashes; none of the fields used here ever needs that.
            var value = line[(equals + 1)..];
            found = line[..equals] switch
            {
                "TYPE" => found with { Type = value },
                "UUID" => found with { Uuid = value },
                "USAGE" => found with { Usage = value },
                "PTTYPE" => found with { PartitionTable = value },
                _ => found,
            };
        }
        return found;
    }
}
