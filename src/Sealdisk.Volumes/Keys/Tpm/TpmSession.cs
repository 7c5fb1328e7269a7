using System.Buffers.Binary;
using System.Security.Cryptography;
using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// A session that is salted for a storage key (TPM 2.0 Library, part 1, 17 to 21): each command and each reply carries an HMAC that only
/// the TPM with that key can make or check, and what is secret in them is encrypted with AES-128-CFB. Whatever is between Sealdisk and the
/// TPM can break it off, but neither read nor change anything.
/// </summary>
internal sealed class TpmSession : IDisposable
{
    private const uint Null = 0x40000007; // TPM_RH_NULL
    private const byte Continue = 0x01, Decrypt = 0x20, Encrypt = 0x40;
    private const int NonceSize = 32, MaxAuth = 32;

    private readonly Tpm2 _tpm;
    private readonly SecretBuffer _key;
    private byte[] _nonceTpm;
    private bool _isOpen = true;

    private TpmSession(Tpm2 tpm, uint handle, SecretBuffer key, byte[] nonceTpm)
    {
        _tpm = tpm;
        Handle = handle;
        _key = key;
        _nonceTpm = nonceTpm;
    }

    /// <summary>The TPM's handle of it.</summary>
    internal uint Handle { get; }

    /// <summary>Starts one.</summary>
    /// <param name="tpm">Must outlive it.</param>
    /// <param name="parent">Handle of the storage key.</param>
    /// <param name="key">The storage key's public part.</param>
    /// <param name="isPolicy">A policy authorises with it, else a password that is never told.</param>
    /// <exception cref="TpmException">The TPM refuses, or the key is of a kind that cannot salt a session here.</exception>
    internal static TpmSession Start(Tpm2 tpm, uint parent, TpmPublic key, bool isPolicy)
    {
        const string Name = "TPM2_StartAuthSession";
        using var salt = SecretBuffer.Allocate(Sha256.Size);
        var encrypted = SessionSalt.Make(key, salt.Memory.Span) ?? throw new TpmException(Name, TpmException.UnknownKey);
        var nonceCaller = new byte[NonceSize];
        RandomBytes.Fill(nonceCaller);
        var command = new TpmCommand(Name, 0x176, null, parent, Null)
            .Sized(nonceCaller).Sized(encrypted).U8(isPolicy ? (byte)1 : (byte)0)
            .U16(0x0006).U16(128).U16(0x0043) // AES, bits, CFB
            .U16(TpmPublic.Sha256Algorithm);
        var (handle, parameters) = tpm.Do(command, handles: 1);
        var reader = new BlobKindReader(parameters);
        if (!reader.TryTakeSized16(out var nonceTpm) || nonceTpm.Length != NonceSize || !reader.Rest.IsEmpty)
        {
            tpm.TryFlush(handle);
            throw new TpmException(Name, 0);
        }
        var sessionKey = SecretBuffer.Allocate(Sha256.Size);
        TpmKdf.FromKey(salt.Memory.Span, "ATH\0"u8, nonceTpm, nonceCaller, sessionKey.Memory.Span);
        return new TpmSession(tpm, handle, sessionKey, nonceTpm.ToArray());
    }

    /// <summary>Carries out a command whose first handle it authorises.</summary>
    /// <param name="command">Without the parameter that is secret.</param>
    /// <param name="name">The name of the object under that handle.</param>
    /// <param name="secret">The content of a first parameter (TPM2B) that is to be encrypted; null for none. Stays the caller's.</param>
    /// <param name="handles">Handles in the reply: 0 or 1.</param>
    /// <exception cref="TpmException">The TPM refuses, or the reply is not authentic.</exception>
    internal (uint Handle, byte[] Parameters) Run(TpmCommand command, ReadOnlySpan<byte> name, SecretBuffer? secret, int handles)
    {
        var attributes = (byte)(Continue | (secret is null ? 0 : Decrypt));
        var reply = Exchange(command, name, null, secret, attributes, handles);
        return (reply.Handle, reply.Parameters);
    }

    /// <summary>
    /// Carries out a command whose reply is one parameter (TPM2B) that comes encrypted. The session ends with it.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="name">The name of the object under its first handle.</param>
    /// <param name="auth">The password of that object, or null; stays the caller's.</param>
    /// <exception cref="TpmException">The TPM refuses, or the reply is not authentic.</exception>
    internal SecretBuffer RunForSecret(TpmCommand command, ReadOnlySpan<byte> name, SecretBuffer? auth)
    {
        var reply = Exchange(command, name, auth, null, Encrypt, handles: 0);
        _isOpen = false;
        var reader = new BlobKindReader(reply.Parameters);
        if (!reader.TryTakeSized16(out var encrypted) || encrypted.IsEmpty || !reader.Rest.IsEmpty)
            throw new TpmException(command.Name, 0);
        var secret = SecretBuffer.Allocate(encrypted.Length);
        encrypted.CopyTo(secret.Memory.Span);
        Transform(auth, _nonceTpm, reply.NonceCaller, secret.Memory.Span, encrypt: false);
        return secret;
    }

    /// <summary>Takes it out of the TPM, unless it has ended with its last command.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void Flush()
    {
        if (!_isOpen)
            return;
        _isOpen = false;
        _tpm.Flush(Handle);
    }

    /// <summary>Wipes its key; and on the way out of a failure takes it out of the TPM, whatever that says.</summary>
    public void Dispose()
    {
        if (_isOpen)
            _tpm.TryFlush(Handle);
        _isOpen = false;
        _key.Dispose();
    }

    private Reply Exchange(
        TpmCommand command, ReadOnlySpan<byte> name, SecretBuffer? auth, SecretBuffer? secret, byte attributes, int handles)
    {
        var nonceCaller = new byte[NonceSize];
        RandomBytes.Fill(nonceCaller);
        byte[] parameters = secret is null
            ? command.Parameters.ToArray()
            : [.. Encrypted(secret, nonceCaller), .. command.Parameters];
        var code = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(code, command.Code);
        var mac = Mac(auth, [.. code, .. name, .. parameters], nonceCaller, _nonceTpm, attributes);
        var authorisation = new TpmCommand("authorisation", 0, null)
            .U32(Handle).Sized(nonceCaller).U8(attributes).Sized(mac).Parameters;

        var body = _tpm.Transact(command.Name, command.Finish(authorisation, parameters), hasSessions: true);
        var reader = new BlobKindReader(body);
        uint handle = 0;
        if (handles == 1 && !reader.TryTakeU32(out handle))
            throw new TpmException(command.Name, 0);
        if (!reader.TryTakeSized32(out var answered)
            || !reader.TryTakeSized16(out var nonceTpm)
            || nonceTpm.Length != NonceSize
            || !reader.TryTake(1, out var state)
            || !reader.TryTakeSized16(out var theirs)
            || !reader.Rest.IsEmpty)
            throw Unloaded(new TpmException(command.Name, 0), handle);
        var ours = Mac(auth, [0, 0, 0, 0, .. code, .. answered], nonceTpm, nonceCaller, state[0]);
        if (!CryptographicOperations.FixedTimeEquals(ours, theirs) || state[0] != attributes)
            throw Unloaded(new TpmException(command.Name, TpmException.NotAuthentic), handle);
        _nonceTpm = nonceTpm.ToArray();
        return new Reply(handle, answered.ToArray(), nonceCaller);
    }

    /// <summary>What a reply that is not used has left loaded is taken out again, if that is its handle.</summary>
    private TpmException Unloaded(TpmException problem, uint handle)
    {
        if (handle != 0)
            _tpm.TryFlush(handle);
        return problem;
    }

    /// <summary>A TPM2B with its content encrypted.</summary>
    private byte[] Encrypted(SecretBuffer secret, byte[] nonceCaller)
    {
        using var copy = SecretBuffer.Allocate(secret.Length);
        secret.Memory.CopyTo(copy.Memory);
        Transform(null, nonceCaller, _nonceTpm, copy.Memory.Span, encrypt: true);
        return new TpmCommand("secret", 0, null).Sized(copy.Memory.Span).Parameters.ToArray();
    }

    private void Transform(SecretBuffer? auth, byte[] newer, byte[] older, Span<byte> data, bool encrypt)
    {
        Span<byte> key = stackalloc byte[Sha256.Size + MaxAuth];
        Span<byte> derived = stackalloc byte[Sha256.Size];
        TpmKdf.FromKey(key[..KeyWith(auth, key)], "CFB\0"u8, newer, older, derived);
        if (encrypt)
            AesCfb.Encrypt(derived[..16], derived[16..], data);
        else
            AesCfb.Decrypt(derived[..16], derived[16..], data);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(derived);
    }

    private byte[] Mac(SecretBuffer? auth, byte[] message, ReadOnlySpan<byte> newer, ReadOnlySpan<byte> older, byte attributes)
    {
        Span<byte> key = stackalloc byte[Sha256.Size + MaxAuth];
        Span<byte> digest = stackalloc byte[Sha256.Size];
        Sha256.Hash(message, digest);
        var mac = new byte[Sha256.Size];
        HmacSha256.Compute(key[..KeyWith(auth, key)], [.. digest, .. newer, .. older, attributes], mac);
        CryptographicOperations.ZeroMemory(key);
        return mac;
    }

    /// <summary>The session's key and the password after it, without zeros at its end; returns how many bytes that are.</summary>
    private int KeyWith(SecretBuffer? auth, Span<byte> key)
    {
        _key.Memory.Span.CopyTo(key);
        var password = auth is null ? default : auth.Memory.Span.TrimEnd((byte)0);
        password.CopyTo(key[Sha256.Size..]);
        return Sha256.Size + password.Length;
    }

    private readonly record struct Reply(uint Handle, byte[] Parameters, byte[] NonceCaller);
}
