using System.CommandLine;
using Sealdisk.Configuration;
using Sealdisk.Mapping;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk map ...</c>: mappings by hand, as dmsetup would, without a configuration.</summary>
internal static class MapVerbs
{
    internal static Command Create()
    {
        var map = new Command("map", "Mappings by hand: the decrypted view of a device, without a configuration");
        map.Subcommands.Add(Open());
        map.Subcommands.Add(Close());
        map.Subcommands.Add(List());
        return map;
    }

    private static Command Open()
    {
        var name = new Argument<string>("NAME") { Description = "The mapping's name" };
        var device = new Argument<string>("DEVICE") { Description = "Block device or image file; a header record in it gives cipher, sizes and sealed key" };
        var keyReference = new Option<string?>("--key") { Description = "A key in the kernel: trusted:NAME or logon:NAME (dm mappings)", HelpName = "TYPE:NAME" };
        var mapping = new Option<string>("--mapping") { Description = "dm, fuse or auto", HelpName = "KIND", DefaultValueFactory = _ => "auto" };
        mapping.CompletionSources.Add("auto", "dm", "fuse");
        var discard = new Option<bool>("--discard") { Description = "Pass discards on; they show which blocks are in use" };
        var key = new SealedKeyOptions();
        var layout = new LayoutOptions();
        var command = new Command("open", "Map a device; the decrypted volume shows as /run/sealdisk/NAME/volume and as a block device") { name, device };
        command.Options.Add(keyReference);
        key.AddTo(command);
        layout.AddTo(command);
        command.Options.Add(mapping);
        command.Options.Add(discard);
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var manual = ImageVerbs.ManualKeyOf(parsed, key, layout);
            var kind = Kind(parsed.GetValue(mapping)!);
            if (parsed.GetValue(keyReference) is { } reference)
                throw SealdiskException.Lacking(
                    $"cannot map with key {reference}: keys in the kernel need a dm mapping, and this release maps through fuse only", "use --blob FILE --source soft --huk FILE");
            if (Capabilities.Lacking(manual.Source, kind) is var (problem, remedy))
                throw SealdiskException.Lacking($"cannot open mapping {parsed.GetRequiredValue(name)}: {problem}", remedy);
            var state = ManualMapping.Open(
                ValidName(parsed.GetRequiredValue(name)), Path.GetFullPath(parsed.GetRequiredValue(device)), manual, key.FindHuk(parsed), parsed.GetValue(discard));
            if (terminal.Json)
                terminal.Result(Report(state), Reports.Default.MappingReport);
            else
                terminal.Result($"{state.Name} is open: {state.BlockPath}, and as a file {state.VolumePath}");
            return 0;
        });
        return HelpWithExamples.With(
            command,
            "sealdisk map open data data.img --huk huk.hex",
            "sealdisk map open old /dev/sdb1 --cipher aes-cbc-plain --key-size 32 --blob key.blob --source soft --huk huk.hex",
            "mount $(sealdisk map list --json | jq -r '.mappings[0].block') /mnt");
    }

    private static Command Close()
    {
        // The help's name is said, as help would show the completions instead.
        var name = new Argument<string>("NAME") { Description = "The mapping's name", HelpName = "NAME" };
        name.CompletionSources.Add(_ => FuseMapping.List().Select(mapping => mapping.Name));
        var command = new Command("close", "Take a mapping down; nothing to do when there is none") { name };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var mapping = ValidName(parsed.GetRequiredValue(name));
            var closed = ManualMapping.Close(mapping);
            if (terminal.Json)
                terminal.Result(new ClosedReport(mapping, closed), Reports.Default.ClosedReport);
            else
                terminal.Result(closed ? $"{mapping} is closed" : $"{mapping} is closed already");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk map close data");
    }

    private static Command List()
    {
        var command = new Command("list", "The mappings there are now");
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var mappings = FuseMapping.List();
            if (terminal.Json)
            {
                terminal.Result(new MappingsReport(mappings.Select(Report).ToArray()), Reports.Default.MappingsReport);
                return 0;
            }
            foreach (var mapping in mappings)
                terminal.Result($"{mapping.Name}: {mapping.BlockPath ?? "no loop device"} decrypts {mapping.Request?.Device ?? "an unknown device"} (fuse, {mapping.VolumePath}){(mapping.Problem is { } problem ? $"; {problem}" : "")}");
            if (mappings.Count == 0)
                terminal.Note("no mappings");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk map list", "sealdisk map list --json");
    }

    private static MappingReport Report(MappingState state) => new(
        state.Name, "fuse", state.Request?.Device, state.BlockPath, state.VolumePath, state.Server,
        state.Request?.Cipher, state.Request?.KeySize, state.Request?.SectorSize, state.Problem);

    private static MappingKind Kind(string text) => text switch
    {
        "auto" => MappingKind.Auto,
        "dm" => MappingKind.Dm,
        "fuse" => MappingKind.Fuse,
        _ => throw SealdiskException.Usage($"cannot use mapping '{text}': it is auto, dm or fuse"),
    };

    /// <summary>The rule of volume names: it becomes a folder of that name.</summary>
    private static string ValidName(string name) => VolumeName.Problem(name) is { } problem ? throw SealdiskException.Usage($"cannot use the name {name}: it {problem}") : name;
}
