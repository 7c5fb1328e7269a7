using Sealdisk.Filesystems;
using Sealdisk.Linux;

namespace Sealdisk.Lifecycle;

/// <summary>What a device without a record holds, as far as that can be told without touching it.</summary>
public abstract record Content
{
    private const int EdgeSize = 1 << 20;

    private Content()
    {
    }

    /// <summary>No signature known to blkid, and the first and last MiB are all 00 or all FF, as erased media are.</summary>
    public sealed record Blank : Content;

    /// <summary>A filesystem that could be mounted as it is, in the clear.</summary>
    /// <param name="Signature">What blkid says.</param>
    public sealed record PlainFilesystem(Signature Signature) : Content;

    /// <summary>Anything else; it may be a volume whose record was lost.</summary>
    /// <param name="Description">For messages, such as "data of unknown kind".</param>
    public sealed record Other(string Description) : Content;

    /// <summary>Looks at a device. Reads it, changes nothing.</summary>
    public static Content Of(string path, FileDescriptor device, long size)
    {
        var signature = Signature.Probe(path);
        if (signature.IsPlainFilesystem)
            return new PlainFilesystem(signature);
        if (!signature.IsNothing)
            return new Other(signature.Description);
        var edge = (int)Math.Min(EdgeSize, size);
        return IsErased(device, 0, edge) && IsErased(device, size - edge, edge) ? new Blank() : new Other("data of unknown kind, which may be a volume whose record was lost");
    }

    private static bool IsErased(FileDescriptor device, long offset, int length)
    {
        Span<byte> piece = stackalloc byte[4096];
        byte? fill = null;
        for (var at = 0; at < length; at += piece.Length)
        {
            var wanted = piece[..Math.Min(piece.Length, length - at)];
            if (device.ReadAt(wanted, offset + at) != wanted.Length)
                return false;
            fill ??= wanted[0];
            if (fill is not (0x00 or 0xFF) || wanted.ContainsAnyExcept(fill.Value))
                return false;
        }
        return true;
    }
}
