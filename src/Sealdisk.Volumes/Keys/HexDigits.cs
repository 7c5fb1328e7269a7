namespace Sealdisk.Volumes.Keys;

/// <summary>Hex digits in lower case.</summary>
internal static class HexDigits
{
    internal static bool Are(string text, int digits) => text.Length == digits && text.All(char.IsAsciiHexDigitLower);
}
