using Sealdisk.Linux;

namespace Sealdisk.Volumes.Records;

/// <summary>
/// How far a volume's data have been converted in place. As text: <c>encrypt</c> or <c>decrypt</c>, then four decimal numbers of 512-byte
/// sectors: boundary, zone, journal offset, journal length.
/// </summary>
/// <param name="Encrypts">False if plaintext is made of a volume that leaves service.</param>
/// <param name="Boundary">Data before it are converted. It is a multiple of the zone, or the end of the data.</param>
/// <param name="Zone">How much is converted at a time; at least one sector.</param>
/// <param name="JournalOffset">Where the journal begins, counted as the data are: through the mapping.</param>
/// <param name="JournalLength">How long it is; at least one zone.</param>
public sealed record ConversionProgress(bool Encrypts, Sectors Boundary, Sectors Zone, Sectors JournalOffset, Sectors JournalLength)
{
    /// <summary>Reads the text.</summary>
    public static bool TryParse(string text, out ConversionProgress? progress)
    {
        progress = null;
        if (text.Split(' ') is not [("encrypt" or "decrypt") and var direction, var first, var second, var third, var fourth]
            || !Sectors.TryParse(first, out var boundary) || !Sectors.TryParse(second, out var zone)
            || !Sectors.TryParse(third, out var journal) || !Sectors.TryParse(fourth, out var length)
            || zone.Count == 0 || length.Count < zone.Count)
            return false;
        progress = new ConversionProgress(direction == "encrypt", boundary, zone, journal, length);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(Encrypts ? "encrypt" : "decrypt")} {Boundary} {Zone} {JournalOffset} {JournalLength}";
}
