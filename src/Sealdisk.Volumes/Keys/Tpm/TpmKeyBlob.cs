using System.Buffers.Binary;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// A key sealed by a TPM 2.0, as the kernel's trusted keys write and read it: the DER that <see cref="BlobKindTpm2"/> describes.
/// </summary>
/// <param name="Parent">Handle of the parent key.</param>
/// <param name="HasEmptyAuth">It was sealed without a password.</param>
/// <param name="Public">TPMT_PUBLIC.</param>
/// <param name="Private">The content of a TPM2B_PRIVATE.</param>
internal sealed record TpmKeyBlob(uint Parent, bool HasEmptyAuth, byte[] Public, byte[] Private)
{
    private const byte Sequence = 0x30, Integer = 0x02, OctetString = 0x04, Boolean = 0x01, ExplicitZero = 0xa0;

    private const int PolicyAt = 8; // after type, name algorithm and attributes

    private static ReadOnlySpan<byte> ObjectIdentifier => [0x06, 0x06, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x05];

    /// <summary>It opens only while a policy is met.</summary>
    internal bool HasPolicy => BinaryPrimitives.ReadUInt16BigEndian(Public.AsSpan(PolicyAt)) > 0;

    /// <summary>Reads one; null and what is wrong with it, continuing "it ...", if it is none.</summary>
    internal static TpmKeyBlob? Read(ReadOnlySpan<byte> blob, out string? problem)
    {
        if (BlobKindTpm2.RecognisesRaw(blob))
        {
            problem = "is in the bare form of kernels before 5.13, which only a kernel opens";
            return null;
        }
        if (!BlobKindTpm2.Recognises(blob))
        {
            problem = "is no key sealed by a TPM 2.0";
            return null;
        }
        problem = BlobKindTpm2.Describe(blob).Problem is { } wrong ? $"is damaged: {wrong}" : null;
        if (problem is not null)
            return null;
        // Whatever is read here, Describe has found to be there.
        var reader = new BlobKindReader(blob);
        reader.TryTakeDerHeader(Sequence, out _);
        reader.TryTake(ObjectIdentifier.Length, out _);
        var hasEmptyAuth = reader.TryTakeDer(ExplicitZero, out var flag) && flag[^1] != 0;
        reader.TryTakeDer(Integer, out var handle);
        reader.TryTakeDer(OctetString, out var area);
        reader.TryTakeDer(OctetString, out var secret);
        uint parent = 0;
        foreach (var octet in handle)
            parent = (parent << 8) | octet;
        return new TpmKeyBlob(parent, hasEmptyAuth, area[2..].ToArray(), secret[2..].ToArray());
    }

    /// <summary>As the kernel writes it, byte for byte: its BOOLEAN is 1 for true, where DER has ff.</summary>
    internal byte[] ToDer()
    {
        Span<byte> handle = stackalloc byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(handle[1..], Parent);
        byte[] content =
        [
            .. ObjectIdentifier,
            .. HasEmptyAuth ? Element(ExplicitZero, Element(Boolean, [1])) : [],
            .. Element(Integer, handle.ToArray()), // persistent handles have their highest bit set, so the zero before it belongs there
            .. Element(OctetString, Sized(Public)),
            .. Element(OctetString, Sized(Private)),
        ];
        return Element(Sequence, content);
    }

    private static byte[] Sized(byte[] content) => new TpmCommand("part", 0, null).Sized(content).Parameters.ToArray();

    private static byte[] Element(byte tag, byte[] content) => content.Length switch
    {
        < 0x80 => [tag, (byte)content.Length, .. content],
        < 0x100 => [tag, 0x81, (byte)content.Length, .. content],
        _ => [tag, 0x82, (byte)(content.Length >> 8), (byte)content.Length, .. content],
    };
}
