using System.Text;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A volume key on two levels: the trust source seals a root key, and the root key encrypts the volume key, as the kernel's key type <c>encrypted</c> does
/// under one of type <c>trusted</c>. Several volumes may have one root key; each has its own volume key. Here in software, for the soft source;
/// <see cref="KernelTwoLevelKey"/> has the kernel do the very same.
/// </summary>
/// <param name="RootKey">The sealed root key as blob text.</param>
/// <param name="SealedKey">The encrypted volume key as <c>keyctl pipe</c> prints it; it names the root key that it is under.</param>
internal sealed record TwoLevelKey(string RootKey, string SealedKey)
{
    /// <summary>Bytes of a root key: what AES-256 and HMAC-SHA256, which are derived from it, can use.</summary>
    internal const int RootSize = 32;

    internal const string DoesNotOpenHint = "it was altered, or is another volume's; 'sealdisk record import' restores a record from a backup";

    private const string Format = "default";

    /// <summary>The description of the root key, without its type, as the encrypted key has it.</summary>
    internal string RootDescription => Read(SealedKey).MasterDescription;

    /// <summary>A description that no other root key has.</summary>
    internal static string NewRootDescription()
    {
        Span<byte> bytes = stackalloc byte[4];
        RandomBytes.Fill(bytes);
        return $"sealdisk:root-{BlobText.Write(bytes)}";
    }

    /// <summary>A volume key under a root key.</summary>
    /// <param name="source">Seals the root key.</param>
    /// <param name="key">The volume key; stays the caller's.</param>
    /// <param name="shared">Another volume's, to have the same root key; null for a new one.</param>
    /// <param name="subject">The volume key, for messages.</param>
    /// <exception cref="SealdiskException">The shared root key does not open here (4).</exception>
    internal static TwoLevelKey Wrap(SoftSource source, SecretBuffer key, TwoLevelKey? shared, string subject)
    {
        if (shared is null)
            return UnderNewRoot(source, key);
        using var root = OpenRoot(source, shared.RootKey, subject);
        // One that opens, and is another than its own encrypted key was made under, is no root key to build upon.
        Open(shared.SealedKey, root, "the key that it is shared with").Dispose();
        return new TwoLevelKey(shared.RootKey, Encrypt(shared.RootDescription, root, key));
    }

    /// <summary>Opens both levels; the caller owns the volume key and wipes it by disposing it.</summary>
    /// <exception cref="SealdiskException">One of the two does not open here (4), or it is a key of another size (2).</exception>
    internal static SecretBuffer Unseal(SoftSource source, string sealedKey, string rootKey, int keySize, string subject)
    {
        using var root = OpenRoot(source, rootKey, subject);
        var key = Open(sealedKey, root, subject);
        if (key.Length == keySize)
            return key;
        var actual = key.Length;
        key.Dispose();
        throw SoftSource.OtherSize(subject, actual, keySize);
    }

    /// <summary>An encrypted key's text, taken apart.</summary>
    /// <exception cref="SealdiskException">It is none, or its root key is no trusted key (4).</exception>
    internal static EncryptedKeyText Read(string sealedKey) =>
        EncryptedKeyText.Parse(sealedKey, out var problem) is { MasterType: "trusted" } text
            ? text
            : throw SealdiskException.DoesNotOpen($"cannot use an encrypted key: it {problem ?? "is under no trusted key"}", "'sealdisk blob inspect' tells what it is");

    /// <summary>How messages call the root key of a key.</summary>
    internal static string RootOf(string subject) => $"the root key above {subject}";

    private static TwoLevelKey UnderNewRoot(SoftSource source, SecretBuffer key)
    {
        using var root = SecretBuffer.Random(RootSize);
        return new TwoLevelKey(source.Seal(root), Encrypt(NewRootDescription(), root, key));
    }

    private static SecretBuffer OpenRoot(SoftSource source, string rootKey, string subject) =>
        source.UnsealAny(BlobText.Parse(Encoding.ASCII.GetBytes(rootKey)), RootOf(subject));

    private static SecretBuffer Open(string sealedKey, SecretBuffer root, string subject)
    {
        var text = Read(sealedKey);
        var key = SecretBuffer.Allocate(text.KeySize);
        if (EncryptedKeyModel.Unwrap(text, root.Memory.Span, key.Memory.Span))
            return key;
        key.Dispose();
        throw SealdiskException.DoesNotOpen($"cannot decrypt {subject}: it does not open under its root key", DoesNotOpenHint);
    }

    private static string Encrypt(string rootDescription, SecretBuffer root, SecretBuffer key)
    {
        Span<byte> iv = stackalloc byte[16];
        RandomBytes.Fill(iv);
        return EncryptedKeyModel.Wrap(Format, $"trusted:{rootDescription}", root.Memory.Span, iv, key.Memory.Span).ToString();
    }
}
