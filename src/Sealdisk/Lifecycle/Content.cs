using Sealdisk.Linux;
using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Lifecycle;

/// <summary>What a device without a record holds, as far as that can be told without touching it.</summary>
public abstract record Content
{
    private Content()
    {
    }

    /// <summary>
    /// Nothing that <see cref="Signature"/> recognises, and all 00 or all FF, as erased media are, wherever <see cref="BlankSpots"/>
    /// looks.
    /// </summary>
    public sealed record Blank : Content;

    /// <summary>A filesystem that could be mounted as it is, in the clear.</summary>
    /// <param name="Signature">What it is.</param>
    public sealed record PlainFilesystem(Signature Signature) : Content;

    /// <summary>Anything else; it may be a volume whose record was lost.</summary>
    /// <param name="Description">For messages, such as "a LUKS volume".</param>
    /// <param name="IsUnknown">Nothing that anybody knows, as ciphertext is.</param>
    public sealed record Other(string Description, bool IsUnknown = false) : Content;

    /// <summary>Looks at a device. Reads it, changes nothing.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="device">The same, open for reading.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="header">Whether its first MiB is for a header record.</param>
    /// <param name="claimed">Whether a first boot was cut while it wrote that record: what is in the place of the copies does not count
    /// then.</param>
    public static Content Of(string path, FileDescriptor device, long size, bool header, bool claimed = false)
    {
        var signature = Signature.Probe(path);
        if (signature.IsPlainFilesystem)
            return new PlainFilesystem(signature);
        if (!signature.IsNothing)
            return new Other(signature.Description);
        var spots = header && claimed ? BlankSpots.OutsideCopies(size) : BlankSpots.Of(size, header);
        return spots.All(spot => BlankSpots.IsErased(device, spot.Offset, spot.Length))
            ? new Blank()
            : new Other("data of unknown kind, which may be a volume whose record was lost", IsUnknown: true);
    }
}
