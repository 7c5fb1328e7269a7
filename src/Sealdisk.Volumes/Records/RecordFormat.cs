using System.Buffers.Binary;
using Sealdisk.Crypto;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// One copy of a record as a block of 4096 bytes, little-endian (docs/record-format.md):
/// <code>
///    0   8  magic "SEALDISK"
///    8   4  format version: 3
///   12   4  body length in bytes, 1 to 3520
///   16   8  generation, from 1
///   24   8  zero
///   32  32  SHA-256 of all 4096 bytes with these 32 taken as zero
///   64   n  body: lines of name=value (<see cref="RecordBody"/>)
/// 64+n      zero to 3583
/// 3584 512  seal, by which the volume's own key authenticates the record: zero until it is made
/// </code>
/// Later versions keep the first 64 bytes and the hash, so that an earlier Sealdisk knows them for what they are.
/// </summary>
public static class RecordFormat
{
    /// <summary>Bytes of one copy.</summary>
    public const int BlockSize = 4096;

    /// <summary>The one format version. Versions 1 and 2 were never released.</summary>
    public const uint Version = 3;

    /// <summary>Bytes of a claim: one sector, the most that is written whole or not at all.</summary>
    public const int ClaimSize = 512;

    internal const int BodyOffset = 64;

    /// <summary>Where the seal is.</summary>
    internal const int SealOffset = 3584;

    /// <summary>Bytes of the longest body.</summary>
    internal const int MaxBody = SealOffset - BodyOffset;
    private const int VersionOffset = 8;
    private const int LengthOffset = 12;
    private const int GenerationOffset = 16;
    private const int ReservedOffset = 24;
    private const int HashOffset = 32;
    private const int HashSize = 32;

    private static ReadOnlySpan<byte> Magic => "SEALDISK"u8;

    private static ReadOnlySpan<byte> FirstBootClaim =>
        "SEALINIT\nA first boot of Sealdisk began here. While this is in place of copy B, copy A may be torn,"u8
        + " and no data were ever written.\n"u8;

    private static ReadOnlySpan<byte> AdoptionClaim =>
        "SEALADOP\nSealdisk began to adopt the volume here. While this is in place of copy B, copy A may be torn;"u8
        + " the data are those of before.\n"u8;

    /// <summary>The body's lines, <c>name=value</c> each, in their order.</summary>
    public static IEnumerable<string> Lines(VolumeRecord record)
    {
        var body = new byte[MaxBody];
        return System.Text.Encoding.UTF8.GetString(body, 0, RecordBody.Write(record, body)).TrimEnd('\n').Split('\n');
    }

    /// <summary>Fills a block of exactly <see cref="BlockSize"/> bytes.</summary>
    /// <exception cref="ArgumentException">
    /// The record holds something that would not read back as itself; the message says what.
    /// </exception>
    public static void Write(VolumeRecord record, Span<byte> block)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, BlockSize);
        block.Clear();
        Magic.CopyTo(block);
        BinaryPrimitives.WriteUInt32LittleEndian(block[VersionOffset..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(block[GenerationOffset..], record.Generation);
        var length = RecordBody.Write(record, block.Slice(BodyOffset, MaxBody));
        BinaryPrimitives.WriteInt32LittleEndian(block[LengthOffset..], length);
        Hash(block, block.Slice(HashOffset, HashSize));

        // One set of rules for writer and reader: what the reader would refuse is never written.
        var back = Read(block);
        if (back is CopyReading.Bad bad)
            throw new ArgumentException($"cannot write the record: {bad.Reason}");
        if (back != new CopyReading.Valid(record))
            throw new ArgumentException("cannot write the record: it does not read back as it is");
    }

    /// <summary>
    /// Fills the one sector that is put in the place of copy B before the first copy A is written. Copy B is written over it once copy A
    /// is on the medium, and only after that anything else: so while a claim is there, whatever copy A looks like, nothing but that was
    /// ever changed.
    /// </summary>
    /// <param name="kind">Who is about to write.</param>
    /// <param name="sector">Exactly <see cref="ClaimSize"/> bytes.</param>
    public static void WriteClaim(ClaimKind kind, Span<byte> sector)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sector.Length, ClaimSize);
        sector.Clear();
        (kind == ClaimKind.FirstBoot ? FirstBootClaim : AdoptionClaim).CopyTo(sector);
    }

    /// <summary>Reads a block. Never throws: whatever the bytes are, they are one of the kinds of <see cref="CopyReading"/>.</summary>
    /// <param name="block">4096 bytes; fewer if the file or device ends before.</param>
    public static CopyReading Read(ReadOnlySpan<byte> block)
    {
        if (IsClaim(block, FirstBootClaim))
            return new CopyReading.Claim(ClaimKind.FirstBoot);
        if (IsClaim(block, AdoptionClaim))
            return new CopyReading.Claim(ClaimKind.Adoption);
        if (!block.StartsWith(Magic))
            return new CopyReading.Absent(!block.ContainsAnyExcept((byte)0) || !block.ContainsAnyExcept((byte)0xFF));
        if (block.Length < BlockSize)
            return new CopyReading.Bad($"cut off after {block.Length} bytes");
        block = block[..BlockSize];

        Span<byte> hash = stackalloc byte[HashSize];
        Hash(block, hash);
        if (!hash.SequenceEqual(block.Slice(HashOffset, HashSize)))
            return new CopyReading.Bad("the checksum is wrong");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(block[VersionOffset..]);
        if (version == 0)
            return new CopyReading.Bad("format version 0 does not exist");
        if (version != Version)
            return new CopyReading.OtherVersion(version);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(block[LengthOffset..]);
        if (length is 0 or > MaxBody)
            return new CopyReading.Bad($"body length {length} is not possible");
        if (block[ReservedOffset..HashOffset].ContainsAnyExcept((byte)0) || block[(BodyOffset + (int)length)..].ContainsAnyExcept((byte)0))
            return new CopyReading.Bad("bytes that must be zero are not");
        var generation = BinaryPrimitives.ReadUInt64LittleEndian(block[GenerationOffset..]);
        return generation == 0
            ? new CopyReading.Bad("generation 0 is not possible")
            : RecordBody.Read(block.Slice(BodyOffset, (int)length), generation);
    }

    /// <summary>A version that this Sealdisk does not know, in words that continue "it has".</summary>
    public static string Describe(uint version) => version < Version
        ? $"format version {version}, which no release of Sealdisk has written"
        : $"format version {version}, written by a later Sealdisk";

    private static bool IsClaim(ReadOnlySpan<byte> block, ReadOnlySpan<byte> text) =>
        block.Length >= ClaimSize && block.StartsWith(text) && !block[text.Length..ClaimSize].ContainsAnyExcept((byte)0);

    private static void Hash(ReadOnlySpan<byte> block, Span<byte> hash)
    {
        Span<byte> blank = stackalloc byte[BlockSize];
        block.CopyTo(blank);
        blank.Slice(HashOffset, HashSize).Clear();
        Sha256.Hash(blank, hash);
    }
}
