using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// What names a key among those of its type: 1 to 4095 bytes of UTF-8 without a NUL, at which the kernel would stop reading and find
/// another key (KEY_MAX_DESC_SIZE, security/keys/keyctl.c). Types may ask for more: "logon" wants a prefix and a colon.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct KeyDescription
{
    private const int MaxBytes = 4095;

    private readonly string? _text;

    private KeyDescription(string text) => _text = text;

    /// <summary>The description. A default value has none, and the kernel makes no key of it.</summary>
    public string Text => _text ?? "";

    /// <summary>Takes a text that the kernel would take.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out KeyDescription description)
    {
        var isOne = text is { Length: > 0 } && Encoding.UTF8.GetByteCount(text) <= MaxBytes && !text.Contains('\0');
        description = isOne ? new KeyDescription(text!) : default;
        return isOne;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The kernel would not take it.</exception>
    public static KeyDescription Parse(string text) =>
        TryParse(text, out var found) ? found : throw new FormatException($"cannot use '{text}': it is not a key's description");

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>What the kernel reports, taken as it comes: the session keyring that it makes by itself may have any name.</summary>
    internal static KeyDescription Reported(string text) => new(text);
}
