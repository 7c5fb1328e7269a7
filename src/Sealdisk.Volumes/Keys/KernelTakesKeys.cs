using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// Whether this kernel's <c>encrypted</c> keys take a key from a process (CONFIG_USER_DECRYPTED_DATA, or
/// encrypted.user_decrypted_data=1).
/// </summary>
public static class KernelTakesKeys
{
    /// <summary>What is wrong if it does not.</summary>
    public const string Not = "this kernel's encrypted keys take no key from outside";

    /// <summary>What helps.</summary>
    public const string Remedy =
        "boot with encrypted.user_decrypted_data=1 (Linux 5.18 and later), or build the kernel with CONFIG_USER_DECRYPTED_DATA";

    /// <summary>
    /// Tries it with a key that is thrown away, under a root key of type user that we know. It must come out as it went in: a kernel
    /// before 5.18 makes another, random one, without a word.
    /// </summary>
    public static bool Here()
    {
        using var master = SecretBuffer.Random(RootKey.Size);
        using var key = SecretBuffer.Random(RootKey.Size);
        var probe = KeyDescription.Parse("sealdisk:probe");
        try
        {
            using var user = KernelKey.AddUser(probe, master);
            using var made = KernelKey.NewEncrypted(probe, "user:sealdisk:probe", key);
            using var back = SecretBuffer.Allocate(key.Length);
            var text = made.ReadEncrypted();
            return text.KeySize == key.Length
                && EncryptedKeyModel.Unwrap(text, master.Memory.Span, back.Memory.Span)
                && SoftSource.SameKey(key, back);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EINVAL or Errno.ENODEV or Errno.ENOSYS)
        {
            return false;
        }
    }
}
