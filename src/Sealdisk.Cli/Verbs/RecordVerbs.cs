using System.CommandLine;
using Sealdisk.Lifecycle;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk record ...</c>: what stands in a volume's record, and a backup of it.</summary>
internal static class RecordVerbs
{
    private const int LongestBackup = 1 << 20;

    internal static Command Create()
    {
        var record = new Command("record", "The record of a volume: show it, back it up, restore it, rename it");
        record.Subcommands.Add(Show());
        record.Subcommands.Add(Export());
        record.Subcommands.Add(Import());
        record.Subcommands.Add(Rename());
        return record;
    }

    private static Command Show()
    {
        var volume = VolumeArgument.One();
        var command = new Command("show", "Print both copies of the record; nothing in it is secret") { volume };
        command.SetAction(parsed => ShowOne(new Terminal(parsed), VolumeArgument.SpecOf(parsed, volume)));
        return HelpWithExamples.With(command, "sealdisk record show data");
    }

    private static Command Export()
    {
        var volume = VolumeArgument.One();
        var file = new Argument<string>("FILE")
        {
            Description = "Where to write it; an existing file is never replaced; - is standard output",
        };
        var command = new Command("export", "Back the record up; it opens nothing on another device") { volume, file };
        command.SetAction(parsed =>
        {
            var (terminal, spec, path) = (new Terminal(parsed), VolumeArgument.SpecOf(parsed, volume), parsed.GetRequiredValue(file));
            var backup = RecordBackup.Export(spec);
            if (path == "-")
            {
                using var output = FileDescriptor.Standard(1);
                output.Write(backup);
                return 0;
            }
            path = Path.GetFullPath(path);
            RecordBackup.Save(backup, path);
            if (terminal.Json)
                terminal.Result(new BackupReport(spec.Name, path, backup.Length));
            else
                terminal.Result(
                    $"exported the record of {spec.Name} to {path}: {backup.Length} bytes, which open nothing on another device");
            return 0;
        });
        return HelpWithExamples.With(
            command, "sealdisk record export data /mnt/usb/data.record", "sealdisk record export data - | ssh host 'cat > data.record'");
    }

    private static Command Import()
    {
        var volume = VolumeArgument.One();
        var file = new Argument<string>("FILE") { Description = "An exported record; - is standard input" };
        var replaceNewer = new Option<bool>("--replace-newer") { Description = "Also replace a good record with a higher generation" };
        var command = new Command(
            "import", "Restore the record from a backup, if its key opens here and its filesystem is there")
        {
            volume, file, replaceNewer,
        };
        command.SetAction(parsed =>
        {
            var (terminal, spec, path) = (new Terminal(parsed), VolumeArgument.SpecOf(parsed, volume), parsed.GetRequiredValue(file));
            var name = path == "-" ? "standard input" : Path.GetFullPath(path);
            var done = RecordBackup.Import(spec, ReadBackup(path == "-" ? null : name), name, parsed.GetValue(replaceNewer));
            if (terminal.Json)
                terminal.Result(new ImportReport(spec.Name, done is not null, done));
            else
                terminal.Result(
                    done is null ? $"{spec.Name} already has this record" : $"restored the record of {spec.Name} from {name}: {done}");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk record import data /mnt/usb/data.record");
    }

    private static Command Rename()
    {
        var oldName = new Argument<string>("NAME") { Description = "The name that the record has" };
        var volume = new Argument<string>("NEW") { Description = "The volume's name in the configuration now" };
        var command = new Command("rename", "Give the record the name that its volume has in the configuration now") { oldName, volume };
        command.SetAction(parsed =>
        {
            var (terminal, spec, old) = (new Terminal(parsed), VolumeArgument.SpecOf(parsed, volume), parsed.GetRequiredValue(oldName));
            var proof = RecordRename.Run(spec, old);
            if (terminal.Json)
                terminal.Result(new RenameReport(spec.Name, proof is not null, proof));
            else
                terminal.Result(proof is null ? $"the record has the name {spec.Name} already" : $"renamed {old} to {spec.Name}: {proof}");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk record rename data logs");
    }

    private static byte[] ReadBackup(string? path)
    {
        using var file = path is null ? FileDescriptor.Standard(0) : FileDescriptor.Open(path, OpenFlags.Read);
        var bytes = new byte[LongestBackup + 1];
        var length = 0;
        while (length < bytes.Length && file.Read(bytes.AsSpan(length)) is var got and > 0)
            length += got;
        return bytes[..length];
    }

    private static int ShowOne(Terminal terminal, VolumeSpec spec)
    {
        var reading = RecordBackup.Read(spec);
        var record = (reading.Outcome as RecordOutcome.Good)?.Record;
        if (terminal.Json)
        {
            terminal.Result(new RecordReport(spec, reading, record));
        }
        else
        {
            terminal.Result($"{spec.Name}: {spec.RecordFile ?? $"header of {spec.Device}"}");
            terminal.Result($"  copy A      {RecordReading.Describe(reading.A)}");
            terminal.Result($"  copy B      {RecordReading.Describe(reading.B)}");
            foreach (var line in record is null ? [] : RecordFormat.Lines(record))
                terminal.Result("  " + line);
        }
        if (record is not null)
            return 0;
        var problem = Problem(spec, reading.Outcome);
        terminal.Complain(problem);
        return (int)problem.Code;
    }

    private static SealdiskException Problem(VolumeSpec spec, RecordOutcome outcome) => outcome switch
    {
        RecordOutcome.Damaged damaged => SealdiskException.Refused(
            $"cannot rely on the record of {spec.Name}: it is damaged: {damaged.Reason}",
            $"'sealdisk plan {spec.Name}' says what you can do"),
        RecordOutcome.OtherVersion other => SealdiskException.Refused(
            $"cannot read the record of {spec.Name}: it has {RecordFormat.Describe(other.Version)};"
                + $" this Sealdisk reads version {RecordFormat.Version}",
            "use the Sealdisk that wrote it"),
        _ => SealdiskException.Failed(
            $"cannot show the record of {spec.Name}: there is none", $"'sealdisk plan {spec.Name}' says what you can do"),
    };
}
