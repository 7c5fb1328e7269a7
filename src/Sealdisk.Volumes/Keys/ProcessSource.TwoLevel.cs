using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <content>Keys on two levels: what the kernel's key types <c>trusted</c> and <c>encrypted</c> do, bit for bit, in software.</content>
public abstract partial class ProcessSource
{
    private const string Format = "default";

    private SealedKey.TwoLevel SealTwoLevel(SecretBuffer key, KeyRequest request)
    {
        using var root = request.Under is { } under ? OpenSharedRoot(under.Key, request.SubjectUnder) : SecretBuffer.Random(RootKey.Size);
        var name = request.Under?.Key.RootName ?? RootKey.NewName();
        var (blob, binding) = request.Under is { } shared
            ? (shared.Key.Root, shared.Key.Binding)
            : SealBlob(root, RootKey.SubjectOf(request.Subject));
        return new SealedKey.TwoLevel(blob, Encrypt(name, root, key))
        {
            Made = KeyCustody.Process,
            Binding = binding,
            Recovery = request.Recovery is { } recovery ? RecoveryWrap.Wrap(recovery, key) : null,
        };
    }

    /// <summary>One that opens, and is another than its own encrypted key was made under, is not a root key to build upon.</summary>
    private SecretBuffer OpenSharedRoot(SealedKey.TwoLevel shared, string subject)
    {
        var root = UnsealBlob(shared.Root, shared.Binding, RootKey.SubjectOf(subject));
        try
        {
            Decrypt(shared.Key, root, "the key that it is shared with").Dispose();
            return root;
        }
        catch (SealdiskException)
        {
            root.Dispose();
            throw;
        }
    }

    private SecretBuffer UnsealTwoLevel(SealedKey.TwoLevel sealedKey, string subject)
    {
        using var root = UnsealBlob(sealedKey.Root, sealedKey.Binding, RootKey.SubjectOf(subject));
        return Decrypt(sealedKey.Key, root, subject);
    }

    private static SecretBuffer Decrypt(EncryptedKeyText text, SecretBuffer root, string subject)
    {
        var key = SecretBuffer.Allocate(text.KeySize);
        if (EncryptedKeyModel.Unwrap(text, root.Memory.Span, key.Memory.Span))
            return key;
        key.Dispose();
        throw SealdiskException.DoesNotOpen($"cannot decrypt {subject}: it does not open under its root key", RootKey.DoesNotOpenHint);
    }

    private static EncryptedKeyText Encrypt(string rootName, SecretBuffer root, SecretBuffer key)
    {
        Span<byte> iv = stackalloc byte[16];
        RandomBytes.Fill(iv);
        return EncryptedKeyModel.Wrap(Format, $"trusted:{rootName}", root.Memory.Span, iv, key.Memory.Span);
    }
}
