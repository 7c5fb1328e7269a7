using System.Security.Cryptography;
using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// A secret that only the TPM with a storage key can read, from which a session's key is derived (TPM 2.0 Library, part 1, B.10.2 and
/// C.6.1). Nothing that is on the way to the TPM can know it, unless it is the one that said what the storage key is.
/// </summary>
internal static class SessionSalt
{
    private const ushort NistP256 = 0x0003, NistP384 = 0x0004;

    private static ReadOnlySpan<byte> Label => "SECRET\0"u8;

    /// <summary>Makes a salt.</summary>
    /// <param name="key">The storage key.</param>
    /// <param name="salt32">Receives 32 bytes; the caller owns and wipes it.</param>
    /// <returns>What the TPM is told (TPM2B_ENCRYPTED_SECRET, without its size); null if the key is of a kind that is not known.</returns>
    internal static byte[]? Make(TpmPublic key, Span<byte> salt32)
    {
        if (key.NameAlgorithm != TpmPublic.Sha256Algorithm)
            return null;
        if (key.Modulus is { } modulus)
            return ForRsa(modulus, key.Exponent, salt32);
        return key.Point is ({ } x, { } y) && CurveOf(key.Curve) is { } curve && x.Length <= curve.Size && y.Length <= curve.Size
            ? ForPoint(curve, Padded(x, curve.Size), Padded(y, curve.Size), salt32)
            : null;
    }

    private static byte[]? ForRsa(byte[] modulus, uint exponent, Span<byte> salt)
    {
        Span<byte> seed = stackalloc byte[Sha256.Size];
        RandomBytes.Fill(seed);
        RandomBytes.Fill(salt);
        var encrypted = new byte[modulus.Length];
        var isMade = RsaOaep.Encrypt(modulus, exponent, Label, seed, salt, encrypted);
        CryptographicOperations.ZeroMemory(seed);
        return isMade ? encrypted : null;
    }

    private static byte[]? ForPoint(NistCurve curve, byte[] x, byte[] y, Span<byte> salt)
    {
        Span<byte> secrets = stackalloc byte[2 * curve.Size];
        var scalar = secrets[..curve.Size];
        var shared = secrets[curve.Size..];
        do
            RandomBytes.Fill(scalar);
        while (!curve.IsPrivateKey(scalar));
        var (ourX, ourY) = (new byte[curve.Size], new byte[curve.Size]);
        curve.PublicKey(scalar, ourX, ourY);
        var isMade = curve.Agree(scalar, x, y, shared);
        TpmKdf.FromSecretPoint(shared, Label, ourX, x, salt);
        CryptographicOperations.ZeroMemory(secrets);
        return isMade ? new TpmCommand("point", 0, null).Sized(ourX).Sized(ourY).Parameters.ToArray() : null;
    }

    private static NistCurve? CurveOf(ushort curve) => curve switch
    {
        NistP256 => NistCurve.P256,
        NistP384 => NistCurve.P384,
        _ => null,
    };

    private static byte[] Padded(byte[] coordinate, int size) => [.. new byte[size - coordinate.Length], .. coordinate];
}
