using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Audit.Device;

/// <summary>A configured volume and what its record says.</summary>
/// <param name="Spec">As configured.</param>
/// <param name="Record">Both copies; null where the device or file cannot be read.</param>
/// <param name="Seen">Where the record was looked for, and how that went.</param>
internal sealed record AuditedVolume(VolumeSpec Spec, RecordReading? Record, Evidence Seen)
{
    /// <summary>The record, or null.</summary>
    internal VolumeRecord? Good => (Record?.Outcome as RecordOutcome.Good)?.Record;

    /// <summary>Who seals: as recorded, else as configured.</summary>
    internal TrustSource Source => Good?.Source ?? Spec.Source;

    internal string Cipher => (Good?.Format.Cipher ?? Spec.Cipher).Text;
}

/// <summary>The volumes of the configuration below the root.</summary>
/// <param name="All">In the order of the file.</param>
/// <param name="ConfigurationSeen">Where the configuration was read, or why not.</param>
/// <param name="Problem">What is wrong with it; null where nothing is.</param>
internal sealed record AuditedVolumes(IReadOnlyList<AuditedVolume> All, Evidence ConfigurationSeen, string? Problem)
{
    private const long HeaderCopyB = 524288;

    internal static AuditedVolumes Of(SystemRoot root, string path)
    {
        var reading = root.Read(path);
        if (!reading.Ok)
            return new AuditedVolumes([], Look.Seen(reading), reading.Problem is { } problem ? $"{path} cannot be read ({problem})" : $"there is no {path}");
        try
        {
            var configuration = SealdiskConfiguration.Parse(System.Text.Encoding.UTF8.GetString(reading.Bytes), path, Checks.Requirable);
            var names = string.Join(", ", configuration.Volumes.Select(spec => spec.Name));
            return new AuditedVolumes(configuration.Volumes.Select(spec => Of(root, spec)).ToArray(), new Evidence(path, $"volumes {names}"), null);
        }
        catch (ConfigurationException wrong)
        {
            return new AuditedVolumes([], new Evidence(path, "cannot be used"), wrong.Message.Split('\n')[0]);
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
        return new AuditedVolume(spec, record, new Evidence(path, record.Outcome switch
        {
            RecordOutcome.Good { Record: var good } => $"record of volume {good.Uuid:D}, {good.State.Text()}",
            RecordOutcome.Damaged damaged => $"damaged: {damaged.Reason}",
            RecordOutcome.OtherVersion other => $"a record in {RecordFormat.Describe(other.Version)}",
            _ => "no record",
        }));
    }
}
