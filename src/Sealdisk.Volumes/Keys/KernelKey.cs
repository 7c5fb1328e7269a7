using System.Globalization;
using System.Text;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A reference to a key that is in the kernel and nowhere else. It is linked to the keyring of this OS thread, where dm-crypt looks first
/// when this thread loads a table; nothing depends on the caller's session keyring. Disposing it unlinks the key: what only this thread
/// kept is gone at once, and a mapping loaded meanwhile has its own copy. To be made, used and disposed on one thread.
/// </summary>
public sealed class KernelKey : IDisposable
{
    private static readonly KeySerial Home = KeySerial.ThreadKeyring;

    private readonly KeySerial _serial;

    private KernelKey(string type, KeyDescription description, KeySerial serial)
    {
        Type = type;
        Description = description;
        _serial = serial;
    }

    /// <summary>trusted, encrypted, logon or user.</summary>
    public string Type { get; }

    /// <summary>Its name in the kernel.</summary>
    public KeyDescription Description { get; }

    /// <summary>A new random key of 32 to 128 bytes, made and sealed by the kernel's trust source.</summary>
    /// <param name="description">Its name in the kernel.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="options">What else the trust source is told; stays the caller's.</param>
    /// <exception cref="LinuxException">The kernel's own answer; see <see cref="TrustedKeyProblem.OfNew"/>.</exception>
    internal static KernelKey NewTrusted(KeyDescription description, int size, TrustedKeyOptions options)
    {
        using var payload = options.Payload(string.Create(CultureInfo.InvariantCulture, $"new {size}"));
        return Add("trusted", description, payload.Memory.Span);
    }

    /// <summary>The same with the kernel's refusal in words.</summary>
    /// <param name="description">Its name in the kernel.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="options">As above.</param>
    /// <param name="subject">What it is to be, for messages.</param>
    /// <exception cref="SealdiskException">The trust source refuses (1), or there is none (5).</exception>
    internal static KernelKey NewTrusted(KeyDescription description, int size, TrustedKeyOptions options, string subject)
    {
        using var log = KernelLog.FromNow();
        try
        {
            return NewTrusted(description, size, options);
        }
        catch (LinuxException problem)
        {
            throw TrustedKeyProblem.OfNew(problem, subject, log.Read());
        }
    }

    /// <summary>A sealed key, unsealed by the kernel's trust source.</summary>
    /// <param name="description">Its name in the kernel.</param>
    /// <param name="sealedKey">The blob.</param>
    /// <param name="subject">What it belongs to, for messages.</param>
    /// <exception cref="SealdiskException">This hardware does not open it (exit code 4), or there is no trust source (5).</exception>
    internal static KernelKey LoadTrusted(KeyDescription description, SealedBlob sealedKey, string subject) =>
        LoadTrusted(description, sealedKey, subject, TrustedKeyOptions.None);

    /// <summary>The same with what else the trust source is told, which stays the caller's.</summary>
    internal static KernelKey LoadTrusted(KeyDescription description, SealedBlob sealedKey, string subject, TrustedKeyOptions options)
    {
        using var log = KernelLog.FromNow();
        using var payload = options.Payload($"load {sealedKey}");
        try
        {
            return Add("trusted", description, payload.Memory.Span);
        }
        catch (LinuxException problem)
        {
            throw TrustedKeyProblem.OfLoad(problem, subject, log.Read());
        }
    }

    /// <summary>A new random volume key, encrypted by the kernel under a trusted key that this thread has loaded.</summary>
    /// <exception cref="LinuxException">
    /// The kernel's own answer; see <see cref="TrustedKeyProblem.OfEncrypted"/>. It does not look for the root key yet: reading back
    /// does.
    /// </exception>
    internal static KernelKey NewEncrypted(KeyDescription description, KeyDescription root, int size)
    {
        var request = string.Create(CultureInfo.InvariantCulture, $"new default trusted:{root} {size}");
        return Add("encrypted", description, Encoding.ASCII.GetBytes(request));
    }

    /// <summary>
    /// A volume key that is known here, encrypted by the kernel; only kernels with CONFIG_USER_DECRYPTED_DATA or
    /// encrypted.user_decrypted_data=1 take one.
    /// </summary>
    /// <param name="description">Its name in the kernel.</param>
    /// <param name="master">Type and description of the key that it is to be under.</param>
    /// <param name="key">Stays the caller's.</param>
    /// <exception cref="LinuxException">EINVAL: this kernel does not take one.</exception>
    internal static KernelKey NewEncrypted(KeyDescription description, string master, SecretBuffer key)
    {
        var words = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"new default {master} {key.Length} "));
        using var payload = SecretBuffer.Allocate(words.Length + (2 * key.Length));
        words.CopyTo(payload.Memory.Span);
        BlobText.Encode(key.Memory.Span, payload.Memory.Span[words.Length..]);
        return Add("encrypted", description, payload.Memory.Span);
    }

    /// <summary>
    /// A volume key as <c>keyctl pipe</c> printed it, decrypted by the kernel under its root key, which this thread has loaded.
    /// </summary>
    /// <exception cref="LinuxException">The kernel's own answer; see <see cref="TrustedKeyProblem.OfEncrypted"/>.</exception>
    internal static KernelKey LoadEncrypted(KeyDescription description, EncryptedKeyText key) =>
        Add("encrypted", description, Encoding.ASCII.GetBytes($"load {key}"));

    /// <summary>Encrypts this volume key under another root key, which this thread has loaded; the key itself stays what it is.</summary>
    internal void Rewrap(KeyDescription root) =>
        // What a keyring has already, it takes for an update.
        Keyring.Add(Type, Description, Encoding.ASCII.GetBytes($"update trusted:{root}"), Home);

    /// <summary>A key of the soft source for dm-crypt: type logon, which user space can never read back.</summary>
    /// <param name="description">Its name, which must hold a ':' that is not its first character.</param>
    /// <param name="key">Stays the caller's.</param>
    internal static KernelKey AddLogon(KeyDescription description, SecretBuffer key) => Add("logon", description, key.Memory.Span);

    /// <summary>A key of type user, which its owner can read back: for a try only.</summary>
    /// <param name="description">Its name.</param>
    /// <param name="key">Stays the caller's.</param>
    internal static KernelKey AddUser(KeyDescription description, SecretBuffer key) => Add("user", description, key.Memory.Span);

    /// <summary>
    /// A key that another process put into the kernel, wherever this process can find it: its own keyrings, its session's, its user's.
    /// </summary>
    /// <exception cref="SealdiskException">There is none.</exception>
    public static KernelKey Find(string type, KeyDescription description)
    {
        KeySerial[] searched = [KeySerial.SessionKeyring, KeySerial.UserKeyring, KeySerial.UserSessionKeyring];
        foreach (var keyring in searched)
        {
            // Not created by looking: a session keyring made by this would hide the user's session keyring from dm-crypt.
            if (Keyring.Resolve(keyring, create: false) is not null && Keyring.Search(keyring, type, description, Home) is { } serial)
                return new KernelKey(type, description, serial);
        }
        throw SealdiskException.Failed(
            $"cannot find the {type} key {description}: it is in none of @s, @u, @us (ENOKEY)",
            $"keyctl show @u; 'sealdisk key load {description} --blob FILE' puts it there");
    }

    /// <summary>
    /// Links it into a keyring where it stays when this is disposed; in the place of one of the same type and description.
    /// </summary>
    internal KeySerial LinkInto(KeySerial keyring)
    {
        // A special keyring that is not there yet is made by asking for it.
        Keyring.Link(_serial, Keyring.Resolve(keyring, create: true) ?? keyring);
        return _serial;
    }

    /// <summary>The key as its trust source has sealed it.</summary>
    internal SealedBlob ReadBlob()
    {
        var text = new byte[BlobText.MaxDigits];
        var length = Keyring.Read(_serial, text);
        return length <= text.Length
            ? SealedBlob.Of(BlobText.Parse(text.AsSpan(0, length)))
            : throw new LinuxException(Errno.E2BIG, "read the blob of", Description.Text);
    }

    /// <summary>The key as the kernel has encrypted it under its root key.</summary>
    internal EncryptedKeyText ReadEncrypted()
    {
        var text = new byte[EncryptedKeyText.MaxText];
        var length = Keyring.Read(_serial, text);
        if (length > text.Length)
            throw new LinuxException(Errno.E2BIG, "read the text of", Description.Text);
        return EncryptedKeyText.Parse(Encoding.ASCII.GetString(text, 0, length), out var problem)
            ?? throw SealdiskException.Failed($"cannot use encrypted key {Description}: what the kernel printed {problem}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Keyring.Unlink(_serial, Home);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.ENOKEY or Errno.ENOENT or Errno.EKEYREVOKED or Errno.EKEYEXPIRED)
        {
            // Another process was faster: it is gone, which is all that is wanted.
        }
    }

    private static KernelKey Add(string type, KeyDescription description, ReadOnlySpan<byte> payload) =>
        new(type, description, Keyring.Add(type, description, payload, Home));
}
