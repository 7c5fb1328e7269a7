using System.CommandLine;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>adopt</c>: a volume that was made by hand becomes Sealdisk's.</summary>
internal static class AdoptVerb
{
    internal static Command Create()
    {
        var name = VolumeArgument.One();
        var blob = new Option<string>("--blob")
        {
            Description = "The file with the volume's sealed key",
            HelpName = "FILE",
            Required = true,
        };
        var root = new Option<string?>("--root")
        {
            Description = "If that is a key of type encrypted: the file with its sealed root key",
            HelpName = "FILE",
        };
        var command = new Command(
            "adopt", "Make a record for a volume that was set up with keyctl, dmsetup and mkfs; its data are not touched")
        {
            name, blob, root,
        };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var spec = VolumeArgument.SpecOf(parsed, name);
            var path = parsed.GetRequiredValue(blob);
            var rootPath = parsed.GetValue(root);
            if ((spec.Key == KeyKind.Trusted ? path : rootPath) is { } blobText)
                _ = BlobFile.Read(blobText);
            var record = Adoption.Run(spec, path, rootPath);
            if (terminal.Json)
                terminal.Result(new AdoptReport(spec, record));
            else
                terminal.Result(
                    $"{spec.Name} is adopted: {record.Filesystem} {record.FilesystemUuid}, source {record.Source.Text()};"
                        + $" its record is in {(spec.RecordFile is { } file ? file : "its header")}. 'sealdisk up {spec.Name}' mounts it");
            return 0;
        });
        return HelpWithExamples.With(
            command, "sealdisk adopt data --blob data.blob", "sealdisk adopt data --blob data.key --root root.blob");
    }
}
