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
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("plan", plan).Field("state", state).Field("mount", mount).Field("error", error);
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

internal sealed record StatusReport(
    string Volume, string State, string? Problem, string Device, long? DeviceSize, string Record, string RecordCopies, string? RecordState, string? Uuid,
    string Source, string? Mapping, string? Block, string? Decrypted, int? Server, bool? Discards, string Cipher, int KeySize, int? SectorSize,
    string Filesystem, string? FilesystemUuid, string? Mount, string? LifeCycle, string? CreatedBy, string? Key = null, string? RootKeyName = null,
    string? RecoveryKeyId = null) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("volume", Volume).Field("state", State).Field("problem", Problem).Field("device", Device).Field("device_size", DeviceSize)
        .Field("record", Record).Field("record_copies", RecordCopies).Field("record_state", RecordState).Field("uuid", Uuid).Field("source", Source)
        .Field("mapping", Mapping).Field("block", Block).Field("decrypted", Decrypted).Field("server", Server).Field("discards", Discards)
        .Field("cipher", Cipher).Field("key_size", KeySize).Field("sector_size", SectorSize).Field("filesystem", Filesystem)
        .Field("filesystem_uuid", FilesystemUuid).Field("mount", Mount).Field("life_cycle", LifeCycle).Field("created_by", CreatedBy).Field("key", Key)
        .Field("root_key_name", RootKeyName).Field("recovery_key_id", RecoveryKeyId);
}

internal sealed class StatusesReport(IReadOnlyList<StatusReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class CheckReport(string volume, bool unlocks, string? verified, ErrorReport? error) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("unlocks", unlocks).Field("verified", verified).Field("error", error);
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

internal sealed class RotateReport(
    string volume, bool rotated, string? source, string? key, string? rootKeyName, ulong? generation, string? verified, ErrorReport? error) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("volume", volume).Field("rotated", rotated).Field("source", source).Field("key", key).Field("root_key_name", rootKeyName)
        .Field("generation", generation).Field("verified", verified).Field("error", error);
}

internal sealed class RotationsReport(IReadOnlyList<RotateReport> volumes) : IReport
{
    public void Write(ReportWriter to) => to.Field("volumes", volumes);
}

internal sealed class RecoverReport(string volume, string? image, long? bytes, string? source, string? rootKeyName, ulong? generation, string? verified) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("volume", volume).Field("image", image).Field("bytes", bytes).Field("source", source).Field("root_key_name", rootKeyName)
        .Field("generation", generation).Field("verified", verified);
}

internal sealed class RecoveryReport(string file, string publicKey) : IReport
{
    public void Write(ReportWriter to) => to.Field("file", file).Field("public_key", publicKey);
}

internal sealed class EraseReport(string volume, bool erased, IReadOnlyList<string> done, IReadOnlyList<string> remains) : IReport
{
    public void Write(ReportWriter to) => to.Field("volume", volume).Field("erased", erased).Field("done", done).Field("remains", remains);
}

internal sealed class MappingReport(
    string name, string mapping, string? device, string? block, string? decrypted, int? server, string? cipher, int? keySize, int? sectorSize, string? problem) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("name", name).Field("mapping", mapping).Field("device", device).Field("block", block).Field("decrypted", decrypted).Field("server", server)
        .Field("cipher", cipher).Field("key_size", keySize).Field("sector_size", sectorSize).Field("problem", problem);
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
        .Field("name", name).Field("source", source).Field("size", size).Field("blob", blob).Field("serial", serial).Field("keyring", keyring);
}

internal sealed class AdoptReport(string volume, string record, string uuid, string source, string filesystem, string filesystemUuid) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("volume", volume).Field("record", record).Field("uuid", uuid).Field("source", source).Field("filesystem", filesystem)
        .Field("filesystem_uuid", filesystemUuid);
}

internal sealed class BlobReport(
    string file, string kind, int length, int? keySize, bool wellFormed, string? problem, IReadOnlyDictionary<string, string> details, bool? opens) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("file", file).Field("kind", kind).Field("length", length).Field("key_size", keySize).Field("well_formed", wellFormed).Field("problem", problem)
        .Field("details", details).Field("opens", opens);
}

internal sealed record BlobAuditReport(
    string File, string Verdict, string? Huk, string? What, string Kind, string? Reason, IReadOnlyList<string> Tried, string? Searched) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("file", File).Field("verdict", Verdict).Field("huk", Huk).Field("what", What).Field("kind", Kind).Field("reason", Reason).Field("tried", Tried)
        .Field("searched", Searched);
}

internal sealed class BlobAuditsReport(IReadOnlyList<BlobAuditReport> blobs) : IReport
{
    public void Write(ReportWriter to) => to.Field("blobs", blobs);
}

internal sealed class FactReport(string text, string source, string certainty) : IReport
{
    public void Write(ReportWriter to) => to.Field("text", text).Field("source", source).Field("certainty", certainty);
}

internal sealed class FamilyReport(
    string id, string name, string platform, IReadOnlyList<string> compatible, string secret, string @default, FactReport how, string since, string option,
    FactReport unprovisioned, FactReport lifeCycle, string remedy, string? derive) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("id", id).Field("name", name).Field("platform", platform).Field("compatible", compatible).Field("secret", secret).Field("default", @default)
        .Field("how", how).Field("since", since).Field("option", option).Field("unprovisioned", unprovisioned).Field("life_cycle", lifeCycle)
        .Field("remedy", remedy).Field("derive", derive);
}

internal sealed class FamiliesReport(IReadOnlyList<FamilyReport> families) : IReport
{
    public void Write(ReportWriter to) => to.Field("families", families);
}

internal sealed class CheckExplainedReport(string id, string group, string severity, string title, string attack, string reads, string remedy, string reference) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("id", id).Field("group", group).Field("severity", severity).Field("title", title).Field("attack", attack).Field("reads", reads)
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
