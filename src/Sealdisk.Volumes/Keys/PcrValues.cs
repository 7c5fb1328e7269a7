using System.Globalization;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// PCRs with the first 16 bytes of their values. As text: the bank, then <c>NUMBER=VALUE</c> for each, ascending, separated by spaces:
/// <c>sha256 7=VALUE 11=VALUE</c>. Two are equal if their texts are.
/// </summary>
public sealed class PcrValues : IEquatable<PcrValues>
{
    /// <summary>Bytes kept of each value.</summary>
    internal const int ValueSize = 16;

    /// <summary>Every TPM 2.0 has it.</summary>
    internal const string DefaultBank = "sha256";

    /// <summary>The banks that a key can be sealed to.</summary>
    internal static readonly string[] Banks = [DefaultBank, "sha384"];

    private const int Highest = 23;

    /// <param name="bank">sha256 or sha384.</param>
    /// <param name="values">Number and value, in hex digits, of each; at least one, ascending.</param>
    public PcrValues(string bank, IReadOnlyList<(int Number, string Value)> values)
    {
        Bank = bank;
        Values = values;
    }

    /// <summary>The bank: sha256 or sha384.</summary>
    public string Bank { get; }

    /// <summary>Number and value, in hex digits, of each, ascending.</summary>
    public IReadOnlyList<(int Number, string Value)> Values { get; }

    /// <summary>The numbers, ascending.</summary>
    public IReadOnlyList<int> Numbers => [.. Values.Select(pcr => pcr.Number)];

    /// <summary>Reads the text.</summary>
    public static bool TryParse(string text, out PcrValues? pcrs)
    {
        pcrs = null;
        if (text.Split(' ') is not [("sha256" or "sha384") and var bank, _, ..] words)
            return false;
        var values = new List<(int Number, string Value)>();
        foreach (var word in words.AsSpan(1))
        {
            if (word.Split('=') is not [var number, var value] || !HexDigits.Are(value, 2 * ValueSize)
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var pcr) || pcr > Highest
                || (values.Count > 0 && values[^1].Number >= pcr))
                return false;
            values.Add((pcr, value));
        }
        pcrs = new PcrValues(bank, values);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(PcrValues? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PcrValues);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Bank} {string.Join(' ', Values.Select(pcr => $"{pcr.Number}={pcr.Value}"))}");
}
