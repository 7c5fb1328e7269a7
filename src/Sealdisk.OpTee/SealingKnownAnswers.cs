namespace Sealdisk.OpTee;

/// <summary>One known answer and whether this binary gives it on this processor.</summary>
/// <param name="Name">For a list.</param>
/// <param name="Passed">Whether it came out right.</param>
public sealed record SealingKnownAnswer(string Name, bool Passed);

/// <summary>
/// Known answers of OP-TEE's sealing for <c>sealdisk self-test</c>. OP-TEE 4.10 made the values with its all-zero default HUK, so none
/// of them is a secret.
/// </summary>
public static class SealingKnownAnswers
{
    private static readonly byte[] ZeroHukKey = Convert.FromHexString("8b6de0e4e18bfda1b3fec3b11d34ac129973a302dc83d6ae90beb66bb390959f");
    private static readonly byte[] Blob = Convert.FromHexString(
        "00996c30ec9abd2e2cd7bb6a0cee30d2f0bf3c79c216bd225e874d3c01174296c6"
        + "ae3340a47ab1493412da2a33d590cd72b1c5f3979b09e6d80614d62e45724dd3");

    private static readonly byte[] Plain = Convert.FromHexString("d6e55c2c50ec04bd19757b4663d0279f4cf9fd8771d755fc001e9977da84e83e");

    /// <summary>Runs them all.</summary>
    public static IReadOnlyList<SealingKnownAnswer> Run()
    {
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(new byte[16], taKey);

        var opened = new byte[Plain.Length];
        var opens = TrustedKeysTa.Unseal(taKey, Blob, opened) == UnsealResult.Opened && opened.AsSpan().SequenceEqual(Plain);

        var resealed = new byte[Blob.Length];
        TrustedKeysTa.Seal(taKey, Blob.AsSpan(1, 16), Plain, resealed);

        var altered = (byte[])Blob.Clone();
        altered[^1] ^= 1;
        var refused = TrustedKeysTa.Unseal(taKey, altered, opened) == UnsealResult.NotThisDevice
            && opened.AsSpan().IndexOfAnyExcept((byte)0) < 0;

        return
        [
            new("OP-TEE key ladder (HMAC-SHA256)", taKey.AsSpan().SequenceEqual(ZeroHukKey)),
            new("OP-TEE unseal (AES-256-GCM, 16-byte IV)", opens),
            new("OP-TEE seal (AES-256-GCM, 16-byte IV)", resealed.AsSpan().SequenceEqual(Blob)),
            new("OP-TEE unseal refuses an altered blob", refused),
        ];
    }
}
