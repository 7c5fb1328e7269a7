using System.Buffers.Binary;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// Reads forward through a blob: TPM structures (big-endian sizes) and the little of DER that tpm2key.asn1 needs. Never throws.
/// </summary>
internal ref struct BlobKindReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>What has not been read yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    public bool TryTake(int count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (count > Rest.Length)
            return false;
        taken = Rest[..count];
        Rest = Rest[count..];
        return true;
    }

    public bool TryTakeU16(out ushort value)
    {
        value = 0;
        if (!TryTake(sizeof(ushort), out var taken))
            return false;
        value = BinaryPrimitives.ReadUInt16BigEndian(taken);
        return true;
    }

    public bool TryTakeU32(out uint value)
    {
        value = 0;
        if (!TryTake(sizeof(uint), out var taken))
            return false;
        value = BinaryPrimitives.ReadUInt32BigEndian(taken);
        return true;
    }

    /// <summary>A TPM2B: a 16-bit size, then that many bytes.</summary>
    public bool TryTakeSized16(out ReadOnlySpan<byte> taken)
    {
        taken = default;
        return TryTakeU16(out var size) && TryTake(size, out taken);
    }

    /// <summary>A 32-bit size, then that many bytes.</summary>
    public bool TryTakeSized32(out ReadOnlySpan<byte> taken)
    {
        taken = default;
        return TryTakeU32(out var size) && size <= int.MaxValue && TryTake((int)size, out taken);
    }

    /// <summary>One DER element with this one-byte tag: its content.</summary>
    public bool TryTakeDer(byte tag, out ReadOnlySpan<byte> content)
    {
        content = default;
        return TryTakeDerHeader(tag, out var length) && TryTake(length, out content);
    }

    /// <summary>A DER element's tag and definite length, of at most 65535. Nothing is read if they are not there.</summary>
    public bool TryTakeDerHeader(byte tag, out int length)
    {
        length = 0;
        int octets;
        switch (Rest)
        {
            case [var t, < 0x80 and var n, ..] when t == tag:
                (octets, length) = (2, n);
                break;
            case [var t, 0x81, >= 0x80 and var n, ..] when t == tag:
                (octets, length) = (3, n);
                break;
            case [var t, 0x82, >= 1 and var high, var low, ..] when t == tag:
                (octets, length) = (4, (high << 8) | low);
                break;
            default:
                return false;
        }

        Rest = Rest[octets..];
        return true;
    }
}
