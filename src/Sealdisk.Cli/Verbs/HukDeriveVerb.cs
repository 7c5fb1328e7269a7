using System.CommandLine;
using Sealdisk.Linux;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>huk derive</c>: a returned board's HUK, from what its maker burnt into it.</summary>
internal static class HukDeriveVerb
{
    private const int OwnerOnly = Permissions.Mode0600;

    internal static Command Create()
    {
        var output = new Argument<string?>("OUT")
        {
            Description = "The HUK file to make, mode 0600; without it the HUK goes to standard output",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var family = FamilyOption("The chip's family; 'sealdisk huk families' lists them");
        family.Required = true;
        var otp = new Option<string?>("--otp")
        {
            Description = "Secret fuse words: raw bytes, hex text, or words such as 0x1234abcd",
            HelpName = "FILE",
        };
        var key = new Option<string?>("--key")
        {
            Description = "Secret key or value of the chip's hardware, in the same forms",
            HelpName = "FILE",
        };
        var uid = HexOption("--uid", "The chip's unique identifier, as it lies in nvmem");
        var dna = HexOption("--dna", "The device DNA");
        var userFuses = HexOption("--user-fuses", "The user fuse words that OP-TEE mixes in, in their order");
        var scratch = HexOption("--scratch", "The bytes of memory that a Nuvoton NPCM8xx hashes");
        var command = new Command("derive", "Compute a chip's HUK from its fuse values, to open its disk on the bench")
        {
            output, family, otp, key, uid, dna, userFuses, scratch,
        };
        command.SetAction(parsed =>
        {
            var values = new ChipValues(
                parsed.GetValue(otp),
                parsed.GetValue(key),
                HexValue(parsed, uid),
                HexValue(parsed, dna),
                HexValue(parsed, userFuses),
                HexValue(parsed, scratch));
            return Run(new Terminal(parsed), FindFamily(parsed.GetRequiredValue(family)), values, parsed.GetValue(output));
        });
        return HelpWithExamples.With(
            command,
            "sealdisk huk derive huk.hex --family stm32mp15 --otp fuses.txt",
            "sealdisk huk derive huk.hex --family versal --dna 0102030405060708090a0b0c0d0e0f10 --key userkey.bin",
            "sealdisk image decrypt returned.img data.ext4 --huk huk.hex");
    }

    internal static Option<string> FamilyOption(string description)
    {
        var family = new Option<string>("--family") { Description = description, HelpName = "FAMILY" };
        family.CompletionSources.Add(
            _ => HukCatalogue.Families.Select(known => new System.CommandLine.Completions.CompletionItem(known.Id)));
        return family;
    }

    internal static HukFamily FindFamily(string id) =>
        HukCatalogue.Find(id)
            ?? throw SealdiskException.Usage($"cannot use family '{id}': it is not known", "'sealdisk huk families' lists them");

    internal static Option<string?> HexOption(string name, string description) => new(name) { Description = description, HelpName = "HEX" };

    /// <summary>Hex digits of something that is no secret.</summary>
    internal static byte[]? HexValue(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } text)
            return null;
        try
        {
            return Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text);
        }
        catch (FormatException)
        {
            throw SealdiskException.Usage($"cannot use {option.Name} '{text}': it is not an even number of hex digits");
        }
    }

    private static int Run(Terminal terminal, HukFamily family, ChipValues values, string? path)
    {
        if (path is null && terminal.Json)
            throw SealdiskException.Usage(
                "cannot print a HUK as JSON: it is a secret", "name the file to make: sealdisk huk derive OUT --json ...");
        if (path is not null && DurableFile.IsTaken(path))
            throw SealdiskException.Refused(
                $"cannot make HUK file {path}: it already exists, and replacing it would make everything sealed under it unreadable",
                "name another file");
        using var text = HukDerivation.Derive(family, values);
        if (path is null)
        {
            using var output = FileDescriptor.Standard(1);
            output.Write(text.Memory.Span);
            return 0;
        }
        DurableFile.Create(path, text.Memory.Span, OwnerOnly);
        if (terminal.Json)
            terminal.Result(new HukReport(path, HukModels.Size));
        else
            terminal.Result($"made HUK {path}: {family.Name}, {HukModels.Size} bytes, mode 0600");
        if (family.Secret == HukSecret.None)
            terminal.Note($"OP-TEE's own tree has no HUK for {family.Name}: this one is all zeros, and protects nothing");
        return 0;
    }
}
