using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>Fields of structures on disk, by their byte offset: little endian, unless the name says otherwise.</summary>
internal static class OnDisk
{
    internal static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    internal static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    internal static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    internal static uint BigU32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    internal static ulong BigU64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]);

    internal static bool Has(ReadOnlySpan<byte> bytes, int at, ReadOnlySpan<byte> magic) => bytes[at..].StartsWith(magic);

    /// <summary>The 16 bytes at an offset as blkid prints a UUID; null if they are all zero.</summary>
    internal static string? Uuid(ReadOnlySpan<byte> bytes, int at) => bytes.Slice(at, 16).ContainsAnyExcept((byte)0)
        ? new Guid(bytes.Slice(at, 16), bigEndian: true).ToString("D")
        : null;

    /// <summary>CRC-32C from all ones, and not inverted at the end, as ext4 has it. The length is a multiple of 4.</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, uint>(bytes))
            sum = BitOperations.Crc32C(sum, word);
        return sum;
    }
}
