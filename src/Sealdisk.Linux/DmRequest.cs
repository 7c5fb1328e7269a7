using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>Writes a request to the device-mapper into a buffer: the head, and a table or message after it.</summary>
internal static class DmRequest
{
    /// <summary>Longest name in bytes: DM_NAME_LEN with its NUL.</summary>
    public const int MaxName = 127;

    /// <summary>Longest UUID in bytes: DM_UUID_LEN with its NUL.</summary>
    public const int MaxUuid = 128;

    /// <summary>Longest target type in bytes: DM_MAX_TYPE_NAME with its NUL.</summary>
    public const int MaxType = 15;

    /// <summary>The head of a request. Its data, if any, starts right after it; its size is that of the buffer.</summary>
    public static ref DmIoctl WriteHead(Span<byte> buffer, DmCommand command, ReadOnlySpan<char> name, DmFlags flags)
    {
        buffer.Clear();
        ref var head = ref MemoryMarshal.AsRef<DmIoctl>(buffer);
        // The kernel refuses a newer interface than its own, so each request claims the oldest that has it, as libdevmapper does.
        (head.VersionMajor, head.VersionMinor, head.VersionPatch) = command switch
        {
            DmCommand.DM_LIST_VERSIONS => (4u, 1u, 0u),
            DmCommand.DM_TARGET_MSG => (4u, 2u, 0u),
            DmCommand.DM_GET_TARGET_VERSION => (4u, 41u, 0u),
            _ => (4u, 0u, 0u),
        };
        head.DataSize = (uint)buffer.Length;
        head.DataStart = DmIoctl.Size;
        head.Flags = flags;
        WriteText(head.Name, name);
        return ref head;
    }

    /// <summary>The UUID that a new mapping keeps for life.</summary>
    public static void WriteUuid(ref DmIoctl head, ReadOnlySpan<char> uuid) => WriteText(head.Uuid, uuid);

    /// <summary>Bytes that <see cref="WriteTable"/> needs after the head.</summary>
    public static int TableSize(IReadOnlyList<DmTarget> targets)
    {
        var size = 0;
        foreach (var target in targets)
            size = checked(size + LineSize(target));
        return size;
    }

    /// <summary>Table lines in order, each with the distance to the next.</summary>
    public static void WriteTable(Span<byte> data, IReadOnlyList<DmTarget> targets)
    {
        foreach (var target in targets)
        {
            var size = LineSize(target);
            ref var spec = ref MemoryMarshal.AsRef<DmTargetSpec>(data);
            spec.SectorStart = target.Start.Count;
            spec.Length = target.Length.Count;
            spec.Next = (uint)size;
            WriteText(spec.TargetType, target.Type);
            WriteText(data[DmTargetSpec.Size..size], target.Parameters);
            data = data[size..];
        }
    }

    /// <summary>Bytes that <see cref="WriteMessage"/> needs after the head.</summary>
    public static int MessageSize(ReadOnlySpan<byte> text) => DmTargetMessage.TextOffset + text.Length + 1;

    public static void WriteMessage(Span<byte> data, Sectors sector, ReadOnlySpan<byte> text)
    {
        MemoryMarshal.Write(data, sector.Count);
        text.CopyTo(data[DmTargetMessage.TextOffset..]);
    }

    /// <summary>The kernel wants every line aligned to 8 bytes.</summary>
    private static int LineSize(DmTarget target) =>
        checked((DmTargetSpec.Size + Encoding.UTF8.GetByteCount(target.Parameters) + 1 + 7) & ~7);

    /// <summary>Text and at least one NUL after it, into a zeroed field.</summary>
    private static void WriteText(Span<byte> field, ReadOnlySpan<char> text)
    {
        if (text.Contains('\0'))
            throw new ArgumentException("a text for the device-mapper cannot contain a NUL", nameof(text));
        if (!Encoding.UTF8.TryGetBytes(text, field[..^1], out _))
            throw new ArgumentException($"this text for the device-mapper has more than {field.Length - 1} bytes", nameof(text));
    }
}
