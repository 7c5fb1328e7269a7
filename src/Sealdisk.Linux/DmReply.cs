using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// Reads what the device-mapper answered. Offsets and counts come from the kernel and are checked against the buffer all the same: an
/// inconsistent reply is EPROTO.
/// </summary>
internal readonly ref struct DmReply(Span<byte> buffer, string operation, string subject)
{
    private readonly Span<byte> _buffer = buffer;

    public ref readonly DmIoctl Head => ref MemoryMarshal.AsRef<DmIoctl>(_buffer);

    public DmVersion Version => new(Head.VersionMajor, Head.VersionMinor, Head.VersionPatch);

    public bool Has(DmFlags flag) => (Head.Flags & flag) != DmFlags.None;

    /// <summary>The mapping that the head describes.</summary>
    public DmDevice Device()
    {
        ref readonly var head = ref Head;
        var uuid = TextIn(head.Uuid);
        return new DmDevice(
            DmName.Reported(TextIn(head.Name)),
            uuid.Length == 0 ? null : uuid,
            DeviceNumber.Decode(head.Device),
            head.OpenCount,
            head.EventNumber,
            head.TargetCount,
            ReadOnly: Has(DmFlags.DM_READONLY),
            Suspended: Has(DmFlags.DM_SUSPEND),
            HasActiveTable: Has(DmFlags.DM_ACTIVE_PRESENT),
            HasInactiveTable: Has(DmFlags.DM_INACTIVE_PRESENT),
            DeferredRemove: Has(DmFlags.DM_DEFERRED_REMOVE));
    }

    /// <summary>Table or status lines (struct dm_target_spec). Key bytes in hexadecimal become zeros, in the buffer as well.</summary>
    public IReadOnlyList<DmTarget> Targets()
    {
        var targets = new List<DmTarget>();
        var data = Data();
        var at = 0u;
        for (var i = 0u; i < Head.TargetCount; i++)
        {
            if (at > data.Length || data.Length - at < DmTargetSpec.Size)
                throw Malformed();
            ref readonly var spec = ref MemoryMarshal.AsRef<DmTargetSpec>(data[(int)at..]);
            var text = data[((int)at + DmTargetSpec.Size)..];
            // The last one's is not followed; it may point a few bytes past the end.
            if (i + 1 < Head.TargetCount)
            {
                if (spec.Next < at + DmTargetSpec.Size || spec.Next > data.Length)
                    throw Malformed();
                text = text[..(int)(spec.Next - at - DmTargetSpec.Size)];
            }
            var type = TextIn(spec.TargetType);
            var parameters = UpToNul(text);
            if (type == "crypt")
                HideKey(parameters);
            targets.Add(new DmTarget(new Sectors(spec.SectorStart), new Sectors(spec.Length), type, Encoding.UTF8.GetString(parameters)));
            at = spec.Next;
        }
        return targets;
    }

    /// <summary>Names and device numbers of all mappings (struct dm_name_list).</summary>
    public IReadOnlyList<(DmName Name, DeviceNumber Device)> Names()
    {
        var names = new List<(DmName, DeviceNumber)>();
        for (var data = Data(); data.Length > DmNameList.NameOffset; data = Next(data, DmNameList.NextOffset, DmNameList.NameOffset))
        {
            var device = BinaryPrimitives.ReadUInt64LittleEndian(data);
            if (device == 0) // the only entry of an empty list
                break;
            var name = DmName.Reported(Encoding.UTF8.GetString(UpToNul(data[DmNameList.NameOffset..])));
            names.Add((name, DeviceNumber.Decode(device)));
        }
        return names;
    }

    /// <summary>Target types and their versions (struct dm_target_versions).</summary>
    public IReadOnlyDictionary<string, DmVersion> Versions()
    {
        var versions = new Dictionary<string, DmVersion>(StringComparer.Ordinal);
        const int name = DmTargetVersions.NameOffset;
        for (var data = Data(); data.Length > name; data = Next(data, DmTargetVersions.NextOffset, name))
        {
            var numbers = MemoryMarshal.Cast<byte, uint>(data[DmTargetVersions.VersionOffset..name]);
            versions[Encoding.UTF8.GetString(UpToNul(data[name..]))] = new DmVersion(numbers[0], numbers[1], numbers[2]);
        }
        return versions;
    }

    /// <summary>The devices that a table uses (struct dm_target_deps).</summary>
    public IReadOnlyList<DeviceNumber> Dependencies()
    {
        var data = Data();
        if (data.Length < DmTargetDeps.DevicesOffset)
            return [];
        var count = BinaryPrimitives.ReadUInt32LittleEndian(data);
        var devices = data[DmTargetDeps.DevicesOffset..];
        if (count > devices.Length / sizeof(ulong))
            throw Malformed();
        return Array.ConvertAll(MemoryMarshal.Cast<byte, ulong>(devices)[..(int)count].ToArray(), DeviceNumber.Decode);
    }

    /// <summary>A target's answer to a message; null if it gave none.</summary>
    public string? Answer() => Has(DmFlags.DM_DATA_OUT) ? Encoding.UTF8.GetString(UpToNul(Data())) : null;

    /// <summary>The data after the head; empty if the reply ends with the head, wherever it says that its data start.</summary>
    private Span<byte> Data()
    {
        ref readonly var head = ref Head;
        if (head.DataSize > _buffer.Length)
            throw Malformed();
        if (head.DataStart >= head.DataSize)
            return [];
        if (head.DataStart < DmIoctl.Size || head.DataStart % 8 != 0)
            throw Malformed();
        return _buffer[(int)head.DataStart..(int)head.DataSize];
    }

    /// <summary>The list from its next entry on; empty after the last one, whose distance to the next is 0.</summary>
    private Span<byte> Next(Span<byte> entry, int distanceOffset, int entrySize)
    {
        var distance = BinaryPrimitives.ReadUInt32LittleEndian(entry[distanceOffset..]);
        if (distance == 0)
            return [];
        return distance > entrySize && distance < entry.Length && distance % 8 == 0 ? entry[(int)distance..] : throw Malformed();
    }

    private Span<byte> UpToNul(Span<byte> text)
    {
        var end = text.IndexOf((byte)0);
        return end >= 0 ? text[..end] : throw Malformed();
    }

    private string TextIn(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(field[..end]) : throw Malformed();
    }

    /// <summary>"cipher key iv_offset ...": a key that starts with a colon is a name, anything else is the key itself.</summary>
    private static void HideKey(Span<byte> parameters)
    {
        var key = parameters[(parameters.IndexOf((byte)' ') + 1)..];
        if (key.Length == parameters.Length || key.StartsWith(":"u8) || key.StartsWith("-"u8))
            return;
        var end = key.IndexOf((byte)' ');
        (end < 0 ? key : key[..end]).Fill((byte)'0');
    }

    private LinuxException Malformed() => new(Errno.EPROTO, operation, subject);
}
