using System.Text.Json.Serialization;

namespace Sealdisk.Cli;

// What --json prints; snake_case, documented in docs/json.md. Fields are only ever added.
internal sealed record ErrorReport(string Error, string? Hint, int ExitCode);

internal sealed record HukReport(string File, int Size);

internal sealed record StepReport(string Step, string Intent);

internal sealed record PlanReport(string Volume, string Plan, IReadOnlyList<StepReport> Steps, ErrorReport? Refusal);

internal sealed record PlansReport(IReadOnlyList<PlanReport> Volumes);

internal sealed record UpReport(string Volume, string Plan, string State, string? Mount, ErrorReport? Error);

internal sealed record UpsReport(IReadOnlyList<UpReport> Volumes);

internal sealed record DownReport(string Volume, IReadOnlyList<string> Done, ErrorReport? Error);

internal sealed record DownsReport(IReadOnlyList<DownReport> Volumes);

internal sealed record StatusReport(
    string Volume, string State, string? Problem, string Device, long? DeviceSize, string Record, string RecordCopies, string? RecordState, string? Uuid, string Source,
    string? Mapping, string? Block, string? Decrypted, int? Server, bool? Discards, string Cipher, int KeySize, int? SectorSize, string Filesystem, string? FilesystemUuid,
    string? Mount, string? LifeCycle, string? CreatedBy, string? Key = null, string? RootKeyName = null, string? RecoveryKeyId = null);

internal sealed record StatusesReport(IReadOnlyList<StatusReport> Volumes);

internal sealed record CheckReport(string Volume, bool Unlocks, string? Verified, ErrorReport? Error);

internal sealed record ChecksReport(IReadOnlyList<CheckReport> Volumes);

internal sealed record RepairReport(string Volume, string? Done, ErrorReport? Error);

internal sealed record RepairsReport(IReadOnlyList<RepairReport> Volumes);

internal sealed record RecordReport(
    string Volume, string Record, string CopyA, string CopyB, string? Uuid, ulong? Generation, string? State, string? Source, string? SealedKey, string? Cipher, int? KeySize,
    int? SectorSize, bool? IvLargeSectors, ulong? IvOffset, ulong? DataOffset, ulong? DataLength, string? Filesystem, string? FilesystemUuid, string? LifeCycle, string? CreatedBy, string? Key, string? RootKey, string? Recovery);

internal sealed record BackupReport(string Volume, string File, int Bytes);

internal sealed record ImportReport(string Volume, bool Restored, string? Verified);

internal sealed record RotateReport(string Volume, bool Rotated, string? Source, string? Key, string? RootKeyName, ulong? Generation, string? Verified, ErrorReport? Error);

internal sealed record RotationsReport(IReadOnlyList<RotateReport> Volumes);

internal sealed record RecoverReport(string Volume, string? Image, long? Bytes, string? Source, string? RootKeyName, ulong? Generation, string? Verified);

internal sealed record RecoveryReport(string File, string PublicKey);

internal sealed record EraseReport(string Volume, bool Erased, IReadOnlyList<string> Done, IReadOnlyList<string> Remains);

internal sealed record MappingReport(string Name, string Mapping, string? Device, string? Block, string? Decrypted, int? Server, string? Cipher, int? KeySize, int? SectorSize, string? Problem);

internal sealed record MappingsReport(IReadOnlyList<MappingReport> Mappings);

internal sealed record ClosedReport(string Name, bool Closed);

internal sealed record KeyReport(string Name, string Source, int? Size, string Blob, int? Serial, string? Keyring);

internal sealed record AdoptReport(string Volume, string Record, string Uuid, string Source, string Filesystem, string FilesystemUuid);

internal sealed record BlobReport(string File, string Kind, int Length, int? KeySize, bool WellFormed, string? Problem, IReadOnlyDictionary<string, string> Details, bool? Opens);

internal sealed record BlobAuditReport(
    string File, string Verdict, string? Huk, string? What, string Kind, string? Reason, IReadOnlyList<string> Tried, string? Searched);

internal sealed record BlobAuditsReport(IReadOnlyList<BlobAuditReport> Blobs);

internal sealed record FactReport(string Text, string Source, string Certainty);

internal sealed record FamilyReport(
    string Id, string Name, string Platform, IReadOnlyList<string> Compatible, string Secret, string Default, FactReport How, string Since, string Option,
    FactReport Unprovisioned, FactReport LifeCycle, string Remedy, string? Derive);

internal sealed record FamiliesReport(IReadOnlyList<FamilyReport> Families);

internal sealed record CheckExplainedReport(string Id, string Group, string Severity, string Title, string Attack, string Reads, string Remedy, string Reference);

internal sealed record ChecksExplainedReport(IReadOnlyList<CheckExplainedReport> Checks);

internal sealed record ImageReport(string Input, string Output, string Direction, long Bytes, string Cipher, int SectorSize);

internal sealed record AnswerReport(string Name, bool Passed);

internal sealed record SelfTestReport(bool Passed, IReadOnlyList<AnswerReport> Answers);

internal sealed record FindingReport(string Id, string Level, string Finding, string? Remedy);

internal sealed record DoctorReport(IReadOnlyList<FindingReport> Findings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(ErrorReport))]
[JsonSerializable(typeof(HukReport))]
[JsonSerializable(typeof(PlansReport))]
[JsonSerializable(typeof(UpsReport))]
[JsonSerializable(typeof(DownsReport))]
[JsonSerializable(typeof(StatusesReport))]
[JsonSerializable(typeof(ChecksReport))]
[JsonSerializable(typeof(RepairsReport))]
[JsonSerializable(typeof(RecordReport))]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(ImportReport))]
[JsonSerializable(typeof(EraseReport))]
[JsonSerializable(typeof(RotationsReport))]
[JsonSerializable(typeof(RecoverReport))]
[JsonSerializable(typeof(RecoveryReport))]
[JsonSerializable(typeof(MappingReport))]
[JsonSerializable(typeof(MappingsReport))]
[JsonSerializable(typeof(ClosedReport))]
[JsonSerializable(typeof(KeyReport))]
[JsonSerializable(typeof(AdoptReport))]
[JsonSerializable(typeof(BlobReport))]
[JsonSerializable(typeof(BlobAuditsReport))]
[JsonSerializable(typeof(FamiliesReport))]
[JsonSerializable(typeof(CheckExplainedReport))]
[JsonSerializable(typeof(ChecksExplainedReport))]
[JsonSerializable(typeof(ImageReport))]
[JsonSerializable(typeof(SelfTestReport))]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class Reports : JsonSerializerContext;
