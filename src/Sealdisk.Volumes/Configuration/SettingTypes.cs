using System.Text;
using Sealdisk.Crypto;

namespace Sealdisk.Volumes.Configuration;

/// <summary>The types that settings have: each reads one node, or says what is wrong with it (<see cref="TableReader.Parser{T}"/>).</summary>
internal static class SettingTypes
{
    private const int PathMax = 4096; // PATH_MAX of linux/limits.h, with the closing NUL

    public static (bool Value, string? Problem) Boolean(TomlNode node) =>
        node is TomlBoolean flag ? (flag.Value, null) : (false, $"must be true or false, not {node.What}");

    /// <summary>A whole number out of a few.</summary>
    public static TableReader.Parser<int?> OneOf(params int[] possible) => node => node switch
    {
        TomlInteger number when possible.Any(value => value == number.Value) => ((int)number.Value, null),
        TomlInteger number => (null, $"{number.Value} is not possible: {Or(possible)}"),
        _ => (null, $"must be a whole number, not {node.What}"),
    };

    /// <summary>A whole number that an <see cref="int"/> holds; the rules that need other settings come later.</summary>
    public static (int Value, string? Problem) Count(TomlNode node) => node switch
    {
        TomlInteger { Value: > 0 and <= int.MaxValue } number => ((int)number.Value, null),
        TomlInteger number => (0, $"{number.Value} is out of range"),
        _ => (0, $"must be a whole number of bytes, not {node.What}"),
    };

    /// <summary>One word out of a few: its index, in the order of the enum that they stand for.</summary>
    public static TableReader.Parser<int> Word(params string[] words) => node => node switch
    {
        TomlString text when Array.IndexOf(words, text.Value) is >= 0 and var index => (index, null),
        TomlString text => (0, $"{TomlNode.Quote(text.Value)} is not known: {Or(words)}"),
        _ => (0, $"must be a string ({Or(words)}), not {node.What}"),
    };

    /// <summary>A size in bytes, as a number or text with a unit.</summary>
    public static (long? Value, string? Problem) Size(TomlNode node)
    {
        long bytes;
        if (node is TomlString text)
        {
            if (!ByteSize.TryParse(text.Value, out bytes, out var problem))
                return (null, problem);
        }
        else if (node is TomlInteger number)
        {
            bytes = number.Value;
        }
        else
        {
            return (null, $"must be a size such as \"32MiB\", not {node.What}");
        }

        if (bytes <= 0)
            return (null, "must be more than 0");
        return bytes % 4096 == 0 ? (bytes, null) : (null, $"must be a multiple of 4096 bytes, and {bytes} is not");
    }

    /// <summary>An absolute path, with repeated and trailing slashes removed.</summary>
    public static (string? Value, string? Problem) AbsolutePath(TomlNode node)
    {
        if (node is not TomlString { Value: var text })
            return (null, $"must be a string with an absolute path, not {node.What}");
        var shown = TomlNode.Quote(text);
        if (text.Length == 0)
            return (null, "is empty");
        if (text[0] != '/')
        {
            return text.Split('=')[0] is "UUID" or "PARTUUID" or "LABEL" or "PARTLABEL" or "ID"
                ? (null, $"{shown} is a tag, not a path: use the link below /dev/disk/by-{text.Split('=')[0].ToLowerInvariant()}")
                : (null, $"{shown} is not an absolute path");
        }

        if (text.Any(char.IsControl))
            return (null, $"{shown} has a control character");
        var steps = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (steps.Any(step => step is "." or ".."))
            return (null, $"{shown} has a \".\" or \"..\" in it: write the plain path");
        var path = "/" + string.Join('/', steps);
        return Encoding.UTF8.GetByteCount(path) < PathMax ? (path, null) : (null, "is too long for a path");
    }

    /// <summary>Where the record is: null for <c>header</c>, or the path of a detached one.</summary>
    public static (string? Value, string? Problem) RecordPlace(TomlNode node) => node switch
    {
        TomlString { Value: "header" } => (null, null),
        TomlString text when !text.Value.StartsWith('/') => (null, $"{TomlNode.Quote(text.Value)} is neither \"header\" nor an absolute path"),
        _ => AbsolutePath(node),
    };

    /// <summary>A sector cipher that Sealdisk and dm-crypt both know.</summary>
    public static (CipherSpec? Value, string? Problem) Cipher(TomlNode node)
    {
        if (node is not TomlString { Value: var text })
            return (null, $"must be a string such as \"aes-xts-plain64\", not {node.What}");
        if (CipherSpec.TryParse(text, out var spec, out var reason))
            return (spec, null);
        const string Key = "cipher "; // with which the reason begins where it names the cipher
        return (null, reason!.StartsWith(Key, StringComparison.Ordinal) ? reason[Key.Length..] : $"{TomlNode.Quote(text)} is refused: {reason}");
    }

    /// <summary>The public half of a recovery key.</summary>
    public static (byte[]? Value, string? Problem) RecoveryPublicKey(TomlNode node)
    {
        if (node is not TomlString { Value: var text })
            return (null, $"must be the public half of a recovery key, which 'sealdisk recovery new FILE' prints, not {node.What}");
        return Keys.RecoveryKey.ParsePublic(text, out var problem) is { } key ? (key, null) : (null, $"{TomlNode.Quote(text)} is no public half of a recovery key: it {problem}");
    }

    /// <summary>One mount option, as mount(2) takes them between commas.</summary>
    public static (string? Value, string? Problem) MountOption(TomlNode node)
    {
        if (node is not TomlString { Value: var option })
            return (null, $"must be a list of strings, and this is {node.What}");
        if (option.Length == 0)
            return (null, "has an empty entry");
        if (option.Contains(','))
            return (null, $"{TomlNode.Quote(option)} has a comma: write one option per entry");
        return option.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter) || letter is '"' or '\'' or '\\')
            ? (null, $"{TomlNode.Quote(option)} has a space, quote, backslash or control character")
            : (option, null);
    }

    /// <summary>The id of a check of the device audit, of those that can be required before a first boot.</summary>
    /// <param name="requirable">The ids of those checks.</param>
    public static TableReader.Parser<string> Requirement(IReadOnlyList<string> requirable) => node =>
    {
        if (node is not TomlString { Value: var id })
            return (null, $"must be a list of strings, and this is {node.What}");
        return requirable.Contains(id, StringComparer.Ordinal)
            ? (id, null)
            : (null, $"{TomlNode.Quote(id)} is no check that can be required{Spelling.Hint(id, requirable)}");
    };

    /// <summary><c>16, 24 or 32</c>.</summary>
    public static string Or<T>(IReadOnlyList<T> words) =>
        words.Count == 1 ? $"{words[0]}" : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";
}
