using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// An encrypted key in a file of its own, as <c>keyctl pipe</c> writes it; an editor's line feed at its end does no harm.
/// </summary>
public static class EncryptedKeyFile
{
    /// <summary>
    /// Whether a file's text is meant as an encrypted key, and what its bytes say of it. No more is read than the longest one needs.
    /// </summary>
    /// <returns>Null if it is something else.</returns>
    /// <exception cref="LinuxException">The file cannot be read.</exception>
    public static BlobDescription? Describe(string path)
    {
        var bytes = Load(path);
        return EncryptedKeyText.Recognises(bytes) ? Describe(bytes) : null;
    }

    /// <summary>
    /// Whether an encrypted key opens under its root key, by its MAC, the root key being opened with a HUK as OP-TEE does; no key leaves
    /// this call.
    /// </summary>
    /// <param name="path">The encrypted key.</param>
    /// <param name="rootKey">The sealed root key.</param>
    /// <param name="hukPath">The HUK.</param>
    /// <exception cref="SealdiskException">It is not an encrypted key under a trusted one, or the HUK cannot be used (2).</exception>
    /// <exception cref="LinuxException">A file cannot be read.</exception>
    public static EncryptedKeyAnswer Open(string path, SealedBlob rootKey, string hukPath)
    {
        var text = Read(path);
        using var source = SoftSource.Open(hukPath);
        if (!source.Opens(rootKey))
            return EncryptedKeyAnswer.RootDoesNot;
        using var root = source.UnsealBlob(rootKey, "the root key");
        using var key = SecretBuffer.Allocate(text.KeySize);
        return EncryptedKeyModel.Unwrap(text, root.Memory.Span, key.Memory.Span) ? EncryptedKeyAnswer.Opens : EncryptedKeyAnswer.KeyDoesNot;
    }

    internal static BlobDescription Describe(ReadOnlySpan<byte> utf8)
    {
        if (EncryptedKeyText.Parse(Encoding.UTF8.GetString(utf8), out var problem) is not { } text)
            return BlobDescription.Bad(BlobKind.Encrypted, utf8.Length, [], $"it {problem}");
        List<(string, string)> details = [("format", text.Format), ("root key", text.Master)];
        return BlobDescription.Good(BlobKind.Encrypted, utf8.Length, text.KeySize, details);
    }

    /// <exception cref="SealdiskException">There is no such file, or it holds no encrypted key under a trusted one (2).</exception>
    public static EncryptedKeyText Read(string path)
    {
        try
        {
            var text = EncryptedKeyText.Parse(Encoding.UTF8.GetString(Load(path)), out var problem);
            return text is { MasterType: "trusted" }
                ? text
                : throw SealdiskException.Usage(
                    $"cannot read encrypted key {path}: it {problem ?? "is under no trusted key"}",
                    "it should be the text that 'keyctl pipe' wrote of a key of type encrypted");
        }
        catch (LinuxException problem) when (problem.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EISDIR)
        {
            throw SealdiskException.Usage(problem.Message);
        }
    }

    private static byte[] Load(string path)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Read | OpenFlags.NoControllingTerminal);
        var text = new byte[EncryptedKeyText.MaxText];
        var length = 0;
        while (length < text.Length && file.Read(text.AsSpan(length)) is > 0 and var got)
            length += got;
        return text[..length];
    }
}
