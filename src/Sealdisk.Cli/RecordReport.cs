using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Cli;

/// <summary><c>record show --json</c>: both copies, and every field of the good one; without a good one those are null.</summary>
internal sealed class RecordReport(VolumeSpec spec, RecordReading reading, VolumeRecord? record) : IReport
{
    public void Write(ReportWriter to)
    {
        to.Field("volume", spec.Name).Field("record", spec.RecordFile ?? "header")
            .Field("copy_a", RecordReading.Describe(reading.A)).Field("copy_b", RecordReading.Describe(reading.B))
            .Field("name", record?.Name).Field("uuid", record?.Uuid.ToString("D")).Field("generation", record?.Generation)
            .Field("state", record?.State.Text()).Field("converting", record?.Conversion?.ToString())
            .Field("source", record?.Source.Text());
        WriteKey(to, record?.Key);
        WriteFormat(to);
        to.Field("filesystem", record?.Filesystem).Field("filesystem_uuid", record?.FilesystemUuid)
            .Field("chip", record?.Chip.Text()).Field("life_cycle", record?.LifeCycle).Field("created_by", record?.CreatedBy);
    }

    private static void WriteKey(ReportWriter to, SealedKey? key)
    {
        var two = key as SealedKey.TwoLevel;
        var binding = key?.Binding;
        to.Field("key", key?.Kind.Text()).Field("key_made", key?.Made.Text()).Field("sealed_key", key?.Text)
            .Field("root_key", two?.Root.ToString()).Field("recovery", two?.Recovery?.ToString())
            .Field("tpm_parent", binding?.Parent?.ToString()).Field("endorsement_key", binding?.EndorsementKey?.Text)
            .Field("pcrs", binding?.Pcrs?.ToString()).Field("policy_key", binding?.PolicyKey).Field("cap", binding?.Cap)
            .Field("counter", binding?.Counter?.ToString());
    }

    private void WriteFormat(ReportWriter to)
    {
        var format = record?.Format;
        to.Field("cipher", format?.Cipher.Text).Field("key_size", format?.KeySize).Field("sector_size", format?.Layout.SectorSize)
            .Field("iv_large_sectors", format?.Layout.IvLargeSectors).Field("iv_offset", format?.IvOffset.Count)
            .Field("integrity", format?.Integrity).Field("data_offset", format?.Offset.Count).Field("data_length", format?.Length.Count);
    }
}
