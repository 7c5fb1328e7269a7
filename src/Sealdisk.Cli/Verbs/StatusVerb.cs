using System.CommandLine;
using System.Globalization;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>status</c>: what each volume is right now.</summary>
internal static class StatusVerb
{
    internal static Command Create()
    {
        var volumes = VolumeArgument.New();
        var command = new Command("status", "Source, mapping, cipher, state, mount, copies of the record") { volumes };
        command.SetAction(parsed => EachVolume.Run(parsed, volumes, StatusOne, reports => new StatusesReport(reports),
            (spec, error) => new StatusReport(
                spec.Name, "unknown", error.Error, spec.Device, null, spec.RecordFile ?? "header", "unknown", null, null, spec.Source.Text(), null, null, null, null, null,
                spec.Cipher.Text, spec.KeySize, spec.SectorSize, spec.Filesystem.Name, null, null, null, null, spec.Key.Text())));
        return HelpWithExamples.With(command, "sealdisk status", "sealdisk status data --json");
    }

    private static StatusReport StatusOne(Terminal terminal, VolumeSpec spec)
    {
        var status = VolumeStatus.Of(spec);
        var (observed, record) = (status.Observed, status.Record);
        var report = new StatusReport(
            spec.Name, status.State, status.Problem, spec.Device, observed.DeviceSize, spec.RecordFile ?? "header", status.Copies,
            record?.State.Text(), record?.Uuid.ToString("D"), (record?.Source ?? spec.Source).Text(),
            observed.Mapping?.Kind.Text(), observed.Mapping?.BlockPath, observed.Mapping?.VolumePath, observed.Mapping?.Server, observed.Mapping?.PassesDiscards,
            (record?.Format.Cipher ?? spec.Cipher).Text, record?.Format.KeySize ?? spec.KeySize, record?.Format.Layout.SectorSize ?? spec.SectorSize,
            record?.Filesystem ?? spec.Filesystem.Name, record?.FilesystemUuid, observed.MountedAt, record?.LifeCycle, record?.CreatedBy,
            (record?.Key.Kind ?? spec.Key).Text(), record?.Key.RootKeyName, record?.Key.RecoveryKeyId);
        if (!terminal.Json)
            Print(terminal, report);
        return report;
    }

    private static void Print(Terminal terminal, StatusReport report)
    {
        terminal.Result($"{report.Volume}: {report.State}");
        Line("problem", report.Problem);
        Line("device", report.Device + (report.DeviceSize is { } size ? $"  ({size.ToString(CultureInfo.InvariantCulture)} bytes)" : "  (absent)"));
        Line("record", $"{report.Record}, {report.RecordCopies}{(report.RecordState is { } state ? $", {state}" : "")}");
        Line("volume", report.Uuid);
        Line("source", report.Source + (report.Source == "soft" ? "  (a software key: as safe as the file it is in)" : ""));
        Line("key", report.Key == "encrypted" ? $"encrypted, under {report.RootKeyName ?? "a root key that the first boot will settle"}" : null);
        Line("recovery", report.RecoveryKeyId is { } id ? $"by recovery key {id}" : null);
        Line("cipher", $"{report.Cipher}, {report.KeySize}-byte key{(report.SectorSize is { } sector ? $", {sector}-byte sectors" : "")}");
        Line("mapping", report.Mapping switch
        {
            null => null,
            "dm" => $"dm  {report.Block}",
            _ => $"{report.Mapping}  {report.Decrypted} on {report.Block ?? "no loop device"}, server {(report.Server is { } pid ? $"process {pid}" : "dead")}",
        });
        Line("filesystem", report.FilesystemUuid is { } uuid ? $"{report.Filesystem} {uuid}" : $"{report.Filesystem}, not made yet");
        Line("mount", report.Mount ?? "not mounted");

        void Line(string label, string? value)
        {
            if (value is not null)
                terminal.Result($"  {label,-10} {value}");
        }
    }
}
