namespace Sealdisk.Linux;

/// <summary>Which key types this kernel has registered; add_key(2).</summary>
public static class KeyTypes
{
    /// <summary>
    /// Asks the kernel by offering a key without description or payload: ENODEV means that it does not know the type, any other refusal
    /// (EINVAL) comes after it has found the type. No type makes a key of that. The type "trusted" is registered only once its trust
    /// source has answered.
    /// </summary>
    public static bool IsRegistered(string type) =>
        Keyring.TryAdd(type, null, [], KeySerial.ThreadKeyring) >= 0 || ErrnoExtensions.Last() is not (Errno.ENODEV or Errno.ENOSYS or Errno.EPERM);
}
