using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Mapping;

/// <summary>
/// What a person names by hand for <c>map open</c> and <c>image</c>: all of cipher, key size and blob, or none of them if the device
/// carries a header record.
/// </summary>
/// <param name="Cipher">Or null.</param>
/// <param name="KeySize">Bytes, or null.</param>
/// <param name="Reference">A key that is in the kernel already, as "trusted:NAME" or "logon:NAME"; or null.</param>
/// <param name="BlobPath">A file of blob text, or null.</param>
/// <param name="Source">Who sealed the blob.</param>
/// <param name="Layout">Used if no header record gives it.</param>
/// <param name="Offset">512-byte sectors.</param>
/// <param name="Length">512-byte sectors; null for all that follow.</param>
public sealed record ManualKey(
    CipherSpec? Cipher,
    int? KeySize,
    string? Reference,
    string? BlobPath,
    TrustSource Source,
    SectorLayout Layout,
    long Offset,
    long? Length)
{
    /// <summary>What a person named, or a header record says, everything checked against the device's size.</summary>
    /// <param name="Format">How its sectors are encrypted, and where they are.</param>
    /// <param name="Source">Who sealed the key.</param>
    /// <param name="SealedKey">The sealed key; null if the key is in the kernel already.</param>
    public sealed record Resolved(SectorFormat Format, TrustSource Source, SealedKey? SealedKey)
    {
        /// <summary>For what happens in user space.</summary>
        /// <exception cref="SealdiskException">The key is one that never leaves the kernel.</exception>
        public void RequireSoft()
        {
            if (!Source.IsKernel())
                return;
            if (Capabilities.LackingFor(Source, MappingKind.Auto) is var (problem, remedy))
                throw SealdiskException.Lacking($"cannot unseal here: {problem}", remedy);
            throw SealdiskException.Usage(
                $"cannot unseal here: a key of source '{Source.Text()}' never leaves the kernel, by design",
                "only the soft source's keys can be used in user space");
        }
    }

    /// <summary>Settles everything for a device or image.</summary>
    /// <param name="device">Path; read only.</param>
    /// <param name="readHeader">False if the device is plaintext, and so never has a record.</param>
    /// <exception cref="SealdiskException">Something is missing, contradictory or impossible.</exception>
    public Resolved For(string device, bool readHeader)
    {
        var size = SizeOf(device);
        if (Cipher is null && KeySize is null && BlobPath is null && Reference is null)
        {
            return readHeader
                ? FromHeader(device, size)
                : throw SealdiskException.Usage(
                    $"cannot encrypt {device}: the cipher and the key are not named", "give --cipher, --key-size, --blob and --huk");
        }
        if (BlobPath is not null && Reference is not null)
            throw SealdiskException.Usage($"cannot use {device}: --blob and --key name two keys", "give one of them");
        if (Cipher is null || KeySize is null || (BlobPath is null && Reference is null))
            throw SealdiskException.Usage(
                $"cannot use {device}: --cipher, --key-size and --blob (or --key) belong together",
                "give all three; or none, if the device carries a header record");
        if (!Cipher.AcceptsKeySize(KeySize.Value))
            throw SealdiskException.Usage(
                $"cannot use {Cipher.Text} with a key of {KeySize} bytes: it takes {string.Join(", ", Cipher.KeySizes)}");
        var sectorsPerUnit = Layout.SectorSize / 512;
        var available = size / 512 - Offset;
        var length = Length ?? available / sectorsPerUnit * sectorsPerUnit;
        if (available <= 0 || length > available || length == 0)
        {
            var wanted = Length is { } asked ? $"--length {asked}" : "one encryption sector";
            throw SealdiskException.Usage(
                $"cannot use {device}: it has {size / 512} sectors of 512 bytes, too few for {wanted} at --offset {Offset}");
        }
        return length % sectorsPerUnit != 0
            ? throw SealdiskException.Usage(
                $"cannot use {device}: a length of {length} sectors is not a whole number of {Layout.SectorSize}-byte encryption sectors")
            : new Resolved(
                new SectorFormat
                {
                    Cipher = Cipher,
                    KeySize = KeySize.Value,
                    Layout = Layout,
                    Offset = new Sectors((ulong)Offset),
                    Length = new Sectors((ulong)length),
                },
                Source,
                BlobPath is null ? null : new SealedKey.Trusted(SealedBlob.Read(BlobPath)) { Made = KeyCustody.Process });
    }

    /// <summary>
    /// With an OP-TEE's HUK, the software model opens what that OP-TEE sealed, if it is named: a returned board's disk on the bench.
    /// </summary>
    private TrustSource SourceFor(VolumeRecord record) =>
        record.Source == TrustSource.Tee && Source == TrustSource.Soft ? TrustSource.Soft : record.Source;

    private Resolved FromHeader(string device, long size)
    {
        var outcome = RecordStore.Header(device).Read().Outcome;
        if (outcome is not RecordOutcome.Good { Record: var record })
            throw outcome is RecordOutcome.None
                ? SealdiskException.Usage(
                    $"cannot use {device}: it carries no header record, and no cipher and key are named",
                    "give --cipher, --key-size, --blob and --huk")
                : SealdiskException.Refused(
                    $"cannot use {device}: its header record is "
                    + (outcome is RecordOutcome.Damaged damaged ? $"damaged: {damaged.Reason}" : "of another format version"));
        var end = record.Format.End.Bytes;
        return size < end.Count
            ? throw SealdiskException.Refused(
                $"cannot use {device}: it has {size} bytes, but its record describes data up to byte {end}: it was truncated")
            : new Resolved(record.Format, SourceFor(record), record.Key);
    }

    private static long SizeOf(string device)
    {
        var status = FileStatus.TryOf(device) ?? throw SealdiskException.Usage($"cannot use {device}: it does not exist (ENOENT)");
        using var file = FileDescriptor.Open(device, OpenFlags.Read);
        return status.Kind switch
        {
            FileKind.BlockDevice => BlockDevice.Size(file).Count,
            FileKind.Regular => status.Size,
            _ => throw SealdiskException.Usage($"cannot use {device}: it is neither a block device nor a regular file"),
        };
    }
}
