namespace Sealdisk.Volumes.Keys;

/// <summary>
/// TPM 2.0 blobs. Since Linux 5.13 they are the DER of
/// <code>
/// SEQUENCE { OID 2.23.133.10.1.5, [0] EXPLICIT BOOLEAN emptyAuth OPTIONAL, INTEGER parent, OCTET STRING pub, OCTET STRING priv }
/// </code>
/// where pub and priv are a TPM2B_PUBLIC and a TPM2B_PRIVATE with their 2-byte sizes (the kernel's document says without; its code says
/// with). Before, they were the bare TPM2B_PRIVATE and TPM2B_PUBLIC, which every kernel still loads.
/// </summary>
internal static class BlobKindTpm2
{
    private const byte Sequence = 0x30, Integer = 0x02, OctetString = 0x04, Boolean = 0x01, ExplicitZero = 0xa0;
    private const ushort KeyedHash = 0x0008;

    /// <summary>2.23.133.10.1.5, sealed data. The last byte tells it from .3 (loadable key) and .4 (importable key).</summary>
    private static ReadOnlySpan<byte> SealedData => [0x06, 0x06, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x05];

    private static ReadOnlySpan<byte> Tpm2Keys => SealedData[..^1];

    /// <summary>A DER sequence that begins with an OID of this family, or was cut off inside that OID.</summary>
    public static bool Recognises(ReadOnlySpan<byte> blob)
    {
        var reader = new BlobKindReader(blob);
        if (!reader.TryTakeDerHeader(Sequence, out _))
            return false;
        return reader.Rest.StartsWith(Tpm2Keys) || (!reader.Rest.IsEmpty && Tpm2Keys.StartsWith(reader.Rest));
    }

    public static BlobDescription Describe(ReadOnlySpan<byte> blob)
    {
        List<(string, string)> details = [("form", "ASN.1")];
        var problem = ReadAsn1(blob, details);
        return Result(blob, details, problem);
    }

    /// <summary>Two sizes that add up to the blob, and the second part is a sealed-data object.</summary>
    public static bool RecognisesRaw(ReadOnlySpan<byte> blob)
    {
        var reader = new BlobKindReader(blob);
        return reader.TryTakeSized16(out _)
            && reader.TryTakeSized16(out var area)
            && reader.Rest.IsEmpty
            && area is [0, (byte)KeyedHash, ..];
    }

    public static BlobDescription DescribeRaw(ReadOnlySpan<byte> blob)
    {
        List<(string, string)> details = [("form", "bare, as before Linux 5.13: to load it, say keyhandle=")];
        var reader = new BlobKindReader(blob);
        reader.TryTakeSized16(out var secret);
        reader.TryTakeSized16(out var area);
        var problem = ReadPublicArea(area, details);
        details.Add(("private part", $"{secret.Length} bytes"));
        return Result(blob, details, problem);
    }

    private static BlobDescription Result(ReadOnlySpan<byte> blob, List<(string, string)> details, string? problem) => problem is null
        ? BlobDescription.Good(BlobKind.Tpm2, blob.Length, null, details)
        : BlobDescription.Bad(BlobKind.Tpm2, blob.Length, details, problem);

    /// <summary>Adds to the details as far as the blob can be read.</summary>
    /// <returns>What is wrong, or null.</returns>
    private static string? ReadAsn1(ReadOnlySpan<byte> blob, List<(string, string)> details)
    {
        var outer = new BlobKindReader(blob);
        outer.TryTakeDerHeader(Sequence, out var length);
        if (length > outer.Rest.Length)
            return $"it ends after {outer.Rest.Length} of the {length} bytes it announces: truncated";
        if (length < outer.Rest.Length)
            return $"{outer.Rest.Length - length} bytes follow its end";

        var reader = new BlobKindReader(outer.Rest);
        if (!reader.TryTake(SealedData.Length, out var oid))
            return "it ends inside the object identifier";
        if (!oid.SequenceEqual(SealedData))
            return $"it is no sealed data but a key of another type (2.23.133.10.1.{oid[^1]}); Linux takes only 2.23.133.10.1.5";

        var emptyAuth = false;
        if (reader.Rest is [ExplicitZero, ..])
        {
            if (!reader.TryTakeDer(ExplicitZero, out var wrapped)
                || wrapped is not [Boolean, 1, _]) // the kernel writes 1 for true, where DER has ff
                return "emptyAuth is no BOOLEAN";
            emptyAuth = wrapped[^1] != 0;
        }

        details.Add(("empty auth", YesNo(emptyAuth)));
        if (!reader.TryTakeDer(Integer, out var parent) || !TryReadHandle(parent, out var handle))
            return "the parent handle is no INTEGER of 32 bits";
        details.Add(("parent handle", $"0x{handle:x8}"));

        if (!reader.TryTakeDer(OctetString, out var sizedArea))
            return "the public part is no OCTET STRING";
        if (!reader.TryTakeDer(OctetString, out var sizedSecret))
            return "the private part is no OCTET STRING";
        if (!reader.Rest.IsEmpty)
            return $"{reader.Rest.Length} bytes follow the private part";

        if (!TryUnwrap(sizedArea, out var area))
            return "the public part's size is not the size it states";
        if (ReadPublicArea(area, details) is { } problem)
            return problem;
        if (!TryUnwrap(sizedSecret, out var secret))
            return "the private part's size is not the size it states";
        details.Add(("private part", $"{secret.Length} bytes"));
        return secret.IsEmpty ? "the private part is empty" : null;
    }

    /// <summary>TPMT_PUBLIC of a sealed-data object: type, name algorithm, attributes, policy, scheme NULL, unique.</summary>
    private static string? ReadPublicArea(ReadOnlySpan<byte> area, List<(string, string)> details)
    {
        const ushort SchemeNull = 0x0010;
        var reader = new BlobKindReader(area);
        if (!reader.TryTakeU16(out var type) || !reader.TryTakeU16(out var nameAlgorithm) || !reader.TryTakeU32(out var attributes)
            || !reader.TryTakeSized16(out var policy) || !reader.TryTakeU16(out var scheme) || !reader.TryTakeSized16(out _))
            return "it ends inside the public part";

        details.Add(("name algorithm", Algorithm(nameAlgorithm)));
        details.Add(("fixedTPM", YesNo((attributes & 1 << 1) != 0)));
        details.Add(("fixedParent", YesNo((attributes & 1 << 4) != 0)));
        details.Add(("userWithAuth", YesNo((attributes & 1 << 6) != 0)));
        details.Add(("policy", policy.IsEmpty ? "none" : $"{policy.Length} bytes"));
        if (type != KeyedHash)
            return $"the public part is of type 0x{type:x4}; sealed data is a keyed hash (0x0008)";
        if (scheme != SchemeNull)
            return $"the public part has the scheme 0x{scheme:x4}; sealed data has none (0x0010)";
        return reader.Rest.IsEmpty ? null : $"{reader.Rest.Length} bytes follow the public part";
    }

    /// <summary>A TPM2B that fills the span.</summary>
    private static bool TryUnwrap(ReadOnlySpan<byte> sized, out ReadOnlySpan<byte> content)
    {
        var reader = new BlobKindReader(sized);
        return reader.TryTakeSized16(out content) && reader.Rest.IsEmpty;
    }

    /// <summary>A DER INTEGER, not negative, of at most 32 bits.</summary>
    private static bool TryReadHandle(ReadOnlySpan<byte> integer, out uint handle)
    {
        handle = 0;
        if (integer is [] or [>= 0x80, ..] || integer.Length > 5 || (integer.Length == 5 && integer[0] != 0))
            return false;
        foreach (var octet in integer)
            handle = (handle << 8) | octet;
        return true;
    }

    private static string Algorithm(ushort id) => id switch
    {
        0x0004 => "sha1",
        0x000b => "sha256",
        0x000c => "sha384",
        0x000d => "sha512",
        0x0012 => "sm3-256",
        _ => $"0x{id:x4}",
    };

    private static string YesNo(bool value) => value ? "yes" : "no";
}
