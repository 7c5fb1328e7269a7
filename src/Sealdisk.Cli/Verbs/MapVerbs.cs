using System.CommandLine;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;

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
        var device = new Argument<string>("DEVICE")
        {
            Description = "Block device or image file; a header record in it gives cipher, sizes and sealed key",
        };
        var keyReference = new Option<string?>("--key")
        {
            Description = "A key in the kernel: trusted:NAME, encrypted:NAME or logon:NAME (dm mappings)",
            HelpName = "TYPE:NAME",
        };
        keyReference.CompletionSources.Add("trusted:", "encrypted:", "logon:");
        var mapping = new Option<string>("--mapping")
        {
            Description = "dm, fuse or auto",
            HelpName = "KIND",
            DefaultValueFactory = _ => "auto",
        };
        mapping.CompletionSources.Add("auto", "dm", "fuse");
        var discard = new Option<bool>("--discard") { Description = "Pass discards on to the device, which shows which blocks are in use" };
        var key = new SealedKeyOptions();
        var layout = new LayoutOptions();
        var crypt = new CryptOptionSet();
        var command = new Command(
            "open",
            "Map a device; the decrypted volume shows as /dev/mapper/NAME (dm), or as /run/sealdisk/NAME/volume and a loop device (fuse)")
        {
            name, device,
        };
        command.Options.Add(keyReference);
        key.AddTo(command);
        layout.AddTo(command);
        command.Options.Add(mapping);
        command.Options.Add(discard);
        crypt.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var state = ManualMapping.Open(new ManualMapping.Wanted(
                ValidName(parsed.GetRequiredValue(name)),
                Path.GetFullPath(parsed.GetRequiredValue(device)),
                ImageVerbs.ManualKeyOf(parsed, key, layout, Reference(parsed.GetValue(keyReference))),
                Kind(parsed.GetValue(mapping)!),
                () => key.FindHuk(parsed),
                parsed.GetValue(discard),
                crypt.Of(parsed)));
            if (terminal.Json)
                terminal.Result(new MappingReport(state));
            else
                terminal.Result(
                    $"{state.Name} is open: {state.BlockPath}{(state.VolumePath is { } file ? $", and as a file {file}" : "")}");
            return 0;
        });
        return HelpWithExamples.With(
            command,
            "sealdisk map open data data.img --huk huk.hex",
            "sealdisk map open old /dev/sdb1 --cipher aes-cbc-plain --key-size 32 --blob key.blob --source soft --huk huk.hex",
            "sealdisk map open data /dev/mmcblk0p4 --cipher aes-xts-plain64 --key-size 64 --key trusted:data",
            "mount $(sealdisk map list --json | jq -r '.mappings[0].block') /mnt");
    }

    private static Command Close()
    {
        // The help's name is said, as help would show the completions instead.
        var name = new Argument<string>("NAME") { Description = "The mapping's name", HelpName = "NAME" };
        name.CompletionSources.Add(_ => Mappings.List().Select(mapping => mapping.Name));
        var command = new Command("close", "Close a mapping; does nothing if there is none") { name };
        var deferred = new Option<bool>("--deferred") { Description = "If a dm mapping is in use, close it when its last user is gone" };
        command.Options.Add(deferred);
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var mapping = ValidName(parsed.GetRequiredValue(name));
            var closed = ManualMapping.Close(mapping, parsed.GetValue(deferred));
            if (terminal.Json)
                terminal.Result(new ClosedReport(mapping, closed));
            else
                terminal.Result(closed ? $"{mapping} is closed" : $"{mapping} is closed already");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk map close data");
    }

    private static Command List()
    {
        var command = new Command("list", "List the current mappings");
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var mappings = Mappings.List();
            if (terminal.Json)
            {
                terminal.Result(new MappingsReport([.. mappings.Select(mapping => new MappingReport(mapping))]));
                return 0;
            }
            foreach (var mapping in mappings)
                terminal.Result(Line(mapping));
            if (mappings.Count == 0)
                terminal.Note("no mappings");
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk map list", "sealdisk map list --json");
    }

    private static string Line(MappingState mapping)
    {
        var kind = mapping.VolumePath is { } file ? $"{mapping.Kind.Text()}, {file}" : mapping.Kind.Text();
        var line = $"{mapping.Name}: {mapping.BlockPath ?? "no loop device"} decrypts {mapping.Device ?? "an unknown device"} ({kind})";
        return mapping.Problem is { } problem ? $"{line}; {problem}" : line;
    }

    /// <summary>"trusted:NAME" and the like; the name may hold colons of its own, as a logon key's must.</summary>
    private static string? Reference(string? text) =>
        text is null || (text.Split(':') is [var type, { Length: > 0 }, ..] && type is "trusted" or "encrypted" or "logon" or "user")
            ? text
            : throw SealdiskException.Usage(
                $"cannot use key '{text}': it is not TYPE:NAME with one of dm-crypt's key types",
                "give trusted:NAME, encrypted:NAME, logon:PREFIX:NAME or user:NAME");

    private static MappingKind Kind(string text) => text switch
    {
        "auto" => MappingKind.Auto,
        "dm" => MappingKind.Dm,
        "fuse" => MappingKind.Fuse,
        _ => throw SealdiskException.Usage($"cannot use mapping '{text}': it is auto, dm or fuse"),
    };

    /// <summary>The rule of volume names: it becomes a folder of that name.</summary>
    private static string ValidName(string name) => VolumeName.Problem(name) is { } problem
        ? throw SealdiskException.Usage($"cannot use the name {name}: it {problem}")
        : name;
}
