using System.Text;
using Sealdisk.Crypto;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>
/// The types that settings have: each reads one node, or says what is wrong with it, as the end of a sentence that begins with the key
/// (<see cref="TableReader.Parser{T}"/>).
/// </summary>
public static class SettingTypes
{
    private const int PathMax = 4096; // PATH_MAX of linux/limits.h, with the closing NUL
    private const int SizeUnit = 4096; // the largest encryption sector: a size that is a multiple fits every one

    private static readonly string[] Tags = ["UUID", "PARTUUID", "LABEL", "PARTLABEL", "ID"];

    /// <summary>A table.</summary>
    public static (TomlTable? Value, string? Problem) Table(TomlNode node) =>
        node is TomlTable table ? (table, null) : (null, $"must be a table, not {node.What}");

    internal static (bool Value, string? Problem) Boolean(TomlNode node) =>
        node is TomlBoolean flag ? (flag.Value, null) : (false, $"must be true or false, not {node.What}");

    /// <summary>A whole number out of a few.</summary>
    internal static TableReader.Parser<int?> OneOf(params int[] possible) => node => node switch
    {
        TomlInteger number when possible.Any(value => value == number.Value) => ((int)number.Value, null),
        TomlInteger number => (null, $"{number.Value} is not possible: use {Or(possible)}"),
        _ => (null, $"must be a whole number, not {node.What}"),
    };

    /// <summary>A whole number that an <see cref="int"/> holds; the rules that need other settings come later.</summary>
    internal static (int Value, string? Problem) Count(TomlNode node) => node switch
    {
        TomlInteger { Value: > 0 and <= int.MaxValue } number => ((int)number.Value, null),
        TomlInteger number => (0, $"{number.Value} is out of range"),
        _ => (0, $"must be a whole number of bytes, not {node.What}"),
    };

    /// <summary>One word out of a few, in the order of the enum that they stand for.</summary>
    internal static TableReader.Parser<T> Word<T>(IReadOnlyList<string> words)
        where T : struct, Enum => Word(words, Enum.GetValues<T>());

    /// <summary>One word out of a few, each of which stands for the value at its place.</summary>
    internal static TableReader.Parser<T> Word<T>(IReadOnlyList<string> words, IReadOnlyList<T> values) => node =>
    {
        if (node is not TomlString { Value: var text })
            return (default, $"must be a string ({Or(words)}), not {node.What}");
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] == text)
                return (values[i], null);
        }
        return (default, $"{TomlNode.Quote(text)} is not known: use {Or(words)}");
    };

    /// <summary>A filesystem that Sealdisk makes.</summary>
    internal static (FilesystemType? Value, string? Problem) Filesystem(TomlNode node) =>
        Word<FilesystemType>([.. FilesystemType.All.Select(type => type.Name)], FilesystemType.All)(node);

    /// <summary>A size in bytes, as a number or text with a unit.</summary>
    internal static (long? Value, string? Problem) Size(TomlNode node)
    {
        switch (node)
        {
            case TomlInteger number:
                return WholeUnits(number.Value);
            case TomlString text:
                return ByteSize.TryParse(text.Value, out var bytes, out var problem) ? WholeUnits(bytes) : (null, problem);
            default:
                return (null, $"must be a size such as \"32MiB\", not {node.What}");
        }
    }

    /// <summary>An absolute path, with repeated and trailing slashes removed.</summary>
    internal static (string? Value, string? Problem) AbsolutePath(TomlNode node)
    {
        if (node is not TomlString { Value: var text })
            return (null, $"must be a string with an absolute path, not {node.What}");
        var shown = TomlNode.Quote(text);
        if (text.Length == 0)
            return (null, "is empty");
        if (text.Split('=')[0] is var tag && Tags.Contains(tag, StringComparer.Ordinal))
            return (null, $"{shown} is a tag, not a path: use the link in /dev/disk/by-{tag.ToLowerInvariant()}");
        if (text[0] != '/')
            return (null, $"{shown} is not an absolute path");
        if (text.Any(char.IsControl))
            return (null, $"{shown} contains a control character");
        var steps = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (steps.Any(step => step is "." or ".."))
            return (null, $"{shown} contains \".\" or \"..\": write the path without it");
        var path = "/" + string.Join('/', steps);
        return Encoding.UTF8.GetByteCount(path) < PathMax ? (path, null) : (null, "is too long for a path");
    }

    /// <summary>Where the record is: null for <c>header</c>, or the path of a detached one.</summary>
    internal static (string? Value, string? Problem) RecordPlace(TomlNode node) => node switch
    {
        TomlString { Value: "header" } => (null, null),
        TomlString text when !text.Value.StartsWith('/') =>
            (null, $"{TomlNode.Quote(text.Value)} is neither \"header\" nor an absolute path"),
        _ => AbsolutePath(node),
    };

    /// <summary>A sector cipher that Sealdisk and dm-crypt both know.</summary>
    internal static (CipherSpec? Value, string? Problem) Cipher(TomlNode node)
    {
        const string Key = "cipher "; // with which the reason begins if it names the cipher
        if (node is not TomlString { Value: var text })
            return (null, $"must be a string such as \"aes-xts-plain64\", not {node.What}");
        if (CipherSpec.TryParse(text, out var spec, out var reason))
            return (spec, null);
        var namesIt = reason!.StartsWith(Key, StringComparison.Ordinal);
        return (null, namesIt ? reason[Key.Length..] : $"{TomlNode.Quote(text)} is refused: {reason}");
    }

    /// <summary>The public half of a recovery key.</summary>
    internal static (byte[]? Value, string? Problem) RecoveryPublicKey(TomlNode node)
    {
        const string What = "the public half of a recovery key";
        if (node is not TomlString { Value: var text })
            return (null, $"must be {What}, which 'sealdisk recovery new FILE' prints, not {node.What}");
        return RecoveryKey.ParsePublic(text, out var problem) is { } key
            ? (key, null)
            : (null, $"{TomlNode.Quote(text)} is not {What}: it {problem}");
    }

    /// <summary>One mount option, as mount(2) takes them between commas.</summary>
    internal static (string? Value, string? Problem) MountOption(TomlNode node)
    {
        if (node is not TomlString { Value: var option })
            return (null, NotAString(node));
        return MountOptions.Problem(option) is { } problem ? (null, $"{TomlNode.Quote(option)} {problem}") : (option, null);
    }

    /// <summary>The id of a check of the device audit, of those that can be required before a first boot.</summary>
    /// <param name="requirable">The ids of those checks.</param>
    internal static TableReader.Parser<string> Requirement(IReadOnlyList<string> requirable) => node =>
    {
        if (node is not TomlString { Value: var id })
            return (null, NotAString(node));
        return requirable.Contains(id, StringComparer.Ordinal)
            ? (id, null)
            : (null, $"{TomlNode.Quote(id)} is not a check that can be required{Spelling.Hint(id, requirable)}");
    };

    /// <summary><c>16, 24 or 32</c>.</summary>
    internal static string Or<T>(IReadOnlyList<T> words) =>
        words.Count == 1 ? $"{words[0]}" : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";

    private static string NotAString(TomlNode entry) => $"must be a list of strings, but this entry is {entry.What}";

    private static (long? Value, string? Problem) WholeUnits(long bytes)
    {
        if (bytes <= 0)
            return (null, "must be more than 0");
        return bytes % SizeUnit == 0 ? (bytes, null) : (null, $"must be a multiple of {SizeUnit} bytes, but {bytes} is not");
    }
}
