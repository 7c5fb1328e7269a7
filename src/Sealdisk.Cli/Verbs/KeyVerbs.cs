using System.CommandLine;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk key ...</c>: keys on their own, as keyctl would.</summary>
internal static class KeyVerbs
{
    internal static Command Create()
    {
        var key = new Command("key", "Sealed keys on their own, as with keyctl");
        key.Subcommands.Add(New());
        key.Subcommands.Add(Load());
        return key;
    }

    private static Command New()
    {
        var name = new Argument<string>("NAME") { Description = "The key's description" };
        var size = new Option<int>("--size")
        {
            Description = "Size of the key in bytes (32 to 128)",
            HelpName = "BYTES",
            DefaultValueFactory = _ => 32,
        };
        var blob = new Option<string>("--blob")
        {
            Description = "Where to write the sealed key; an existing file is never replaced",
            HelpName = "FILE",
            Required = true,
        };
        var source = SealedKeyOptions.NewSource();
        var huk = SealedKeyOptions.NewHuk("The file with the soft source's HUK (default: the configuration's)");
        var keyring = NewKeyring();
        var command = new Command(
            "new", "Make a random key, save it sealed, and leave it in a keyring of the kernel; with source soft only the blob stays")
        {
            name, size, blob, source, huk, keyring,
        };
        var options = new SealedKeyOptions();
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var key = parsed.GetRequiredValue(name);
            var trustSource = RequireHere(SealedKeyOptions.SourceOf(parsed, source, huk), "make", key);
            var path = parsed.GetRequiredValue(blob);
            var bytes = parsed.GetValue(size);
            if (!trustSource.IsKernel())
            {
                SealedKeyFile.Create(path, bytes, parsed.GetValue(huk) is { } given ? Path.GetFullPath(given) : options.FindHuk(parsed));
                Report(
                    terminal, new KeyReport(key, "soft", bytes, path, null, null),
                    $"made key {key}: {bytes} random bytes, sealed by soft, in {path}");
                return 0;
            }
            var (where, why) = KernelKeyring.Settle(parsed.GetValue(keyring), $"make key {key}");
            var serial = KeptKey.New(key, bytes, path, where);
            Report(
                terminal, new KeyReport(key, trustSource.Text(), bytes, path, serial.Value, where.ToString()),
                $"made key {key}: {bytes} random bytes, sealed by {trustSource.Text()}, in {path}; in the kernel it is trusted:{key},"
                    + $" number {serial}, in {why}");
            return 0;
        });
        return HelpWithExamples.With(
            command,
            "sealdisk key new data --size 64 --blob data.blob --source soft --huk huk.hex",
            "sealdisk key new data --size 32 --blob data.blob --source tee");
    }

    private static Command Load()
    {
        var name = new Argument<string>("NAME")
        {
            Description = "The key's description; with source soft it has a prefix, as in sealdisk:data",
        };
        var blob = new Option<string>("--blob") { Description = "The file with the sealed key", HelpName = "FILE", Required = true };
        var source = SealedKeyOptions.NewSource();
        var huk = SealedKeyOptions.NewHuk("The file with the soft source's HUK (default: the configuration's)");
        var keyring = NewKeyring();
        var command = new Command(
            "load", "Unseal a key into a keyring of the kernel and print its serial number: a trusted key, or a logon key with source soft")
        {
            name, blob, source, huk, keyring,
        };
        var options = new SealedKeyOptions();
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var key = parsed.GetRequiredValue(name);
            var trustSource = RequireHere(SealedKeyOptions.SourceOf(parsed, source, huk), "load", key);
            var path = parsed.GetRequiredValue(blob);
            _ = BlobFile.Read(path);
            var (where, why) = KernelKeyring.Settle(parsed.GetValue(keyring), $"load key {key}");
            var serial = !trustSource.IsKernel()
                ? KeptKey.LoadSoft(key, path, parsed.GetValue(huk) is { } given ? Path.GetFullPath(given) : options.FindHuk(parsed), where)
                : KeptKey.Load(key, path, where);
            terminal.Note($"loaded key {(trustSource.IsKernel() ? "trusted" : "logon")}:{key} into {why}");
            Report(terminal, new KeyReport(key, trustSource.Text(), null, path, serial.Value, where.ToString()), serial.ToString());
            return 0;
        });
        return HelpWithExamples.With(
            command,
            "sealdisk key load data --blob data.blob --source tee",
            "sealdisk key load sealdisk:data --blob data.blob --source soft --huk huk.hex --keyring @u");
    }

    private static Option<string?> NewKeyring()
    {
        var keyring = new Option<string?>("--keyring")
        {
            Description =
                "Where the kernel keeps the key: @s, @u, @us or a serial number (default:"
                    + " @s if this process has a session keyring of its own, else @u)",
            HelpName = "KEYRING",
        };
        keyring.CompletionSources.Add("@s", "@u", "@us");
        return keyring;
    }

    private static void Report(Terminal terminal, KeyReport report, string text)
    {
        if (terminal.Json)
            terminal.Result(report);
        else
            terminal.Result(text);
    }

    /// <summary>The source that will do it; "auto" is settled.</summary>
    private static TrustSource RequireHere(TrustSource source, string act, string name)
    {
        if (!source.IsKernel())
            return source;
        var here = KernelSource.Detect();
        if (here.Source is { } found && source.Means(found))
            return found;
        var (problem, remedy) = Capabilities.LackingFor(source, MappingKind.Auto) ?? (here.Evidence, "see 'sealdisk doctor'");
        throw SealdiskException.Lacking($"cannot {act} key {name}: {problem}", remedy);
    }
}
