using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Does a record belong to this device, and to the data that are on it? Unseals and decrypts for real; mounts and writes nothing.
/// </summary>
internal static class RecordProof
{
    /// <summary>What is wrong with a record that says its first boot never finished, while a filesystem was in use under its key.</summary>
    internal const string OlderThanItsData =
        "its record says that its first boot never finished, but the volume holds a filesystem that was mounted at";

    /// <summary>What is wrong with a record whose data are half plaintext and half ciphertext.</summary>
    internal const string HalfConverted = "its data were being converted in place, and this version of Sealdisk cannot continue that";

    internal const string HalfConvertedHint = "nothing was changed; use the version that began it, or a later one";

    /// <summary>Proves a record; returns what was verified, for people.</summary>
    /// <param name="spec">The volume; only its device, name and HUK count, the rest is the record's.</param>
    /// <param name="record">The record in question.</param>
    /// <param name="kind">Who decrypts its volume.</param>
    /// <exception cref="SealdiskException">Its key does not open here (4); its filesystem is not there, or there is one in use that it
    /// does not know of, or its data are half converted (3).</exception>
    internal static string Of(VolumeSpec spec, VolumeRecord record, MappingKind kind)
    {
        if (record.State == VolumeState.Converting)
            throw SealdiskException.Refused($"cannot vouch for {spec.Name}: {HalfConverted}", HalfConvertedHint);
        using var start = Decrypted(spec, record, kind);
        var verified = record.Key.Kind == KeyKind.Trusted
            ? $"the key unseals ({record.Format.KeySize} bytes, {record.Source.Text()})"
            : $"the root key unseals ({record.Source.Text()}), the key opens under it ({record.Format.KeySize} bytes)";
        if (record.State == VolumeState.Provisioning)
        {
            return Superblock.Read(record.Filesystem, start.Memory.Span)?.LastMount is not { } mounted
                ? verified + "; its first boot was cut short and will be resumed"
                : throw SealdiskException.Refused(
                    $"cannot vouch for {spec.Name}: {OlderThanItsData} {mounted}",
                    $"'sealdisk repair {spec.Name}' makes the record agree with it");
        }
        var found = Superblock.Read(record.Filesystem, start.Memory.Span)?.Uuid;
        var held = found is null ? $"no {record.Filesystem}" : $"{record.Filesystem} {found}";
        if (!string.Equals(found, record.FilesystemUuid, StringComparison.OrdinalIgnoreCase))
            throw SealdiskException.Refused(
                $"cannot vouch for {spec.Name}: its key unseals, but the decrypted volume holds {held}, "
                + $"and {record.FilesystemUuid} is recorded",
                "the data were overwritten, or the record belongs to another volume");
        RequireRoom(spec, record, start.Memory.Span, "vouch for");
        return verified + $", {record.Filesystem} {record.FilesystemUuid} is there";
    }

    /// <summary>
    /// The recorded filesystem must fit into the recorded length, or its checker would repair what is only cut off from view.
    /// </summary>
    /// <exception cref="SealdiskException">It does not (3).</exception>
    internal static void RequireRoom(VolumeSpec spec, VolumeRecord record, ReadOnlySpan<byte> start, string act)
    {
        var room = (UInt128)record.Format.Length.Count * Sectors.Size;
        if (Superblock.Read(record.Filesystem, start)?.Size is { } size && size > room)
            throw SealdiskException.Refused(
                $"cannot {act} {spec.Name}: its {record.Filesystem} has {size} bytes, but its record gives it only {room}",
                "this is not the record that this volume was made with; nothing was changed; "
                + $"'sealdisk record import {spec.Name} FILE' restores it from a backup");
    }

    /// <summary>
    /// The UUID of a filesystem that was in use under the key of a record that says its first boot never finished; null if there is none.
    /// </summary>
    internal static string? InUse(VolumeSpec spec, VolumeRecord record, MappingKind kind)
    {
        using var start = Decrypted(spec, record, kind);
        return Superblock.Read(record.Filesystem, start.Memory.Span)?.LastMount is null
            ? null
            : Superblock.Read(record.Filesystem, start.Memory.Span)?.Uuid;
    }

    private static SecretBuffer Decrypted(VolumeSpec spec, VolumeRecord record, MappingKind kind)
    {
        using var key = new VolumeKey(spec, kind);
        key.Load(record);
        using var view = DecryptedView.Open(spec, record, key);
        var start = SecretBuffer.Allocate(Superblock.Window);
        view.ReadStart(start.Memory.Span);
        return start;
    }
}
