namespace Sealdisk.Volumes.Keys;

/// <summary>A key that is to be made or sealed.</summary>
/// <param name="Name">What the kernel calls it while it is made; for a volume, its name.</param>
/// <param name="Kind">One level or two.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Subject">What messages call it, such as "the key of data".</param>
public sealed record KeyRequest(string Name, KeyKind Kind, int Size, string Subject)
{
    /// <summary>On two levels: the volume whose root key it is to be under; null for a new root key.</summary>
    public SharedRoot? Under { get; init; }

    /// <summary>On two levels: the public half of the recovery key that it is to be wrapped for; null for none.</summary>
    public byte[]? Recovery { get; init; }

    /// <summary>What messages call it.</summary>
    public override string ToString() => Subject;

    /// <summary>What messages call it, with the volume whose root key it is to be under.</summary>
    internal string SubjectUnder => Under is null ? Subject : $"{Subject}, which is to be under that of {Under.Volume}";
}
