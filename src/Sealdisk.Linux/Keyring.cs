using System.Runtime.InteropServices;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>What the calling thread's session keyring is; see <see cref="Keyring.Session"/>.</summary>
public enum SessionKeyringKind
{
    /// <summary>A session keyring in its own right: a key added to @s stays there as long as any process has that session.</summary>
    Own,

    /// <summary>
    /// None, or the per-user default: when something is added to @s, the kernel first puts a new anonymous session in place, which ends
    /// with this process.
    /// </summary>
    UserDefault,

    /// <summary>It has been revoked or has expired, as at a logout: nothing can be added to @s or found in it.</summary>
    Ended,
}

/// <summary>The operations of keyctl(2) that are used (include/uapi/linux/keyctl.h), as wide as the register that they travel in.</summary>
internal enum KeyctlOperation : long
{
    KEYCTL_GET_KEYRING_ID = 0,
    KEYCTL_JOIN_SESSION_KEYRING = 1,
    KEYCTL_REVOKE = 3,
    KEYCTL_SETPERM = 5,
    KEYCTL_DESCRIBE = 6,
    KEYCTL_CLEAR = 7,
    KEYCTL_LINK = 8,
    KEYCTL_UNLINK = 9,
    KEYCTL_SEARCH = 10,
    KEYCTL_READ = 11,
    KEYCTL_SET_TIMEOUT = 15,
    KEYCTL_INVALIDATE = 21,
}

/// <summary>
/// The kernel's key retention service: add_key(2), request_key(2), keyctl(2), called by number, as the C library does not have them. A
/// refusal is a <see cref="LinuxException"/> that names the key by its description or serial number, never its payload.
/// </summary>
/// <remarks>
/// Special keyrings belong to the credentials of the calling OS thread, so everything that depends on them must be done on one thread.
/// That is always true of the thread keyring. It is also true of a process keyring or session that is put in place once threads run:
/// the other threads keep what they had, and only threads started later inherit it. Device-mapper looks for the key of a table in the
/// keyrings of the thread that loads the table.
/// </remarks>
public static partial class Keyring
{
    /// <summary>
    /// Makes a key and links it into a keyring. If the keyring has one of that type and description already, that one is updated
    /// instead, which "trusted" keys refuse with EPERM.
    /// </summary>
    /// <param name="type">Key type: "user", "logon", "trusted", "encrypted", ...</param>
    /// <param name="description">Its name; "logon" wants a prefix and a colon.</param>
    /// <param name="payload">
    /// The type's payload or instruction, such as "new 32"; stays the caller's, who wipes it if it holds a secret.
    /// </param>
    /// <param name="keyring">Where it goes. A special keyring that the thread does not have yet is made.</param>
    /// <exception cref="LinuxException">
    /// ENODEV: this kernel has no such key type. EFAULT from "trusted": the trust source refused. EDQUOT: the user's quota of keys is
    /// used up.
    /// </exception>
    public static KeySerial Add(string type, KeyDescription description, ReadOnlySpan<byte> payload, KeySerial keyring)
    {
        var serial = TryAdd(type, description.Text, payload, keyring);
        return serial >= 0 ? new KeySerial((int)serial) : throw LinuxException.Last($"add {type} key", description.Text);
    }

    /// <summary>An empty keyring in another one. It replaces one of the same name, whose keys go.</summary>
    internal static KeySerial CreateKeyring(KeyDescription name, KeySerial parent)
    {
        var serial = TryAdd("keyring", name.Text, [], parent);
        return serial >= 0 ? new KeySerial((int)serial) : throw LinuxException.Last("make keyring", name.Text);
    }

    /// <summary>Looks in a keyring and those linked into it, as far as each may be searched; null if the key is not found.</summary>
    /// <exception cref="LinuxException">
    /// EKEYREVOKED, EKEYEXPIRED: the key was found and is no longer usable. EACCES: the keyring may not be searched.
    /// </exception>
    /// <param name="keyring">Where to look.</param>
    /// <param name="type">Key type.</param>
    /// <param name="description">Its name.</param>
    /// <param name="destination">
    /// A keyring that gets a link to the key. That works for a key in @u even if the caller's session does not lead to @u, in which
    /// case a link by serial number is refused.
    /// </param>
    public static KeySerial? Search(KeySerial keyring, string type, KeyDescription description, KeySerial? destination = null)
    {
        var target = destination?.Value ?? 0;
        var serial = keyctl(KeyctlNumber(Here), KeyctlOperation.KEYCTL_SEARCH, keyring.Value, Text(type), description.Text, target);
        return serial >= 0 ? new KeySerial((int)serial) : NullUnless(Errno.ENOKEY, $"find {type} key", description.Text);
    }

    /// <summary>
    /// Looks in the calling thread's keyrings as the kernel itself does, for example for a dm-crypt table: @t, @p, @s, and @us if there
    /// is no @s. Never asks user space to make the key. Null if there is none.
    /// </summary>
    /// <exception cref="LinuxException">
    /// EKEYREVOKED, EKEYEXPIRED, EKEYREJECTED, EACCES: a key was found and is not usable. Null all the same if another keyring was
    /// searched in vain.
    /// </exception>
    public static KeySerial? Request(string type, KeyDescription description)
    {
        var serial = request_key(RequestKeyNumber(Here), Text(type), description.Text, 0, 0);
        return serial >= 0 ? new KeySerial((int)serial) : NullUnless(Errno.ENOKEY, $"find {type} key", description.Text);
    }

    /// <summary>
    /// The serial number of a special keyring (KEYCTL_GET_KEYRING_ID); null if the thread has none and it is not to be made.
    /// </summary>
    /// <param name="special">A special keyring, or a serial number to check.</param>
    /// <param name="create">
    /// Makes a missing keyring. If @s is only the per-user default, a new anonymous session is put in place. Without this, asking for a
    /// missing @s gives the per-user default, which is @s from then on; what is found stays the same.
    /// </param>
    public static KeySerial? Resolve(KeySerial special, bool create)
    {
        var serial = keyctl(KeyctlNumber(Here), KeyctlOperation.KEYCTL_GET_KEYRING_ID, special.Value, create ? 1 : 0, 0, 0);
        return serial >= 0 ? new KeySerial((int)serial) : NullUnless(Errno.ENOKEY, "find keyring", special.ToString());
    }

    /// <summary>Reads a key: for "trusted" the sealed blob in hex, for "user" the payload.</summary>
    /// <returns>Its whole size in bytes; if that is more than the buffer has, the buffer's content is undefined.</returns>
    /// <exception cref="LinuxException">EACCES: not readable by this caller. EOPNOTSUPP: the type cannot be read ("logon").</exception>
    public static unsafe int Read(KeySerial key, Span<byte> buffer)
    {
        // SAFETY: the kernel writes at most the length of the pinned span.
        fixed (byte* start = buffer)
        {
            var size = keyctl(KeyctlNumber(Here), KeyctlOperation.KEYCTL_READ, key.Value, (nint)start, buffer.Length, 0);
            return size >= 0 ? (int)size : throw LinuxException.Last("read key", key.ToString());
        }
    }

    /// <summary>The keys and keyrings that are linked into a keyring, in no order.</summary>
    /// <exception cref="LinuxException">ENOTDIR: not a keyring.</exception>
    internal static IReadOnlyList<KeySerial> Members(KeySerial keyring)
    {
        if (Describe(keyring).Type != "keyring") // other types have a payload that we must not read
            throw new LinuxException(Errno.ENOTDIR, "list keyring", keyring.ToString());
        var serials = new int[16];
        while (true)
        {
            var count = Read(keyring, MemoryMarshal.AsBytes(serials.AsSpan())) / sizeof(int);
            if (count <= serials.Length)
                return Array.ConvertAll(serials[..count], serial => new KeySerial(serial));
            serials = new int[count + 16];
        }
    }

    /// <summary>Type, owner, permissions and description of a key.</summary>
    public static unsafe KeyStatus Describe(KeySerial key)
    {
        var buffer = new byte[256];
        while (true)
        {
            nint size;
            // SAFETY: the kernel writes at most the length of the pinned array.
            fixed (byte* start = buffer)
                size = keyctl(KeyctlNumber(Here), KeyctlOperation.KEYCTL_DESCRIBE, key.Value, (nint)start, buffer.Length, 0);
            if (size < 0)
                throw LinuxException.Last("describe key", key.ToString());
            if (size > buffer.Length)
                buffer = new byte[size];
            else
                return KeyStatus.TryParse(Encoding.UTF8.GetString(buffer, 0, (int)size - 1)) // the last is a NUL
                    ?? throw new LinuxException(Errno.EPROTO, "describe key", key.ToString());
        }
    }

    /// <summary>Links a key into one more keyring, in place of one of the same type and description.</summary>
    public static void Link(KeySerial key, KeySerial keyring) =>
        Check(Keyctl(KeyctlOperation.KEYCTL_LINK, key.Value, keyring.Value), $"link into {keyring} key", key);

    /// <summary>
    /// Takes a key out of a keyring; without its last link it goes, though perhaps after the call. ENOENT if it was not there.
    /// </summary>
    public static void Unlink(KeySerial key, KeySerial keyring) =>
        Check(Keyctl(KeyctlOperation.KEYCTL_UNLINK, key.Value, keyring.Value), $"unlink from {keyring} key", key);

    /// <summary>
    /// Makes every later use fail with EKEYREVOKED. The payload of a "trusted" key is wiped only once its last user has gone.
    /// </summary>
    internal static void Revoke(KeySerial key) => Check(Keyctl(KeyctlOperation.KEYCTL_REVOKE, key.Value, 0), "revoke key", key);

    /// <summary>
    /// Removes a key for everyone at once: every later use fails with ENOKEY, or with EACCES while it is being collected. Until its
    /// links are collected, a search may still come upon it and fail with EKEYREVOKED.
    /// </summary>
    internal static void Invalidate(KeySerial key) => Check(Keyctl(KeyctlOperation.KEYCTL_INVALIDATE, key.Value, 0), "invalidate key", key);

    /// <summary>Unlinks everything that is in a keyring.</summary>
    public static void Clear(KeySerial keyring) => Check(Keyctl(KeyctlOperation.KEYCTL_CLEAR, keyring.Value, 0), "clear keyring", keyring);

    /// <summary>Sets who may do what with a key. Only its owner and CAP_SYS_ADMIN can, and only if they may set its attributes.</summary>
    internal static void SetPermissions(KeySerial key, KeyPermissions permissions) =>
        Check(Keyctl(KeyctlOperation.KEYCTL_SETPERM, key.Value, (nint)(uint)permissions), "set the permissions of key", key);

    /// <summary>Lets a key expire after this many seconds; 0 cancels the expiry.</summary>
    internal static void SetTimeout(KeySerial key, uint seconds) =>
        Check(Keyctl(KeyctlOperation.KEYCTL_SET_TIMEOUT, key.Value, (nint)seconds), "set the timeout of key", key);

    /// <summary>
    /// Gives the calling OS thread, and the threads and children that it starts later, another session keyring: a new anonymous one; or
    /// the one of that name, if its permissions let this user search it (by default they do not); or else a new one of that name.
    /// </summary>
    internal static unsafe KeySerial JoinSession(KeyDescription? name)
    {
        var serial = name is null
            ? keyctl(KeyctlNumber(Here), KeyctlOperation.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
            : keyctl(KeyctlNumber(Here), KeyctlOperation.KEYCTL_JOIN_SESSION_KEYRING, name.Value.Text, 0, 0, 0);
        if (serial < 0)
            throw LinuxException.Last("join session keyring", name?.Text ?? "");
        // 0: the thread has that one already.
        return serial > 0 ? new KeySerial((int)serial) : Resolve(KeySerial.SessionKeyring, create: false)!.Value;
    }

    /// <summary>
    /// Whether a key added to @s outlives this process. If there is no session keyring, or only the per-user default (keyring
    /// "_uid_ses.UID", after a change of user another user's), add_key(2) to @s first joins a new anonymous session: the caller gets a
    /// serial number, and the key goes with the process (security/keys/process_keys.c, lookup_user_key with KEY_LOOKUP_CREATE).
    /// </summary>
    /// <remarks>
    /// <see cref="SessionKeyringKind.Own"/> too ends with the last process that has it: a login, a service, or a "keyctl session".
    /// </remarks>
    public static SessionKeyringKind Session()
    {
        try
        {
            if (Resolve(KeySerial.SessionKeyring, create: false) is not { } session)
                return SessionKeyringKind.UserDefault;
            if (session == Resolve(KeySerial.UserSessionKeyring, create: false))
                return SessionKeyringKind.UserDefault;
            var isOfAUser = Describe(session).Description.Text.StartsWith("_uid_ses.", StringComparison.Ordinal);
            return isOfAUser ? SessionKeyringKind.UserDefault : SessionKeyringKind.Own;
        }
        catch (LinuxException ended) when (ended.Errno is Errno.EKEYREVOKED or Errno.EKEYEXPIRED)
        {
            return SessionKeyringKind.Ended;
        }
    }

    /// <summary>
    /// add_key(2); negative, with errno left for <see cref="ErrnoExtensions.Last"/>. Without a description the kernel makes no key.
    /// </summary>
    internal static unsafe nint TryAdd(string type, string? description, ReadOnlySpan<byte> payload, KeySerial keyring)
    {
        // SAFETY: the kernel reads the pinned span.
        fixed (byte* start = payload)
            return add_key(AddKeyNumber(Here), Text(type), description, start, (nuint)payload.Length, keyring.Value);
    }

    private static nint Keyctl(KeyctlOperation operation, nint first, nint second) =>
        keyctl(KeyctlNumber(Here), operation, first, second, 0, 0);

    private static void Check(nint result, string operation, KeySerial key)
    {
        if (result < 0)
            throw LinuxException.Last(operation, key.ToString());
    }

    private static KeySerial? NullUnless(Errno missing, string operation, string subject) =>
        ErrnoExtensions.Last() == missing ? null : throw LinuxException.Last(operation, subject);

    /// <summary>The kernel would stop reading at a NUL and take another type.</summary>
    private static string Text(string type) =>
        type.Contains('\0') ? throw new ArgumentException("a key type cannot contain a NUL", nameof(type)) : type;

    internal static nint AddKeyNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 217 : 248;

    internal static nint RequestKeyNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 218 : 249;

    internal static nint KeyctlNumber(Architecture architecture) => architecture == Architecture.Arm64 ? 219 : 250;

    private static Architecture Here => RuntimeInformation.ProcessArchitecture;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint add_key(nint number, string type, string? description, byte* payload, nuint length, nint keyring);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint request_key(nint number, string type, string description, nint callout, nint keyring);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint keyctl(nint number, KeyctlOperation operation, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint keyctl(
        nint number, KeyctlOperation operation, nint keyring, string type, string description, nint destination);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint keyctl(nint number, KeyctlOperation operation, string name, nint b, nint c, nint d);
}
