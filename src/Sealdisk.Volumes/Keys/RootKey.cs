using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>What is the same for the root keys of every source.</summary>
internal static class RootKey
{
    /// <summary>Bytes of a root key: what AES-256 and HMAC-SHA256, which are derived from it, can use.</summary>
    internal const int Size = 32;

    internal const string DoesNotOpenHint =
        "it was altered, or is another volume's; 'sealdisk record import' restores a record from a backup";

    /// <summary>A description that no other root key has.</summary>
    internal static string NewName()
    {
        Span<byte> bytes = stackalloc byte[4];
        RandomBytes.Fill(bytes);
        return $"sealdisk:root-{BlobText.Write(bytes)}";
    }

    /// <summary>What messages call the root key of a key.</summary>
    internal static string SubjectOf(string subject) => $"the root key above {subject}";
}
