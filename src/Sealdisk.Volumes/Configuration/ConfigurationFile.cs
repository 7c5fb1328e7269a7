using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Configuration;

/// <summary>The bytes of a configuration file as text. Pipes work too.</summary>
public static class ConfigurationFile
{
    private const int UsualLength = 4096, MaxLength = 1 << 20;

    /// <summary>Reads it whole; at most 1 MiB.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, is too long, or is not UTF-8 text.</exception>
    public static string Read(string path)
    {
        var bytes = new byte[UsualLength];
        var length = 0;
        try
        {
            using var file = FileDescriptor.Open(path, OpenFlags.Read | OpenFlags.NoControllingTerminal);
            while (length <= MaxLength && file.Read(bytes.AsSpan(length)) is > 0 and var got)
            {
                length += got;
                if (length == bytes.Length)
                    Array.Resize(ref bytes, 2 * length);
            }
        }
        catch (LinuxException refused)
        {
            throw new ConfigurationException(path, refused);
        }

        if (length > MaxLength)
            throw Wrong(path, new TextPosition(1, 1), "the file is larger than 1 MiB, so it is not a configuration");
        return Decode(bytes.AsSpan(0, length), path);
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string path)
    {
        var text = new char[bytes.Length];
        var status = System.Text.Unicode.Utf8.ToUtf16(bytes, text, out var read, out var written, replaceInvalidSequences: false);
        if (status == System.Buffers.OperationStatus.Done)
            return new string(text, 0, written);

        var before = bytes[..read];
        var line = before.Count((byte)'\n') + 1;
        var column = Encoding.UTF8.GetString(before[(before.LastIndexOf((byte)'\n') + 1)..]).EnumerateRunes().Count() + 1;
        var isUtf16 = bytes.StartsWith<byte>([0xFF, 0xFE]) || bytes.StartsWith<byte>([0xFE, 0xFF]);
        throw Wrong(path, new TextPosition(line, column), isUtf16 ? "the file is UTF-16: save it as UTF-8" : "this is not UTF-8 text");
    }

    private static ConfigurationException Wrong(string path, TextPosition at, string message) =>
        new(path, [new ConfigurationError(at.Line, at.Column, message)]);
}
