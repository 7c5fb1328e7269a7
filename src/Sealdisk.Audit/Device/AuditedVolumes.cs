using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Audit.Device;

/// <summary>A configured volume and what its record says.</summary>
/// <param name="Spec">As configured.</param>
/// <param name="Record">Both copies; null if the device or file cannot be read.</param>
/// <param name="RecordEvidence">Where the record should be, and what was found there.</param>
internal sealed record AuditedVolume(VolumeSpec Spec, RecordReading? Record, Evidence RecordEvidence)
{
    /// <summary>The record, or null.</summary>
    internal VolumeRecord? GoodRecord => (Record?.Outcome as RecordOutcome.Good)?.Record;

    /// <summary>What seals: as recorded, else as configured.</summary>
    internal TrustSource Source => GoodRecord?.Source ?? Spec.Source;

    internal string Cipher => (GoodRecord?.Format.Cipher ?? Spec.Cipher).Text;
}

/// <summary>The volumes of the configuration below the root.</summary>
/// <param name="All">In the order of the file.</param>
/// <param name="ConfigurationFile">The configuration's path; null if there is no such file, or none was asked for.</param>
/// <param name="ConfigurationEvidence">What reading the configuration gave.</param>
/// <param name="Problem">What is wrong with it; null if nothing is.</param>
internal sealed record AuditedVolumes(
    IReadOnlyList<AuditedVolume> All, string? ConfigurationFile, Evidence ConfigurationEvidence, string? Problem)
{
    /// <summary>Of a system whose configuration does not matter.</summary>
    internal static readonly AuditedVolumes None = new([], null, new Evidence("configuration", "not read"), null);

    private const long HeaderCopyB = 524288;

    internal static AuditedVolumes Of(SystemRoot root, string path)
    {
        var reading = root.Read(path);
        var file = reading.Outcome == ReadOutcome.Absent ? null : path;
        if (!reading.Ok)
        {
            var problem = reading.Problem is { } cause ? $"{path} cannot be read ({cause})" : $"there is no {path}";
            return new AuditedVolumes([], file, Evidence.Of(reading), problem);
        }
        try
        {
            var configuration = SealdiskConfiguration.Parse(System.Text.Encoding.UTF8.GetString(reading.Bytes), path, Checks.Requirable);
            var names = string.Join(", ", configuration.Volumes.Select(spec => spec.Name));
            var volumes = configuration.Volumes.Select(spec => Of(root, spec)).ToArray();
            return new AuditedVolumes(volumes, file, new Evidence(path, $"volumes {names}"), null);
        }
        catch (ConfigurationException wrong)
        {
            return new AuditedVolumes([], file, new Evidence(path, "cannot be used"), wrong.Message.Split('\n')[0]);
        }
    }

    private static AuditedVolume Of(SystemRoot root, VolumeSpec spec)
    {
        var path = spec.RecordFile ?? spec.Device;
        var a = root.ReadAt(path, 0, RecordFormat.BlockSize);
        var b = root.ReadAt(path, spec.RecordFile is null ? HeaderCopyB : RecordFormat.BlockSize, RecordFormat.BlockSize);
        if (!a.Ok || !b.Ok)
            return new AuditedVolume(spec, null, new Evidence(path, a.Problem ?? b.Problem ?? "absent"));
        var record = new RecordReading(RecordFormat.Read(a.Bytes), RecordFormat.Read(b.Bytes));
        return new AuditedVolume(spec, record, new Evidence(path, Text(record.Outcome)));
    }

    private static string Text(RecordOutcome outcome) => outcome switch
    {
        RecordOutcome.Good { Record: var good } => $"record of volume {good.Uuid:D}, {good.State.Text()}",
        RecordOutcome.Damaged damaged => $"damaged: {damaged.Reason}",
        RecordOutcome.OtherVersion other => $"a record in {RecordFormat.Describe(other.Version)}",
        _ => "no record",
    };
}
