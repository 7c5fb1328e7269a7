using System.Globalization;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// Identifies a key or keyring: the kernel's serial number, or one of its special keyrings, which depend on the process that asks
/// (keyrings(7)).
/// </summary>
/// <param name="Value">Positive: a serial number. Negative: KEY_SPEC_* of include/uapi/linux/keyctl.h.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct KeySerial(int Value)
{
    /// <summary>@t: belongs to the calling OS thread alone and ends with it.</summary>
    public static KeySerial ThreadKeyring => new(-1);

    /// <summary>@p: ends with the process. <see cref="Keyring"/> says which threads share it.</summary>
    public static KeySerial ProcessKeyring => new(-2);

    /// <summary>@s: handed down from parent to child. See <see cref="Keyring.Session"/> before adding to it.</summary>
    public static KeySerial SessionKeyring => new(-3);

    /// <summary>@u: shared by all processes of the user; lives on without any.</summary>
    public static KeySerial UserKeyring => new(-4);

    /// <summary>@us: stands in for @s if a process has none; holds a link to @u.</summary>
    public static KeySerial UserSessionKeyring => new(-5);

    /// <summary>Reads keyctl(1)'s words: @t @p @s @u @us, or a positive decimal serial number.</summary>
    public static bool TryParse(string? text, out KeySerial serial)
    {
        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
        KeySerial? found = text switch
        {
            "@t" => ThreadKeyring,
            "@p" => ProcessKeyring,
            "@s" => SessionKeyring,
            "@u" => UserKeyring,
            "@us" => UserSessionKeyring,
            _ => isNumber ? new KeySerial(number) : null,
        };
        serial = found.GetValueOrDefault();
        return found is not null;
    }

    /// <summary>The word that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => Value switch
    {
        -1 => "@t",
        -2 => "@p",
        -3 => "@s",
        -4 => "@u",
        -5 => "@us",
        _ => Value.ToString(CultureInfo.InvariantCulture),
    };
}
