using System.Security.Cryptography;
using System.Text;
using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// The two halves of a recovery key (docs/recovery.md). The secret half is 17 random bytes that a person keeps, on paper or in a file;
/// the X25519 private key is derived from it. The public half is in the configuration of every device whose volumes it is to open.
/// </summary>
public static class RecoveryKey
{
    /// <summary>Bytes of the secret half.</summary>
    internal const int SecretSize = 17;

    private static ReadOnlySpan<byte> SecretWord => "SDKEY"u8;

    private static ReadOnlySpan<byte> PublicWord => "SDPUB"u8;

    /// <summary>Makes a recovery key in a new file, mode 0600, durable before this returns.</summary>
    /// <returns>The public half, as text for the configuration.</returns>
    /// <exception cref="SealdiskException">The file exists (3).</exception>
    public static string Create(string path)
    {
        if (DurableFile.IsTaken(path))
            throw SealdiskException.Refused(
                $"cannot make recovery key {path}: it exists, and may be the only copy of one (EEXIST)", "name another file");
        using var secret = SecretBuffer.Random(SecretSize);
        using var text = TextOf(secret);
        DurableFile.Create(path, text.Memory.Span, Permissions.Mode0600);
        return PublicOf(secret);
    }

    /// <summary>Makes one and writes it to a descriptor, for a terminal or a pipe; it is nowhere else then.</summary>
    public static string Show(FileDescriptor output)
    {
        using var secret = SecretBuffer.Random(SecretSize);
        using var text = TextOf(secret);
        output.Write(text.Memory.Span);
        return PublicOf(secret);
    }

    /// <summary>Reads the secret half: from a file, or from standard input if the path is "-". The caller wipes it.</summary>
    /// <exception cref="SealdiskException">It is not a recovery key, or mistyped (2).</exception>
    public static SecretBuffer Read(string path)
    {
        using var text = SecretBuffer.Allocate(4096);
        var length = 0;
        try
        {
            using var file = path == "-"
                ? FileDescriptor.Standard(0)
                : FileDescriptor.Open(path, OpenFlags.Read | OpenFlags.NoControllingTerminal);
            while (length < text.Length && file.Read(text.Memory.Span[length..]) is > 0 and var got)
                length += got;
        }
        catch (LinuxException problem) when (problem.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EISDIR)
        {
            throw SealdiskException.Usage(problem.Message);
        }
        var secret = SecretBuffer.Allocate(SecretSize);
        if (RecoveryCode.Read(SecretWord, text.Memory.Span[..length], secret.Memory.Span) is not { } problemOfText)
            return secret;
        secret.Dispose();
        throw SealdiskException.Usage(
            $"cannot read recovery key {(path == "-" ? "from standard input" : path)}: it {problemOfText}",
            "it is SDKEY and eight groups of four letters and digits");
    }

    /// <summary>Reads the text of a public half.</summary>
    /// <returns>Null and what is wrong, continuing "it ...".</returns>
    public static byte[]? ParsePublic(string text, out string? problem)
    {
        var key = new byte[X25519.Size];
        problem = Encoding.UTF8.GetByteCount(text) > 4096
            ? "is too long"
            : RecoveryCode.Read(PublicWord, Encoding.UTF8.GetBytes(text), key);
        return problem is null ? key : null;
    }

    /// <summary>The public half of a secret one, as bytes.</summary>
    public static byte[] PublicBytes(SecretBuffer secret)
    {
        Span<byte> scalar = stackalloc byte[X25519.Size];
        var key = new byte[X25519.Size];
        Scalar(secret, scalar);
        X25519.PublicKey(scalar, key);
        CryptographicOperations.ZeroMemory(scalar);
        return key;
    }

    /// <summary>
    /// What names a recovery key in records and messages: the first 8 bytes of the SHA-256 of its public half, as hex text.
    /// </summary>
    public static string IdOf(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> hash = stackalloc byte[Sha256.Size];
        Sha256.Hash(publicKey, hash);
        return BlobText.Write(hash[..8]);
    }

    /// <summary>The X25519 private key of a secret half. The caller wipes it.</summary>
    internal static void Scalar(SecretBuffer secret, Span<byte> scalar) =>
        HmacSha256.Compute(secret.Memory.Span, "sealdisk recovery scalar 1"u8, scalar);

    internal static string PublicText(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> text = stackalloc byte[RecoveryCode.TextLength(PublicWord.Length, X25519.Size)];
        RecoveryCode.Write(PublicWord, publicKey, text);
        return Encoding.ASCII.GetString(text);
    }

    private static string PublicOf(SecretBuffer secret) => PublicText(PublicBytes(secret));

    private static SecretBuffer TextOf(SecretBuffer secret)
    {
        var text = SecretBuffer.Allocate(RecoveryCode.TextLength(SecretWord.Length, SecretSize) + 1);
        RecoveryCode.Write(SecretWord, secret.Memory.Span, text.Memory.Span);
        text.Memory.Span[^1] = (byte)'\n';
        return text;
    }
}
