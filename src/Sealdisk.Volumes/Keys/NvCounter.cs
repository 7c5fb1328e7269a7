using System.Globalization;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A TPM's NV counter and the value that a seal depends on. As text: the index in 8 hex digits, a space, the value in decimal.
/// </summary>
/// <param name="Index">Its NV index.</param>
/// <param name="Value">What it must read.</param>
public sealed record NvCounter(uint Index, ulong Value)
{
    /// <summary>Reads the text.</summary>
    public static bool TryParse(string text, out NvCounter? counter)
    {
        counter = text.Split(' ') is [var index, var number] && HexDigits.Are(index, 8)
            && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? new NvCounter(uint.Parse(index, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), value)
            : null;
        return counter is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index:x8} {Value}");
}
