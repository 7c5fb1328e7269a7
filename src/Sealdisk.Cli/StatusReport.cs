using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Cli;

/// <summary>
/// One volume of <c>status</c>, in JSON and as text. What the record says counts, and before the first boot what the configuration says.
/// </summary>
/// <param name="spec">The volume.</param>
/// <param name="status">What was seen; null if Sealdisk could not look.</param>
/// <param name="error">Why it could not look, or null.</param>
internal sealed class StatusReport(VolumeSpec spec, VolumeStatus? status, ErrorReport? error) : IReport
{
    private readonly Observed? _observed = status?.Observed;
    private readonly VolumeRecord? _record = status?.Record;

    public void Write(ReportWriter to)
    {
        var mapping = _observed?.Mapping;
        to.Field("volume", spec.Name).Field("state", State).Field("problem", status is null ? error?.Error : status.Problem)
            .Field("device", spec.Device).Field("device_size", _observed?.DeviceSize)
            .Field("record", RecordPlace).Field("record_copies", Copies).Field("record_state", _record?.State.Text())
            .Field("uuid", _record?.Uuid.ToString("D")).Field("source", Source.Text())
            .Field("mapping", mapping?.Kind.Text()).Field("block", mapping?.BlockPath).Field("decrypted", mapping?.VolumePath)
            .Field("server", mapping?.Server).Field("discards", mapping?.PassesDiscards)
            .Field("cipher", Cipher).Field("key_size", KeySize).Field("sector_size", SectorSize)
            .Field("filesystem", Filesystem).Field("filesystem_uuid", _record?.FilesystemUuid).Field("mount", _observed?.MountedAt)
            .Field("life_cycle", _record?.LifeCycle).Field("created_by", _record?.CreatedBy)
            .Field("key", Key.Text()).Field("root_key_name", _record?.Key.RootKeyName).Field("recovery_key_id", _record?.Key.RecoveryKeyId);
    }

    /// <summary>The same for people, as lines of a label and a value.</summary>
    internal void Print(Terminal terminal)
    {
        terminal.Result($"{spec.Name}: {State}");
        Line("problem", status?.Problem);
        Line("device", _observed?.DeviceSize is { } size ? $"{spec.Device}  ({size} bytes)" : $"{spec.Device}  (absent)");
        Line("record", _record is null ? $"{RecordPlace}, {Copies}" : $"{RecordPlace}, {Copies}, {_record.State.Text()}");
        Line("volume", _record?.Uuid.ToString("D"));
        Line("source", Source.UsesHukFile() ? "soft  (a software key: as safe as the file it is in)" : Source.Text());
        if (Key == KeyKind.Encrypted)
            Line("key", $"encrypted, under {_record?.Key.RootKeyName ?? "a root key that the first boot chooses"}");
        Line("recovery", _record?.Key.RecoveryKeyId is { } id ? $"by recovery key {id}" : null);
        Line("cipher", SectorSize is { } sector ? $"{Cipher}, {KeySize}-byte key, {sector}-byte sectors" : $"{Cipher}, {KeySize}-byte key");
        Line("mapping", Mapping());
        Line("filesystem", _record?.FilesystemUuid is { } uuid ? $"{Filesystem} {uuid}" : $"{Filesystem}, not made yet");
        Line("mount", _observed?.MountedAt ?? "not mounted");

        void Line(string label, string? value)
        {
            if (value is not null)
                terminal.Result($"  {label,-10} {value}");
        }
    }

    private string State => status?.State ?? "unknown";

    private string RecordPlace => spec.RecordFile ?? "header";

    private string Copies => status?.Copies ?? "unknown";

    private TrustSource Source => _record?.Source ?? spec.Source;

    private KeyKind Key => _record?.Key.Kind ?? spec.Key;

    private string Cipher => (_record?.Format.Cipher ?? spec.Cipher).Text;

    private int KeySize => _record?.Format.KeySize ?? spec.KeySize;

    private int? SectorSize => _record?.Format.Layout.SectorSize ?? spec.SectorSize;

    private string Filesystem => _record?.Filesystem ?? spec.Filesystem.Name;

    private string? Mapping()
    {
        if (_observed?.Mapping is not { } mapping)
            return null;
        if (mapping.Kind == MappingKind.Dm)
            return $"dm  {mapping.BlockPath}";
        var server = mapping.Server is { } pid ? $"process {pid}" : "dead";
        return $"{mapping.Kind.Text()}  {mapping.VolumePath} on {mapping.BlockPath ?? "no loop device"}, server {server}";
    }
}
