using System.CommandLine;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>recover</c>: a volume whose device is gone.</summary>
internal static class RecoverVerb
{
    internal static Command Create()
    {
        var volume = VolumeArgument.One();
        var key = new Option<string>("--key")
        {
            Description = "The file with the recovery key; - is standard input",
            HelpName = "FILE",
            Required = true,
        };
        var decrypt = new Option<string?>("--decrypt")
        {
            Description = "Decrypt the volume into this new file instead, and leave the volume as it is",
            HelpName = "IMAGE",
        };
        var command = new Command("recover", "Open a volume of another device with its recovery key, and seal it to this one")
        {
            volume, key, decrypt,
        };
        command.SetAction(parsed =>
        {
            var (terminal, spec, keyPath) = (new Terminal(parsed), VolumeArgument.SpecOf(parsed, volume), parsed.GetRequiredValue(key));
            return parsed.GetValue(decrypt) is { } image
                ? Decrypt(terminal, spec, keyPath, Path.GetFullPath(image))
                : Reseal(terminal, spec, keyPath);
        });
        return HelpWithExamples.With(
            command,
            "sealdisk recover data --key /mnt/safe/recovery.key && sealdisk up data",
            "sealdisk recover data --key - --decrypt plain.img < recovery.key");
    }

    private static int Reseal(Terminal terminal, VolumeSpec spec, string keyPath)
    {
        var (record, proof) = VolumeRecovery.Reseal(spec, keyPath);
        if (terminal.Json)
            terminal.Result(RecoverReport.Resealed(spec, record, proof));
        else
            terminal.Result(
                $"{spec.Name} is recovered: its key is under root key {record.Key.RootKeyName},"
                    + $" sealed by {record.Source.Text()} on this device; {proof}. 'sealdisk up {spec.Name}' mounts it");
        return 0;
    }

    private static int Decrypt(Terminal terminal, VolumeSpec spec, string keyPath, string image)
    {
        ProgressBar? bar = null;
        long bytes;
        try
        {
            bytes = VolumeRecovery.Decrypt(spec, keyPath, image, total => (bar = new ProgressBar(terminal, "decrypting", total)).Report);
        }
        finally
        {
            bar?.Dispose();
        }
        if (terminal.Json)
            terminal.Result(RecoverReport.Decrypted(spec, image, bytes));
        else
            terminal.Result($"decrypted {ByteText.Of(bytes)} of {spec.Name} into {image}; the volume was not changed");
        return 0;
    }
}
