namespace Sealdisk.Volumes;

/// <summary>
/// The dm UUIDs of our mappings: this prefix, the id of the sealed key or as many zeros, then the mapping's name.
/// </summary>
public static class DmUuid
{
    /// <summary>What tells them from those of others. lsblk and others take what is before the first hyphen for the type.</summary>
    public const string Prefix = "CRYPT-SEALDISK-";
}
