using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>Which key types this kernel has registered; add_key(2).</summary>
public static partial class KeyTypes
{
    private const int KEY_SPEC_PROCESS_KEYRING = -2;

    /// <summary>
    /// Asks the kernel by offering an empty payload: ENODEV means that it does not know the type; any other refusal comes from the type itself.
    /// Leaves no key behind. The type "trusted" is registered only once its trust source has answered.
    /// </summary>
    public static bool IsRegistered(string type)
    {
        var serial = syscall(AddKeyNumber, type, "sealdisk:probe", 0, 0, KEY_SPEC_PROCESS_KEYRING);
        return serial >= 0 || ErrnoExtensions.Last() is not (Errno.ENODEV or Errno.ENOSYS or Errno.EPERM);
    }

    private static nint AddKeyNumber => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 217 : 248;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall(nint number, string type, string description, nint payload, nint length, nint keyring);
}
