using System.Globalization;

namespace Sealdisk.Volumes.Configuration;

/// <summary>Sizes as people write them: <c>1000000</c>, <c>"64KiB"</c>, <c>"32 MiB"</c>. Binary units only.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, int Shift)[] Units = [("B", 0), ("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];

    /// <summary>Bytes; or why not, as the end of a sentence that begins with the setting's name.</summary>
    public static bool TryParse(string text, out long bytes, out string? problem)
    {
        bytes = 0;
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var number = digits < 0 ? text : text[..digits];
        var unit = digits < 0 ? "B" : text[digits..].TrimStart(' ');
        var shown = TomlNode.Quote(text);

        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            problem = number.Length > 0
                ? $"{shown} is too large"
                : $"{shown} is not a size: write a number of bytes, or a number with a unit, such as \"32MiB\"";
            return false;
        }

        if (unit.StartsWith('.'))
        {
            problem = $"{shown} is not a whole number: use a smaller unit";
            return false;
        }

        foreach (var (name, shift) in Units)
        {
            if (unit != name)
                continue;
            if (count > long.MaxValue >> shift)
            {
                problem = $"{shown} is too large";
                return false;
            }

            bytes = count << shift;
            problem = null;
            return true;
        }

        problem = Meant(unit) is { } meant
            ? $"{shown} has an unknown unit: write \"{count}{meant}\""
            : $"{shown} has an unknown unit: use B, KiB, MiB, GiB or TiB";
        return false;
    }

    private static string? Meant(string unit)
    {
        foreach (var (name, shift) in Units)
        {
            if (shift > 0 && (unit.Equals(name, StringComparison.OrdinalIgnoreCase)
                || unit.Equals(name[..1], StringComparison.OrdinalIgnoreCase)
                || unit.Equals(name[..1] + "B", StringComparison.OrdinalIgnoreCase)))
                return name;
        }

        return null;
    }
}
