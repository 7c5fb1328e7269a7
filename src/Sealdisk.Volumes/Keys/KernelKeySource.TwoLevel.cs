using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <content>
/// Keys on two levels in the kernel: its trust source seals a <c>trusted</c> root key, under which its key type <c>encrypted</c> encrypts
/// the volume's key. The root key is kept by this thread only for as long as a call takes.
/// </content>
public sealed partial class KernelKeySource
{
    private SealedKey.TwoLevel MakeTwoLevel(KeyRequest request)
    {
        using var root = OpenRoot(request);
        return Explained(request.SubjectUnder, () =>
        {
            if (request.Under is { } under)
                KernelKey.LoadEncrypted(KeyDescription.Parse("sealdisk:shared"), under.Key.Key).Dispose();
            using var key = KernelKey.NewEncrypted(KeyDescription.Parse("sealdisk:new"), root.Description, request.Size);
            // The kernel makes such a key without looking for its root key; only what reads back can ever be loaded again.
            return Under(root, request, key.ReadEncrypted(), KeyCustody.Kernel);
        });
    }

    private SealedKey.TwoLevel SealTwoLevel(SecretBuffer key, KeyRequest request)
    {
        if (!KernelTakesKeys.Here())
            throw SealdiskException.Lacking(
                $"cannot carry {request.SubjectUnder} into the kernel: {KernelTakesKeys.Not}", KernelTakesKeys.Remedy);
        using var root = OpenRoot(request);
        return Explained(request.SubjectUnder, () =>
        {
            using var made = KernelKey.NewEncrypted(KeyDescription.Parse("sealdisk:carried"), $"trusted:{root.Description}", key);
            return Under(root, request, made.ReadEncrypted(), KeyCustody.Process) with
            {
                Recovery = request.Recovery is { } recovery ? RecoveryWrap.Wrap(recovery, key) : null,
            };
        });
    }

    private KernelKey LoadTwoLevel(SealedKey.TwoLevel sealedKey, KeyUse use)
    {
        using var root = LoadRoot(sealedKey, use.Subject);
        return Explained(use.Subject, () => KernelKey.LoadEncrypted(use.Description, sealedKey.Key));
    }

    /// <summary>The same key under another root key: a new one, or that of another volume.</summary>
    private SealedKey.TwoLevel Rewrap(SealedKey.TwoLevel old, KeyRequest request, KernelKeySource target)
    {
        using var oldRoot = LoadRoot(old, request.Subject);
        using var newRoot = target.OpenRoot(request);
        return Explained(request.Subject, () =>
        {
            using var key = KernelKey.LoadEncrypted(KeyDescription.Parse("sealdisk:rewrap"), old.Key);
            key.Rewrap(newRoot.Description);
            return target.Under(newRoot, request, key.ReadEncrypted(), old.Made) with { Recovery = old.Recovery };
        });
    }

    /// <summary>The record of a key that was made under a root key, a new one or that of another volume.</summary>
    private SealedKey.TwoLevel Under(KernelKey root, KeyRequest request, EncryptedKeyText key, KeyCustody made) => new(
        request.Under?.Key.Root ?? root.ReadBlob(), key)
    {
        Made = made,
        Binding = request.Under?.Key.Binding ?? CurrentBinding(),
    };

    private KernelKey OpenRoot(KeyRequest request)
    {
        if (request.Under is { } under)
            return LoadRoot(under.Key, request.SubjectUnder);
        var subject = RootKey.SubjectOf(request.SubjectUnder);
        using var options = OptionsForNew(subject);
        return KernelKey.NewTrusted(KeyDescription.Parse(RootKey.NewName()), RootKey.Size, options, subject);
    }

    private KernelKey LoadRoot(SealedKey.TwoLevel sealedKey, string subject)
    {
        var rootSubject = RootKey.SubjectOf(subject);
        using var options = OptionsForLoad(sealedKey.Binding, rootSubject);
        return KernelKey.LoadTrusted(KeyDescription.Parse(sealedKey.RootName), sealedKey.Root, rootSubject, options);
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
