using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// Known answers of what is built upon ciphers and sealing, for <c>sealdisk self-test</c>: the model of the kernel's encrypted keys,
/// X25519, and the wrap for a recovery key. The encrypted key was made by a kernel under the root key that a board's OP-TEE sealed with
/// its all-zero HUK, the wrap is the example of docs/recovery.md, X25519's is that of RFC 7748: nothing here is secret.
/// </summary>
public static class KeyKnownAnswers
{
    private const string Printed =
        "default trusted:g32-1 32 "
        + "c41458442441c2c47badb084ec083413001ea5de17a06a4a07fd76d0595ec6d5f70a66bfdaf1e2f7cc3d17af9a23e8a7c6efe2ec"
        + "3f9d36e7ee0b474068059662386ffa86981fb98d0062e4033ade484334";

    private const string Wrapped =
        "0179671bff6d6f8972358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd16625486ffe059336512538daa25"
        + "ed3857f99497060b39d3d0639d1f12c2aedebed6267d7c6924b3a37870b2ff5a9ac184cf38bc8a2374cc8dd256c5c8aa072485c6"
        + "ab4677e4d0a094aee1f75dd29b0eb59987";

    private static readonly byte[] RootKey = Convert.FromHexString("d6e55c2c50ec04bd19757b4663d0279f4cf9fd8771d755fc001e9977da84e83e");
    private static readonly byte[] VolumeKey = Convert.FromHexString("1c121a392a60c71661b9e249da9baf06edf1ff9e6097136d45a3eb341da3e534");

    /// <summary>Runs them all.</summary>
    public static IReadOnlyList<KnownAnswer> Run() => [.. EncryptedKeys(), Agreement(), .. Recovery()];

    private static KnownAnswer[] EncryptedKeys()
    {
        var text = EncryptedKeyText.Parse(Printed, out _)!;
        var key = new byte[VolumeKey.Length];
        var opens = EncryptedKeyModel.Unwrap(text, RootKey, key) && key.AsSpan().SequenceEqual(VolumeKey);
        var wraps = EncryptedKeyModel.Wrap(text.Format, text.Master, RootKey, text.Iv, VolumeKey).ToString() == Printed;
        text.Mac[0] ^= 1;
        var refuses = !EncryptedKeyModel.Unwrap(text, RootKey, key) && !key.AsSpan().ContainsAnyExcept((byte)0);
        return
        [
            new("encrypted key of a kernel opens (AES-256-CBC, HMAC-SHA256)", opens),
            new("encrypted key is wrapped as a kernel does", wraps),
            new("encrypted key that was altered is refused", refuses),
        ];
    }

    /// <summary>RFC 7748, section 5.2.</summary>
    private static KnownAnswer Agreement()
    {
        var shared = new byte[X25519.Size];
        var agrees = X25519.Agree(
            Convert.FromHexString("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
            Convert.FromHexString("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"), shared);
        var expected = Convert.FromHexString("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
        return new("X25519, RFC 7748 5.2", agrees && shared.AsSpan().SequenceEqual(expected));
    }

    /// <summary>
    /// The secret half 00, 01, ... 10 (hex), the ephemeral private key 20, 21, ... 3f, and a volume key of 00, 01, ... 3f.
    /// </summary>
    private static KnownAnswer[] Recovery()
    {
        using var secret = Counting(0, RecoveryKey.SecretSize);
        using var ephemeral = Counting(0x20, X25519.Size);
        using var key = Counting(0, 64);
        var wrap = RecoveryWrap.Wrap(RecoveryKey.PublicBytes(secret), ephemeral, key);
        _ = RecoveryWrap.TryParse(Wrapped[..^1] + "0", out var altered);
        using var opened = wrap.Unwrap(secret);
        using var refused = altered?.Unwrap(secret);
        return
        [
            new("recovery key wraps (X25519, HMAC-SHA256, AES-256-GCM)", wrap.ToString() == Wrapped),
            new("recovery key opens", opened is not null && opened.Memory.Span.SequenceEqual(key.Memory.Span)),
            new("recovery key refuses what was altered", altered is not null && refused is null),
        ];
    }

    private static SecretBuffer Counting(byte first, int length)
    {
        var buffer = SecretBuffer.Allocate(length);
        for (var i = 0; i < length; i++)
            buffer.Memory.Span[i] = (byte)(first + i);
        return buffer;
    }
}
