using System.CommandLine;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk huk ...</c>: hardware unique keys.</summary>
internal static class HukVerbs
{
    internal static Command Create()
    {
        var huk = new Command("huk", "Hardware unique keys (HUK): of the soft source, and of chips");
        huk.Subcommands.Add(New());
        huk.Subcommands.Add(HukDeriveVerb.Create());
        huk.Subcommands.Add(HukFamiliesVerb.Create());
        return huk;
    }

    private static Command New()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Where to write it: 32 random bytes as hex text, mode 0600. An existing file is never replaced",
        };
        var command = new Command("new", "Make a random HUK for the soft source") { file };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var path = parsed.GetRequiredValue(file);
            HukFile.Create(path);
            if (terminal.Json)
                terminal.Result(new HukReport(path, HukFile.NewLength));
            else
                terminal.Result($"made HUK {path}: {HukFile.NewLength} random bytes, mode 0600");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk huk new /etc/sealdisk/huk.hex");
    }
}
