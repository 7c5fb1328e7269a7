using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A trust source: it makes keys and seals them, and opens what it has sealed. One contract for the kernel's sources, in whose custody a
/// key never is in a process, and for the soft source. To be used on one thread, since kernel keys are kept in a thread's keyring.
/// </summary>
public interface IKeySource : IDisposable
{
    /// <summary>Which one it is.</summary>
    public TrustSource Kind { get; }

    /// <summary>What this system lacks to make such a key, with the remedy; or null.</summary>
    /// <param name="request">The key that is to be made.</param>
    public (string Problem, string Remedy)? Lacking(KeyRequest request);

    /// <summary>What a seal made now would depend on.</summary>
    public SealBinding CurrentBinding();

    /// <summary>Makes a random key and seals it. The key itself is gone when this returns.</summary>
    /// <exception cref="SealdiskException">
    /// The source refuses (1), the shared root key does not open here (4), or this system lacks something (5).
    /// </exception>
    public SealedKey Make(KeyRequest request);

    /// <summary>Seals a key that is in this process.</summary>
    /// <param name="key">Of the size that the request says; stays the caller's.</param>
    /// <param name="request">How it is to be sealed.</param>
    /// <exception cref="SealdiskException">As <see cref="Make"/>; a kernel that takes no key from a process (5).</exception>
    public SealedKey Seal(SecretBuffer key, KeyRequest request);

    /// <summary>Opens a sealed key. The caller disposes what it gets.</summary>
    /// <exception cref="SealdiskException">It does not open here (4), or has another size (2).</exception>
    public LoadedKey Unseal(SealedKey sealedKey, KeyUse use);

    /// <summary>Opens a sealed key and has another source, or this one, seal it again. The key itself stays what it is.</summary>
    /// <param name="old">As it is sealed now.</param>
    /// <param name="request">How it is to be sealed.</param>
    /// <param name="target">Who is to seal it.</param>
    /// <exception cref="SealdiskException">
    /// It does not open here (4), the target refuses (1), or this system lacks something (5).
    /// </exception>
    public SealedKey Reseal(SealedKey old, KeyRequest request, IKeySource target);
}
