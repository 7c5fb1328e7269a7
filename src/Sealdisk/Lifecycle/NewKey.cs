using System.Runtime.InteropServices;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Lifecycle;

/// <summary>A key as it goes into a volume's record.</summary>
/// <param name="SealedKey">Blob text, or with a root key the text of an encrypted key.</param>
/// <param name="RootKey">The sealed root key, or null.</param>
/// <param name="Recovery">The key wrapped for a recovery key, or null.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NewKey(string SealedKey, string? RootKey, string? Recovery = null)
{
    /// <summary>What the trust source has sealed, as hex text.</summary>
    internal string Blob => RootKey ?? SealedKey;

    internal static NewKey Of(TwoLevelKey key) => new(key.SealedKey, key.RootKey);
}
