using System.Globalization;

namespace Sealdisk.Cli;

/// <summary>Bytes for people: "1.5 GiB".</summary>
internal static class ByteText
{
    private static readonly string[] Units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    internal static string Of(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return value.ToString(
            value >= 100 || unit == 0 || value == Math.Floor(value) ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + Units[unit];
    }
}
