using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// The name of a device-mapper device, as the kernel takes it: 1 to 127 bytes of UTF-8 without a slash or a NUL (DM_NAME_LEN,
/// dm-ioctl.c).
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DmName
{
    private readonly string? _text;

    private DmName(string text) => _text = text;

    /// <summary>The name. A default value has none, and the kernel refuses it with EINVAL.</summary>
    public string Text => _text ?? "";

    /// <summary>
    /// Whether the name is the same in the kernel, in /dev/mapper and in every tool: only A-Z a-z 0-9 # + - . : = @ _, and none of ".",
    /// ".." and "control". libdevmapper writes any other character as \xNN in /dev/mapper.
    /// </summary>
    public bool IsPlain
    {
        get
        {
            if (Text is "" or "." or ".." or "control")
                return false;
            foreach (var c in Text)
            {
                if (!char.IsAsciiLetterOrDigit(c) && !"#+-.:=@_".Contains(c))
                    return false;
            }
            return true;
        }
    }

    /// <summary>Takes a text that the kernel would take.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DmName name)
    {
        var isName = text is { Length: > 0 }
            && Encoding.UTF8.GetByteCount(text) <= DmRequest.MaxName
            && text.AsSpan().IndexOfAny('/', '\0') < 0;
        name = isName ? new DmName(text!) : default;
        return isName;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The kernel would not take it.</exception>
    public static DmName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"cannot use '{text}': it is not a device-mapper name");

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>What the kernel reports, taken as it comes.</summary>
    internal static DmName Reported(string text) => new(text);
}
