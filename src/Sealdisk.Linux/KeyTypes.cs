namespace Sealdisk.Linux;

/// <summary>Which key types this kernel has registered; add_key(2).</summary>
public static class KeyTypes
{
    /// <summary>
    /// Asks the kernel by offering a key without description or payload, of which no type makes a key. ENODEV means that the kernel
    /// does not know the type; any other refusal (EINVAL) comes after it has found the type. The type "trusted" is registered only once
    /// its trust source has answered.
    /// </summary>
    public static bool IsRegistered(string type)
    {
        if (Keyring.TryAdd(type, null, [], KeySerial.ThreadKeyring) >= 0)
            return true;
        return ErrnoExtensions.Last() is not (Errno.ENODEV or Errno.ENOSYS or Errno.EPERM);
    }
}
