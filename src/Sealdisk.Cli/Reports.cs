using System.Text.Json;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Cli;

/// <summary>What --json prints as one object: snake_case, documented in docs/json.md. Fields are only ever added.</summary>
internal interface IReport
{
    /// <summary>Writes its fields, in their order.</summary>
    public void Write(ReportWriter to);
}

internal sealed record ErrorReport(string Error, string? Hint, int ExitCode) : IReport
{
    public void Write(ReportWriter to) => to.Field("error", Error).Field("hint", Hint).Field("exit_code", ExitCode);
}

internal sealed class HukReport(string file, int size) : IReport
{
    public void Write(ReportWriter to) => to.Field("file", file).Field("size", size);
}

internal sealed class StepReport(string step, string intent) : IReport
{
    public void Write(ReportWriter to) => to.Field("step", step).Field("intent", intent);
}

internal sealed class PlanReport(string volume, string plan, IReadOnlyList<StepReport> steps, ErrorReport? refusal) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("plan", plan).Field("steps", steps).Field("refusal", refusal);
}

internal sealed class PlansReport(IReadOnlyList<PlanReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class UpReport(string volume, string plan, string state, string? mount, ErrorReport? error) : IReport
{
    public void Write(ReportWriter to) =>
        to.Field("volume", volume).Field("plan", plan).Field("state", state).Field("mount", mount).Field("error", error);
}

internal sealed class UpsReport(IReadOnlyList<UpReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class DownReport(string volume, IReadOnlyList<string> done, ErrorReport? error) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("done", done).Field("error", error);
}

internal sealed class DownsReport(IReadOnlyList<DownReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class StatusesReport(IReadOnlyList<StatusReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class CheckReport(string volume, bool unlocks, string? verified, ErrorReport? error) : IReport
{
    public void Write(ReportWriter to) =>
        to.Field("volume", volume).Field("unlocks", unlocks).Field("verified", verified).Field("error", error);
}

internal sealed class ChecksReport(IReadOnlyList<CheckReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class RepairReport(string volume, string? done, ErrorReport? error) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("done", done).Field("error", error);
}

internal sealed class RepairsReport(IReadOnlyList<RepairReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class BackupReport(string volume, string file, int bytes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("file", file).Field("bytes", bytes);
}

internal sealed class RenameReport(string volume, bool renamed, string? verified) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("renamed", renamed).Field("verified", verified);
}

internal sealed class ImportReport(string volume, bool restored, string? verified) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("restored", restored).Field("verified", verified);
}

/// <summary>One volume of <c>rotate</c>.</summary>
/// <param name="volume">Its name.</param>
/// <param name="record">The record that was written, or null.</param>
/// <param name="verified">What was verified before, or null.</param>
/// <param name="error">Why there is no record, or null.</param>
internal sealed class RotateReport(string volume, VolumeRecord? record, string? verified, ErrorReport? error) : IReport
{
    internal static RotateReport Of(VolumeRecord record, string verified) => new(record.Name, record, verified, null);

    internal static RotateReport Failed(VolumeSpec spec, ErrorReport error) => new(spec.Name, null, null, error);

    public void Write(ReportWriter to) => to
        .Field("volume", volume).Field("rotated", record is not null)
        .Field("source", record?.Source.Text()).Field("key", record?.Key.Kind.Text()).Field("root_key_name", record?.Key.RootKeyName)
        .Field("generation", record?.Generation).Field("verified", verified).Field("error", error);
}

internal sealed class RotationsReport(IReadOnlyList<RotateReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

/// <summary>A volume that <c>recover</c> sealed to this device (record, verified), or decrypted into an image (image, bytes).</summary>
internal sealed class RecoverReport : IReport
{
    private RecoverReport(string volume) => Volume = volume;

    private string Volume { get; }

    private VolumeRecord? Record { get; init; }

    private string? Verified { get; init; }

    private string? Image { get; init; }

    private long? Bytes { get; init; }

    internal static RecoverReport Resealed(VolumeSpec spec, VolumeRecord record, string verified) =>
        new(spec.Name) { Record = record, Verified = verified };

    internal static RecoverReport Decrypted(VolumeSpec spec, string image, long bytes) => new(spec.Name) { Image = image, Bytes = bytes };

    public void Write(ReportWriter to) => to
        .Field("volume", Volume).Field("image", Image).Field("bytes", Bytes).Field("source", Record?.Source.Text())
        .Field("root_key_name", Record?.Key.RootKeyName).Field("generation", Record?.Generation).Field("verified", Verified);
}

internal sealed class RecoveryReport(string file, string publicKey) : IReport
{
    public void Write(ReportWriter to) => to.Field("file", file).Field("public_key", publicKey);
}

internal sealed class EraseReport(string volume, bool erased, IReadOnlyList<string> done, IReadOnlyList<string> remains) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("erased", erased).Field("done", done).Field("remains", remains);
}

internal sealed class MappingReport(MappingState state) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("name", state.Name).Field("mapping", state.Kind.Text()).Field("device", state.Device).Field("block", state.BlockPath)
        .Field("decrypted", state.VolumePath).Field("server", state.Server).Field("cipher", state.Cipher)
        .Field("key_size", state.KeySize).Field("sector_size", state.SectorSize).Field("problem", state.Problem);
}

internal sealed class MappingsReport(IReadOnlyList<MappingReport> mappings) : IReport
{
    public void Write(ReportWriter to) => to.Field("mappings", mappings);
}

internal sealed class ClosedReport(string name, bool closed) : IReport
{
    public void Write(ReportWriter to) => to.Field("name", name).Field("closed", closed);
}

internal sealed class KeyReport(string name, string source, int? size, string blob, int? serial, string? keyring) : IReport
{
    public void Write(ReportWriter to) => to
        
            .Field("name", name)
            .Field("source", source)
            .Field("size", size)
            .Field("blob", blob)
            .Field("serial", serial)
            .Field("keyring", keyring);
}

internal sealed class AdoptReport(VolumeSpec spec, VolumeRecord record) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("volume", spec.Name).Field("record", spec.RecordFile ?? "header").Field("uuid", record.Uuid.ToString("D"))
        .Field("source", record.Source.Text()).Field("filesystem", record.Filesystem).Field("filesystem_uuid", record.FilesystemUuid);
}

internal sealed class BlobReport(string file, string kind, BlobDescription blob, bool? opens) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("file", file).Field("kind", kind).Field("length", blob.Length).Field("key_size", blob.KeySize)
        .Field("well_formed", blob.WellFormed).Field("problem", blob.Problem)
        .Field("details", blob.Details.Select(detail => (JsonNamingPolicy.SnakeCaseLower.ConvertName(detail.Name), detail.Value)))
        .Field("opens", opens);
}

internal sealed record BlobAuditReport(
    string File, string Verdict, string? Huk, string? What, string Kind, string? Reason, IReadOnlyList<string> Tried, string? Searched)
    : IReport
{
    public void Write(ReportWriter to) => to
        
            .Field("file", File)
            .Field("verdict", Verdict)
            .Field("huk", Huk)
            .Field("what", What)
            .Field("kind", Kind)
            .Field("reason", Reason)
            .Field("tried", Tried)
        .Field("searched", Searched);
}

internal sealed class BlobAuditsReport(IReadOnlyList<BlobAuditReport> blobs) : IReport
{
    public void Write(ReportWriter to) => to.Field("blobs", blobs);
}

internal sealed class FamiliesReport(IReadOnlyList<FamilyReport> families) : IReport
{
    public void Write(ReportWriter to) => to.Field("families", families);
}

internal sealed class CheckExplainedReport(
    string id, string group, string severity, string title, string attack, string reads, string remedy, string reference) : IReport
{
    public void Write(ReportWriter to) => to
        
            .Field("id", id)
            .Field("group", group)
            .Field("severity", severity)
            .Field("title", title)
            .Field("attack", attack)
            .Field("reads", reads)
        .Field("remedy", remedy).Field("reference", reference);
}

internal sealed class ChecksExplainedReport(IReadOnlyList<CheckExplainedReport> checks) : IReport
{
    public void Write(ReportWriter to) => to.Field("checks", checks);
}

internal sealed class ImageReport(string input, string output, string direction, long bytes, string cipher, int sectorSize) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("input", input).Field("output", output).Field("direction", direction).Field("bytes", bytes).Field("cipher", cipher)
        .Field("sector_size", sectorSize);
}

internal sealed record AnswerReport(string Name, bool Passed) : IReport
{
    public void Write(ReportWriter to) => to.Field("name", Name).Field("passed", Passed);
}

internal sealed class SelfTestReport(bool passed, IReadOnlyList<AnswerReport> answers) : IReport
{
    public void Write(ReportWriter to) => to.Field("passed", passed).Field("answers", answers);
}

internal sealed class FindingReport(string id, string level, string finding, string? remedy) : IReport
{
    public void Write(ReportWriter to) => to.Field("id", id).Field("level", level).Field("finding", finding).Field("remedy", remedy);
}

internal sealed class DoctorReport(IReadOnlyList<FindingReport> findings) : IReport
{
    public void Write(ReportWriter to) => to.Field("findings", findings);
}
