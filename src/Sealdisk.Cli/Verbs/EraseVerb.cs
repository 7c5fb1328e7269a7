using System.CommandLine;
using System.Text;
using Sealdisk.Lifecycle;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>erase</c>: a volume discarded for good, once its name was typed.</summary>
internal static class EraseVerb
{
    internal static Command Create()
    {
        var volume = VolumeArgument.One();
        var yes = new Option<string>("--yes") { Description = "The volume's name again, instead of the question", HelpName = "NAME" };
        var command = new Command("erase", "Discard a volume for good: destroy its record and with it the key, and make the device blank")
        {
            volume, yes,
        };
        command.SetAction(parsed => Run(new Terminal(parsed), VolumeArgument.SpecOf(parsed, volume), parsed.GetValue(yes)));
        return HelpWithExamples.With(command, "sealdisk erase data", "sealdisk erase data --yes data");
    }

    private static int Run(Terminal terminal, VolumeSpec spec, string? yes)
    {
        var loss = VolumeErase.Describe(spec);
        if (yes is null && Console.IsInputRedirected)
            throw SealdiskException.Usage(
                $"cannot erase {spec.Name}: standard input is not a terminal",
                $"to destroy {loss}: sealdisk erase {spec.Name} --yes {spec.Name}");
        if ((yes ?? Ask(spec, loss)) != spec.Name)
            throw SealdiskException.Usage($"cannot erase {spec.Name}: that is not its name", "nothing was changed");
        var result = VolumeErase.Run(spec);
        if (terminal.Json)
        {
            terminal.Result(new EraseReport(spec.Name, result.Done.Count > 0, result.Done, result.Remains));
            return 0;
        }
        foreach (var done in result.Done)
            terminal.Note($"  ✓ {done}");
        terminal.Result(result.Done.Count == 0 ? $"{spec.Name} is blank already" : $"{spec.Name} is erased: no record, no key");
        foreach (var remains in result.Remains)
            terminal.Note($"  note: {remains}");
        return 0;
    }

    /// <summary>Not through the runtime's console, which would take the terminal over.</summary>
    private static string Ask(VolumeSpec spec, string loss)
    {
        StandardStream.Error.Write($"This destroys {loss}, and cannot be undone.\nType the volume's name ({spec.Name}) to go on: ");
        using var input = FileDescriptor.Standard(0);
        Span<byte> line = stackalloc byte[256];
        var length = input.Read(line);
        return Encoding.UTF8.GetString(line[..length]).TrimEnd('\n');
    }
}
