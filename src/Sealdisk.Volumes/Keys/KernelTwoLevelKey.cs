using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A volume key on two levels in the kernel: its trust source seals a <c>trusted</c> root key, under which its key type <c>encrypted</c> encrypts the volume
/// key. Neither is ever in user space. The root key is kept by this thread only for as long as a call takes.
/// </summary>
internal static class KernelTwoLevelKey
{
    /// <summary>A new random volume key.</summary>
    /// <param name="shared">Another volume's, to have the same root key; null for a new one.</param>
    /// <param name="keySize">Bytes.</param>
    /// <param name="subject">The volume key, for messages.</param>
    /// <param name="sealing">How the root key is sealed.</param>
    /// <exception cref="SealdiskException">The trust source refused (1), the shared root key does not open here (4), or the kernel lacks the key type (5).</exception>
    internal static TwoLevelKey New(TwoLevelKey? shared, int keySize, string subject, TrustedSealing sealing)
    {
        var description = shared?.RootDescription ?? TwoLevelKey.NewRootDescription();
        using var root = Root(description, shared?.RootKey, subject, sealing);
        return Explained(subject, () =>
        {
            if (shared is not null)
                KernelKey.LoadEncrypted("sealdisk:shared", shared.SealedKey).Dispose();
            using var key = KernelKey.NewEncrypted("sealdisk:new", description, keySize);
            // The kernel makes such a key without looking for its root key; only what reads back can ever be loaded again.
            return new TwoLevelKey(shared?.RootKey ?? root.ReadBlob(), key.ReadEncrypted());
        });
    }

    /// <summary>Unseals the root key and decrypts the volume key under it.</summary>
    /// <param name="description">What the volume key is called in the kernel.</param>
    /// <param name="sealedKey">The encrypted volume key.</param>
    /// <param name="rootKey">The sealed root key.</param>
    /// <param name="subject">The volume key, for messages.</param>
    /// <param name="sealing">How the root key is sealed.</param>
    /// <exception cref="SealdiskException">One of the two does not open here (4), or the kernel lacks the key type (5).</exception>
    internal static KernelKey Load(string description, string sealedKey, string rootKey, string subject, TrustedSealing sealing)
    {
        using var root = Root(TwoLevelKey.Read(sealedKey).MasterDescription, rootKey, subject, sealing);
        return Explained(subject, () => KernelKey.LoadEncrypted(description, sealedKey));
    }

    /// <summary>The same volume key under another root key: a new one, or that of another volume.</summary>
    internal static TwoLevelKey Rewrap(TwoLevelKey old, TwoLevelKey? shared, string subject, TrustedSealing oldSealing, TrustedSealing newSealing)
    {
        var description = shared?.RootDescription ?? TwoLevelKey.NewRootDescription();
        using var oldRoot = Root(old.RootDescription, old.RootKey, subject, oldSealing);
        using var newRoot = Root(description, shared?.RootKey, subject, newSealing);
        return Explained(subject, () =>
        {
            using var key = KernelKey.LoadEncrypted("sealdisk:rewrap", old.SealedKey);
            key.Rewrap(description);
            return new TwoLevelKey(shared?.RootKey ?? newRoot.ReadBlob(), key.ReadEncrypted());
        });
    }

    /// <summary>A volume key that is in user space, as the soft source's are, under a root key of the kernel's.</summary>
    /// <exception cref="SealdiskException">As <see cref="New"/>; the kernel does not take keys from outside (5).</exception>
    internal static TwoLevelKey Of(SecretBuffer key, TwoLevelKey? shared, string subject, TrustedSealing sealing)
    {
        if (!TakesKeys())
            throw SealdiskException.Lacking($"cannot carry {subject} into the kernel: {TakesNoKeys}", TakesNoKeysRemedy);
        var description = shared?.RootDescription ?? TwoLevelKey.NewRootDescription();
        using var root = Root(description, shared?.RootKey, subject, sealing);
        return Explained(subject, () =>
        {
            using var made = KernelKey.NewEncrypted("sealdisk:carried", $"trusted:{description}", key);
            return new TwoLevelKey(shared?.RootKey ?? root.ReadBlob(), made.ReadEncrypted());
        });
    }

    internal const string TakesNoKeys = "this kernel's encrypted keys take no key from outside";

    internal const string TakesNoKeysRemedy = "boot with encrypted.user_decrypted_data=1 (Linux 5.18 and later), or build the kernel with CONFIG_USER_DECRYPTED_DATA";

    /// <summary>
    /// Whether the kernel takes a volume key from outside, tried with a key that is thrown away, under a root key of type user that we know. It must come out as it
    /// went in: a kernel before 5.18 makes another, random one, without a word.
    /// </summary>
    internal static bool TakesKeys()
    {
        using var master = SecretBuffer.Random(TwoLevelKey.RootSize);
        using var key = SecretBuffer.Random(TwoLevelKey.RootSize);
        try
        {
            using var user = KernelKey.AddUser("sealdisk:probe", master);
            using var made = KernelKey.NewEncrypted("sealdisk:probe", "user:sealdisk:probe", key);
            using var back = SecretBuffer.Allocate(key.Length);
            return EncryptedKeyText.Parse(made.ReadEncrypted(), out _) is { } text && text.KeySize == key.Length
                && EncryptedKeyModel.Unwrap(text, master.Memory.Span, back.Memory.Span) && SoftSource.SameKey(key, back);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EINVAL or Errno.ENODEV or Errno.ENOSYS)
        {
            return false;
        }
    }

    private static KernelKey Root(string description, string? rootKey, string subject, TrustedSealing sealing)
    {
        using var options = rootKey is null ? sealing.ForNew(TwoLevelKey.RootOf(subject)) : sealing.ForLoad(TwoLevelKey.RootOf(subject));
        if (rootKey is not null)
            return KernelKey.LoadTrusted(description, rootKey, TwoLevelKey.RootOf(subject), options);
        using var log = KernelLog.FromNow();
        try
        {
            return KernelKey.NewTrusted(description, TwoLevelKey.RootSize, options);
        }
        catch (LinuxException problem)
        {
            throw TrustedKeyProblem.OfNew(problem, TwoLevelKey.RootOf(subject), log.Read());
        }
    }

    private static T Explained<T>(string subject, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (LinuxException problem)
        {
            throw TrustedKeyProblem.OfEncrypted(problem, subject);
        }
    }
}
