using System.Text;
using Org.BouncyCastle.Utilities.Zlib;

namespace Sealdisk.Audit.Device;

/// <summary>How the kernel was built, from /proc/config.gz, /boot or /lib/modules.</summary>
internal sealed class KernelConfiguration
{
    private const int Longest = 1 << 20;
    private static ReadOnlySpan<byte> GzipMagic => [0x1f, 0x8b, 8];

    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);

    private KernelConfiguration(string path, string text)
    {
        Path = path;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("CONFIG_", StringComparison.Ordinal) && line.IndexOf('=') is > 0 and var equals)
                _options[line[7..equals].ToString()] = line[(equals + 1)..].Trim('"').ToString();
        }
    }

    /// <summary>Where it was read.</summary>
    internal string Path { get; }

    /// <summary>The option's value, y or m or a text, without the prefix CONFIG_; "n" if it is not set.</summary>
    internal string this[string option] => _options.GetValueOrDefault(option, "n");

    /// <summary>Null if the system does not show it.</summary>
    internal static KernelConfiguration? Of(SystemRoot root)
    {
        if (root.Read("/proc/config.gz") is { Ok: true } packed && Unpack(packed.Bytes) is { } text)
            return new KernelConfiguration(packed.Path, text);
        var release = root.Read("/proc/sys/kernel/osrelease");
        if (!release.Ok || release.Text.Length == 0 || release.Text.Contains('/'))
            return null;
        var modules = $"/lib/modules/{release.Text}";
        foreach (var path in new[] { $"/boot/config-{release.Text}", $"{modules}/config", $"{modules}/build/.config" })
        {
            if (root.Read(path) is { Ok: true } plain)
                return new KernelConfiguration(path, plain.Text);
        }
        return null;
    }

    /// <summary>A gzip member without optional fields, as the kernel's own is (RFC 1952); null for anything else.</summary>
    /// <remarks>BouncyCastle's inflater, not System.IO.Compression: it adds 29 KB to the binary instead of 144 KB.</remarks>
    private static string? Unpack(ReadOnlySpan<byte> packed)
    {
        const int Header = 10;
        if (packed.Length <= Header || !packed.StartsWith(GzipMagic))
            return null;
        var rest = packed[Header..];
        if ((packed[3] & 8) != 0 && rest.IndexOf((byte)0) is >= 0 and var end)
            rest = rest[(end + 1)..]; // the file's name
        else if (packed[3] != 0)
            return null;
        try
        {
            using var inflated = new ZInputStream(new MemoryStream(rest.ToArray()), nowrap: true);
            var text = new byte[Longest];
            var length = inflated.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(text, 0, length);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
