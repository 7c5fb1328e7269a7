using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>What a key is opened for.</summary>
/// <param name="Description">
/// What the kernel calls it as long as it is loaded; it shows in the table of the mapping for as long as that lives. It must hold a ':'
/// that is not its first character.
/// </param>
/// <param name="Size">Bytes that it must have.</param>
/// <param name="Subject">What messages call it, such as "the key of data".</param>
public sealed record KeyUse(KeyDescription Description, int Size, string Subject)
{
    /// <summary>What messages call it.</summary>
    public override string ToString() => Subject;
}
