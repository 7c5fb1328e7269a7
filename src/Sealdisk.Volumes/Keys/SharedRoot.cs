namespace Sealdisk.Volumes.Keys;

/// <summary>
/// Another volume of this device whose key is on two levels already: a new volume gets its own key under the same root key. Each record
/// carries the sealed root key for itself, so no volume needs another one, or any file, to be opened.
/// </summary>
/// <param name="Volume">Its name.</param>
/// <param name="Key">Its key.</param>
public sealed record SharedRoot(string Volume, SealedKey.TwoLevel Key)
{
    /// <summary>The volume's name.</summary>
    public override string ToString() => Volume;
}
