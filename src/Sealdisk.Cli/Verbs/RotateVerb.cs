using System.CommandLine;
using Sealdisk.Audit.Device;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>rotate</c>: the key sealed again, the data untouched.</summary>
internal static class RotateVerb
{
    internal static Command Create()
    {
        var volumes = VolumeArgument.New();
        var source = new Option<string?>("--source")
        {
            Description = "Move the key to this trust source, if it can be moved: tee, tpm, caam, dcp or soft",
            HelpName = "SOURCE",
        };
        source.CompletionSources.Add("tee", "tpm", "caam", "dcp", "soft");
        var oldAuth = new Option<string?>("--old-auth")
        {
            Description = "If the TPM password changes: the file with the current one, or 'none' if there is none",
            HelpName = "FILE",
        };
        var command = new Command("rotate", "Seal a volume's key again, on two levels under a new root key; its data are not touched")
        {
            volumes, source, oldAuth,
        };
        command.SetAction(parsed =>
        {
            var target = parsed.GetValue(source) is null ? (TrustSource?)null : SealedKeyOptions.SourceOf(parsed, source, null);
            var auth = parsed.GetValue(oldAuth) is { } given ? new OldAuth(given == "none" ? null : Path.GetFullPath(given)) : null;
            var huk = SealdiskConfiguration.Load(Path.GetFullPath(parsed.GetValue(GlobalOptions.Config)!), Checks.Requirable).SoftHuk;
            // The volumes of one run, one source and two levels share the new root key.
            var roots = new Dictionary<TrustSource, SharedRoot>();
            return EachVolume.Run(
                parsed,
                volumes,
                (terminal, spec) => RotateOne(terminal, spec, target, huk, roots, auth),
                reports => new RotationsReport(reports),
                RotateReport.Failed);
        });
        return HelpWithExamples.With(
            command,
            "sealdisk rotate data",
            "sealdisk down && sealdisk rotate && sealdisk up",
            "sealdisk rotate data --source tee",
            "sealdisk rotate data --old-auth /root/old-password.hex");
    }

    private static RotateReport RotateOne(
        Terminal terminal, VolumeSpec spec, TrustSource? target, string? huk, Dictionary<TrustSource, SharedRoot> roots, OldAuth? oldAuth)
    {
        var shared = spec.Key == KeyKind.Encrypted ? roots.GetValueOrDefault(target ?? spec.Source) : null;
        var result = VolumeRotation.Run(spec, target, huk, shared, oldAuth);
        var record = result.Record;
        if (shared is null && result.Root(spec.Name) is { } root)
            roots[target ?? spec.Source] = root;
        if (!terminal.Json)
            terminal.Result(record.Key.RootKeyName is { } name
                ? $"{spec.Name} is rotated: its key is under root key {name}, sealed by {record.Source.Text()}; {result.Proof}"
                : $"{spec.Name} is rotated: its key has a new seal by {record.Source.Text()}; {result.Proof}");
        if (!spec.Source.Means(record.Source))
            terminal.Note(
                $"  note: the configuration says source {spec.Source.Text()}: set source = \"{record.Source.Text()}\","
                    + " or the next 'up' refuses");
        terminal.Note(
            "  note: backups and older copies of the record still open the volume if their seal opens; make a new backup and destroy them");
        return RotateReport.Of(record, result.Proof);
    }
}
