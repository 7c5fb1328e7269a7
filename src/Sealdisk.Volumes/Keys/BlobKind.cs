using System.Buffers.Binary;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>The trust source that made a blob, as far as its bytes tell.</summary>
public enum BlobKind
{
    /// <summary>OP-TEE's trusted-keys TA, real or our software model of it (source: optee_os, ta/trusted_keys).</summary>
    OpTee,

    /// <summary>A TPM 2.0 (source: Linux, security/keys/trusted-keys/trusted_tpm2.c, tpm2key.asn1).</summary>
    Tpm2,

    /// <summary>A TPM 1.2: TPM_STORED_DATA (source: Linux, trusted_tpm1.c).</summary>
    Tpm12,

    /// <summary>NXP's CAAM (source: Linux, trusted_caam.c, drivers/crypto/caam/blob_gen.c).</summary>
    Caam,

    /// <summary>NXP's DCP (source: Linux, trusted_dcp.c).</summary>
    Dcp,

    /// <summary>
    /// No blob of a trust source but a key of the kernel's type <c>encrypted</c>, under a root key (source: Linux,
    /// security/keys/encrypted-keys).
    /// </summary>
    Encrypted,

    /// <summary>Nothing that any of these writes.</summary>
    Unknown,
}

/// <summary>What a blob's bytes say of it, without any key. Nothing in it is secret.</summary>
/// <param name="Kind">Whose blob it is. OP-TEE's and CAAM's have no magic and are told apart by length and first byte alone.</param>
/// <param name="Length">Bytes of the blob.</param>
/// <param name="KeySize">Bytes of the sealed key, if the blob shows it: not with a TPM, which encrypts the length too.</param>
/// <param name="WellFormed">Whether the trust source would take it as one of its own; says nothing on whether it opens.</param>
/// <param name="Details">What the kind's own fields say, in their order.</param>
/// <param name="Problem">What is wrong; null exactly when the blob is well formed.</param>
public sealed record BlobDescription(
    BlobKind Kind, int Length, int? KeySize, bool WellFormed, IReadOnlyList<(string Name, string Value)> Details, string? Problem)
{
    /// <summary>Bytes of the shortest and longest key that Linux seals.</summary>
    internal const int MinKey = 32, MaxKey = 128;

    private const int CaamOverhead = 48;
    private const int DcpOverhead = 53, DcpLengthOffset = 33;
    private static ReadOnlySpan<byte> Tpm12Version => [1, 1, 0, 0];

    /// <summary>Recognises any sequence of bytes; never throws.</summary>
    public static BlobDescription Of(ReadOnlySpan<byte> blob)
    {
        if (BlobKindTpm2.Recognises(blob))
            return BlobKindTpm2.Describe(blob);
        if (BlobKindTpm2.RecognisesRaw(blob))
            return BlobKindTpm2.DescribeRaw(blob);
        if (blob.StartsWith(Tpm12Version))
            return Tpm12(blob);
        if (IsDcp(blob))
            return Dcp(blob);
        if (blob.Length is >= MinKey + CaamOverhead and <= MaxKey + CaamOverhead
            && (blob[0] != 0 || blob.Length > MaxKey + TrustedKeysTa.Overhead))
            return Caam(blob);
        if (blob.Length is >= TrustedKeysTa.MinBlob and <= TrustedKeysTa.MaxBlob && (blob[0] == 0 || IsOpTeeLength(blob.Length)))
            return OpTee(blob);
        return Bad(
            BlobKind.Unknown, blob.Length, [], blob.Length == 0 ? "it is empty" : $"no trust source makes {blob.Length} bytes like these");
    }

    internal static BlobDescription Good(BlobKind kind, int length, int? keySize, List<(string, string)> details) =>
        new(kind, length, keySize, true, details, null);

    internal static BlobDescription Bad(BlobKind kind, int length, List<(string, string)> details, string problem, int? keySize = null) =>
        new(kind, length, keySize, false, details, problem);

    private static bool IsOpTeeLength(int length) => length is >= MinKey + TrustedKeysTa.Overhead and <= MaxKey + TrustedKeysTa.Overhead;

    private static BlobDescription OpTee(ReadOnlySpan<byte> blob)
    {
        var keySize = blob.Length - TrustedKeysTa.Overhead;
        List<(string, string)> details = [("reserved byte", $"{blob[0]:x2}")];
        if (blob.Length >= MinKey + CaamOverhead && blob[0] == 0)
            details.Add(("ambiguity", "or CAAM with a first byte of 00 (1 in 256)"));
        if (blob[0] != 0)
            return Bad(
                BlobKind.OpTee, blob.Length, details,
                $"the reserved first byte is {blob[0]:x2}; OP-TEE writes 00 (and ignores it)",
                keySize);
        if (!IsOpTeeLength(blob.Length))
            return Bad(BlobKind.OpTee, blob.Length, details, KeySizeProblem(keySize), keySize);
        return Good(BlobKind.OpTee, blob.Length, keySize, details);
    }

    /// <summary>A wrapped blob key and a MAC around the key, nothing else: any 80..176 bytes are a CAAM blob.</summary>
    private static BlobDescription Caam(ReadOnlySpan<byte> blob) =>
        Good(BlobKind.Caam, blob.Length, blob.Length - CaamOverhead, [("recognised by", "its length alone")]);

    /// <summary>
    /// The payload length in the blob is 32 bits that random bytes do not hit by chance: either it fits the blob, or it is a key size at
    /// least, in which case the blob was cut off or lengthened.
    /// </summary>
    private static bool IsDcp(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < DcpLengthOffset + sizeof(uint))
            return false;
        var payload = BinaryPrimitives.ReadUInt32LittleEndian(blob[DcpLengthOffset..]);
        return payload + DcpOverhead == blob.Length || (blob[0] == 1 && payload is >= MinKey and <= MaxKey);
    }

    private static BlobDescription Dcp(ReadOnlySpan<byte> blob)
    {
        var payload = (int)BinaryPrimitives.ReadUInt32LittleEndian(blob[DcpLengthOffset..]);
        List<(string, string)> details = [("version", $"{blob[0]}"), ("payload length", $"{payload}")];
        if (blob[0] != 1)
            return Bad(BlobKind.Dcp, blob.Length, details, $"version {blob[0]} is not known; Linux writes 1", payload);
        if (payload + DcpOverhead != blob.Length)
            return Bad(
                BlobKind.Dcp, blob.Length, details,
                $"it has {blob.Length} bytes; with a payload of {payload} it should have {payload + DcpOverhead}",
                payload);
        if (payload is < MinKey or > MaxKey)
            return Bad(BlobKind.Dcp, blob.Length, details, KeySizeProblem(payload), payload);
        return Good(BlobKind.Dcp, blob.Length, payload, details);
    }

    private static BlobDescription Tpm12(ReadOnlySpan<byte> blob)
    {
        var reader = new BlobKindReader(blob);
        List<(string, string)> details = [("version", "1.1.0.0")];
        if (!reader.TryTake(Tpm12Version.Length, out _) || !reader.TryTakeSized32(out var info))
            return Bad(BlobKind.Tpm12, blob.Length, details, "it ends inside the seal info: truncated");
        details.Add(("seal info", $"{info.Length} bytes"));
        if (!reader.TryTakeSized32(out var data))
            return Bad(BlobKind.Tpm12, blob.Length, details, "it ends inside the encrypted data: truncated");
        details.Add(("encrypted data", $"{data.Length} bytes"));
        if (!reader.Rest.IsEmpty)
            return Bad(BlobKind.Tpm12, blob.Length, details, $"{reader.Rest.Length} bytes follow its end");
        return Good(BlobKind.Tpm12, blob.Length, null, details);
    }

    private static string KeySizeProblem(int keySize) => $"it holds a key of {keySize} bytes; Linux seals {MinKey} to {MaxKey}";
}
