namespace Sealdisk.Volumes.Keys;

/// <summary>The first 16 bytes of the SHA-256 of a public key (TPMT_PUBLIC), as 32 hex digits in lower case.</summary>
public sealed record TpmFingerprint
{
    private const int Digits = 32;

    private TpmFingerprint(string text) => Text = text;

    /// <summary>The digits.</summary>
    public string Text { get; }

    /// <summary>Reads the digits; lower case only.</summary>
    public static bool TryParse(string text, out TpmFingerprint? fingerprint)
    {
        fingerprint = HexDigits.Are(text, Digits) ? new TpmFingerprint(text) : null;
        return fingerprint is not null;
    }

    /// <exception cref="FormatException">These are not such digits.</exception>
    internal static TpmFingerprint Parse(string text) =>
        TryParse(text, out var fingerprint) ? fingerprint! : throw new FormatException($"cannot read '{text}' as a fingerprint");

    /// <inheritdoc/>
    public override string ToString() => Text;
}
