using System.CommandLine;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk recovery ...</c>: recovery keys.</summary>
internal static class RecoveryVerbs
{
    internal static Command Create()
    {
        var recovery = new Command("recovery", "Recovery keys: the secret half for a safe place, the public half for the configuration");
        recovery.Subcommands.Add(New());
        return recovery;
    }

    private static Command New()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Where the secret half goes, mode 0600; an existing file is never replaced; - shows it once on standard output",
        };
        var command = new Command("new", "Make a recovery key and print its public half, for 'recovery' in the configuration") { file };
        command.SetAction(parsed =>
        {
            var (terminal, path) = (new Terminal(parsed), parsed.GetRequiredValue(file));
            if (path == "-")
            {
                if (terminal.Json)
                    throw SealdiskException.Usage("cannot show a recovery key as JSON: JSON never contains its secret half", "name a file");
                using var output = FileDescriptor.Standard(1);
                terminal.Result($"recovery = \"{RecoveryKey.Show(output)}\"");
                terminal.Note(
                    "the first line is the recovery key: write it down, it is not stored anywhere;"
                        + " the second line is for the configuration");
                return 0;
            }
            path = Path.GetFullPath(path);
            var publicKey = RecoveryKey.Create(path);
            if (terminal.Json)
                terminal.Result(new RecoveryReport(path, publicKey));
            else
                terminal.Result($"recovery = \"{publicKey}\"");
            terminal.Note($"{path} is the recovery key: keep it away from every device; the line above is for the configuration");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk recovery new /mnt/safe/recovery.key", "sealdisk recovery new -");
    }
}
