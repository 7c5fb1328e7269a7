using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// What the kernel is told of a trusted key besides its size or blob: options of a TPM, among them a password that never becomes a string.
/// </summary>
/// <param name="words">Each with a space before it, such as " keyhandle=81000001"; nothing secret.</param>
/// <param name="auth">Hex text of the sealed object's password, or null; disposed with this.</param>
/// <param name="session">What has to stay until the kernel has answered, or null; disposed with this.</param>
internal sealed class TrustedKeyOptions(string words, SecretBuffer? auth, IDisposable? session) : IDisposable
{
    /// <summary>What a TEE, CAAM, DCP and TPM 1.2 are told.</summary>
    internal static TrustedKeyOptions None { get; } = new("", null, null);

    /// <summary>The payload of add_key: the request, then the options. The caller disposes it.</summary>
    internal SecretBuffer Payload(string request)
    {
        var text = $"{request}{words}{(auth is null ? "" : " blobauth=")}";
        var payload = SecretBuffer.Allocate(text.Length + (auth?.Memory.Length ?? 0));
        Encoding.ASCII.GetBytes(text, payload.Memory.Span);
        auth?.Memory.CopyTo(payload.Memory[text.Length..]);
        return payload;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        auth?.Dispose();
        session?.Dispose();
    }
}
