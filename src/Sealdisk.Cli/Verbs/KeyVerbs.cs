using System.CommandLine;
using Sealdisk.Configuration;
using Sealdisk.Keys;
using Sealdisk.Mapping;

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
        var size = new Option<int>("--size") { Description = "Size of the key in bytes (32 to 128)", HelpName = "BYTES", DefaultValueFactory = _ => 32 };
        var blob = new Option<string>("--blob") { Description = "Where to write the sealed key; an existing file is never replaced", HelpName = "FILE", Required = true };
        var source = SealedKeyOptions.NewSource();
        var huk = SealedKeyOptions.NewHuk("The file with the soft source's HUK (default: the configuration's)");
        var keyring = new Option<string>("--keyring") { Description = "Where the kernel keeps the key", HelpName = "KEYRING", DefaultValueFactory = _ => "@s" };
        var command = new Command("new", "Make a random key and save it sealed; with source soft no key stays behind, only the blob") { name, size, blob, source, huk, keyring };
        var options = new SealedKeyOptions();
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var trustSource = SealedKeyOptions.SourceOf(parsed, source, huk);
            RequireHere(trustSource, "make", parsed.GetRequiredValue(name));
            var path = parsed.GetRequiredValue(blob);
            var bytes = parsed.GetValue(size);
            var hukPath = parsed.GetValue(huk) is { } given ? Path.GetFullPath(given) : options.FindHuk(parsed);
            SealedKeyFile.Create(path, bytes, hukPath);
            if (terminal.Json)
                terminal.Result(new KeyReport(parsed.GetRequiredValue(name), "soft", bytes, path), Reports.Default.KeyReport);
            else
                terminal.Result($"made key {parsed.GetRequiredValue(name)}: {bytes} random bytes, sealed by soft, in {path}");
            return 0;
        });
        return HelpWithExamples.With(
            command, "sealdisk key new data --size 64 --blob data.blob --source soft --huk huk.hex", "sealdisk key new data --size 32 --blob data.blob --source tee");
    }

    private static Command Load()
    {
        var name = new Argument<string>("NAME") { Description = "The key's description" };
        var blob = new Option<string>("--blob") { Description = "The file with the sealed key", HelpName = "FILE", Required = true };
        var source = SealedKeyOptions.NewSource();
        var keyring = new Option<string>("--keyring") { Description = "Where the kernel keeps the key", HelpName = "KEYRING", DefaultValueFactory = _ => "@s" };
        var command = new Command("load", "Unseal a key into the kernel's keyring") { name, blob, source, keyring };
        command.SetAction(int (parsed) =>
        {
            var trustSource = SealedKeyOptions.SourceOf(parsed, source, null);
            RequireHere(trustSource, "load", parsed.GetRequiredValue(name));
            throw SealdiskException.Usage(
                $"cannot load key {parsed.GetRequiredValue(name)}: a soft key goes straight into a mapping, never into the keyring",
                "'sealdisk map open --blob FILE --source soft --huk FILE' uses it; 'sealdisk blob inspect FILE --huk FILE' tells whether it opens");
        });
        return HelpWithExamples.With(command, "sealdisk key load data --blob data.blob --source tee");
    }

    private static void RequireHere(TrustSource source, string act, string name)
    {
        if (source.IsKernel() && Capabilities.Lacking(source, MappingKind.Auto) is var (problem, remedy))
            throw SealdiskException.Lacking($"cannot {act} key {name}: {problem}", remedy);
    }
}
