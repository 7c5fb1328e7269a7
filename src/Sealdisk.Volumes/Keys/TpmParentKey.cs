using System.Globalization;

namespace Sealdisk.Volumes.Keys;

/// <summary>The storage key under which a TPM sealed. As text: the handle in 8 hex digits, a space, the fingerprint.</summary>
/// <param name="Handle">Its persistent handle.</param>
/// <param name="Fingerprint">Of its public area.</param>
public sealed record TpmParentKey(uint Handle, TpmFingerprint Fingerprint)
{
    /// <summary>Reads the text.</summary>
    public static bool TryParse(string text, out TpmParentKey? parent)
    {
        parent = text.Split(' ') is [var handle, var name] && HexDigits.Are(handle, 8) && TpmFingerprint.TryParse(name, out var fingerprint)
            ? new TpmParentKey(uint.Parse(handle, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), fingerprint!)
            : null;
        return parent is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Handle:x8} {Fingerprint}");
}
