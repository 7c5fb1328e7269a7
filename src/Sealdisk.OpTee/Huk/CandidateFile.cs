using System.Security.Cryptography;
using System.Text;

namespace Sealdisk.OpTee.Huk;

/// <summary>
/// HUKs that the user provides: one per line, 32 to 64 hex digits, alone or as <c>NAME = HEX</c>. Empty lines and lines that begin
/// with <c>#</c> are skipped. They may be secrets: no digit of them gets into a string or a message.
/// </summary>
public static class CandidateFile
{
    private const int LongestName = 64;

    /// <summary>Adds each line's HUK to an oracle, under its name or as "line N".</summary>
    /// <param name="utf8">The file's content. The caller owns and wipes it.</param>
    /// <param name="oracle">Receives them, in order.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="HukTextException">Any other line; the message names its number.</exception>
    public static int AddTo(HukOracle oracle, ReadOnlySpan<byte> utf8)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        Span<byte> huk = stackalloc byte[HukText.MaxBytes];
        try
        {
            var (count, number) = (0, 0);
            while (!utf8.IsEmpty)
            {
                number++;
                var end = utf8.IndexOf((byte)'\n');
                var line = Trim(end < 0 ? utf8 : utf8[..end]);
                utf8 = end < 0 ? [] : utf8[(end + 1)..];
                if (line.IsEmpty || line[0] == (byte)'#')
                    continue;
                Add(oracle, line, number, huk);
                count++;
            }
            return count;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(huk);
        }
    }

    private static void Add(HukOracle oracle, ReadOnlySpan<byte> line, int number, Span<byte> huk)
    {
        var equals = line.IndexOf((byte)'=');
        var name = equals < 0 ? [] : Trim(line[..equals]);
        if (equals >= 0 && (name.Length is 0 or > LongestName || name.ContainsAnyExceptInRange((byte)0x20, (byte)0x7e)))
            throw new HukTextException($"line {number}: the name before '=' does not have 1 to 64 printable characters");
        int length;
        try
        {
            length = HukText.Parse(Trim(line[(equals + 1)..]), huk);
        }
        catch (HukTextException problem)
        {
            throw new HukTextException($"line {number}: {problem.Message}");
        }
        var id = equals < 0 ? $"line {number}" : Encoding.ASCII.GetString(name);
        oracle.Add(new($"candidate:{id}", $"a candidate that was brought along ({id})"), huk[..length]);
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r"u8);
}
