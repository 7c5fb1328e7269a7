using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Support;

/// <summary>
/// Changes of single fields of a record, as an attacker who knows the format makes them: fields of text are changed as text.
/// </summary>
internal static class RecordEdits
{
    /// <summary>A key as its trust source sealed it, on one level.</summary>
    public static SealedKey Trusted(string blob) => new SealedKey.Trusted(SealedBlob.Parse(blob)) { Made = KeyCustody.Process };

    /// <summary>A key on two levels.</summary>
    public static SealedKey TwoLevel(string root, string key, string? recovery = null) =>
        new SealedKey.TwoLevel(SealedBlob.Parse(root), EncryptedKeyText.ParseUnderTrusted(key))
        {
            Made = KeyCustody.Process,
            Recovery = recovery is not null && RecoveryWrap.TryParse(recovery, out var wrap) ? wrap : null,
        };

    public static VolumeRecord WithSealedKey(this VolumeRecord record, Func<string, string> change) => record with
    {
        Key = record.Key switch
        {
            SealedKey.TwoLevel two => two with { Key = EncryptedKeyText.ParseUnderTrusted(change(two.Text)) },
            SealedKey.Trusted one => one with { Sealed = SealedBlob.Parse(change(one.Text)) },
            _ => throw new InvalidOperationException(),
        },
    };

    public static VolumeRecord WithSealedKey(this VolumeRecord record, string text) => record.WithSealedKey(_ => text);

    public static VolumeRecord WithRootKey(this VolumeRecord record, Func<string, string> change)
    {
        var two = (SealedKey.TwoLevel)record.Key;
        return record with { Key = two with { Root = SealedBlob.Parse(change(two.Root.ToString())) } };
    }

    public static VolumeRecord WithRootKey(this VolumeRecord record, string text) => record.WithRootKey(_ => text);

    public static VolumeRecord WithRecovery(this VolumeRecord record, Func<string, string> change)
    {
        var two = (SealedKey.TwoLevel)record.Key;
        return RecoveryWrap.TryParse(change(two.Recovery!.ToString()), out var wrap)
            ? record with { Key = two with { Recovery = wrap } }
            : throw new InvalidOperationException("that is not a recovery wrap");
    }

    public static string? RootKey(this VolumeRecord record) => (record.Key as SealedKey.TwoLevel)?.Root.ToString();

    public static string? Recovery(this VolumeRecord record) => (record.Key as SealedKey.TwoLevel)?.Recovery?.ToString();

    public static VolumeRecord WithCipher(this VolumeRecord record, string cipher) =>
        record with { Format = record.Format with { Cipher = CipherSpec.Parse(cipher) } };

    public static VolumeRecord WithKeySize(this VolumeRecord record, int bytes) =>
        record with { Format = record.Format with { KeySize = bytes } };

    public static VolumeRecord WithLayout(this VolumeRecord record, Func<SectorLayout, SectorLayout> change) =>
        record with { Format = record.Format with { Layout = change(record.Format.Layout) } };

    /// <summary>Moves the data, both in sectors.</summary>
    public static VolumeRecord WithData(this VolumeRecord record, ulong offset, ulong length) =>
        record with { Format = record.Format with { Offset = new Sectors(offset), Length = new Sectors(length) } };

    public static VolumeRecord WithLength(this VolumeRecord record, Func<ulong, ulong> change) =>
        record.WithData(record.Format.Offset.Count, change(record.Format.Length.Count));
}
