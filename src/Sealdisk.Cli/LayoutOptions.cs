using System.CommandLine;
using Sealdisk.Crypto;

namespace Sealdisk.Cli;

/// <summary>LAYOUT: how encrypted sectors lie in a device or image. Counts are 512-byte sectors, as in a dm table.</summary>
internal sealed class LayoutOptions
{
    internal Option<int> SectorSize { get; } = new("--sector-size")
    {
        Description = "Encryption sector in bytes: 512, 1024, 2048 or 4096",
        HelpName = "BYTES",
        DefaultValueFactory = _ => 512,
    };

    internal Option<bool> IvLargeSectors { get; } = new("--iv-large-sectors")
    {
        Description = "Count IVs in encryption sectors, not in 512-byte sectors",
    };

    internal Option<ulong> IvOffset { get; } = new("--iv-offset")
    {
        Description = "Added to the sector number for the IV, in 512-byte sectors",
        HelpName = "SECTORS",
        DefaultValueFactory = _ => 0,
    };

    internal Option<long> Offset { get; } = new("--offset")
    {
        Description = "Where the data begin in DEVICE or IN, in 512-byte sectors",
        HelpName = "SECTORS",
        DefaultValueFactory = _ => 0,
    };

    internal Option<long?> Length { get; } = new("--length")
    {
        Description = "How much data there is, in 512-byte sectors (default: to the end)",
        HelpName = "SECTORS",
    };

    internal void AddTo(Command command)
    {
        command.Options.Add(SectorSize);
        command.Options.Add(IvLargeSectors);
        command.Options.Add(IvOffset);
        command.Options.Add(Offset);
        command.Options.Add(Length);
    }

    /// <summary>True when the command line names any of them.</summary>
    internal bool AnyGiven(ParseResult parsed) =>
        new Option[] { SectorSize, IvLargeSectors, IvOffset, Offset, Length }.Any(
            option => parsed.GetResult(option) is { Implicit: false });

    internal SectorLayout Layout(ParseResult parsed)
    {
        var layout = new SectorLayout(parsed.GetValue(SectorSize), parsed.GetValue(IvLargeSectors), parsed.GetValue(IvOffset));
        if (layout.Problem() is { } problem)
            throw SealdiskException.Usage($"cannot use this layout: {problem}");
        return layout;
    }

    internal (long Offset, long? Length) Extent(ParseResult parsed)
    {
        var offset = parsed.GetValue(Offset);
        var length = parsed.GetValue(Length);
        if (offset < 0 || length <= 0)
            throw SealdiskException.Usage("cannot use this layout: --offset is at least 0 and --length at least 1");
        return (offset, length);
    }
}
