using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sealdisk.Tests.Support;

/// <summary>
/// The TA's seal written a second time from NIST SP 800-38D, one bit at a time, over .NET's AES: nothing is shared with the product.
/// </summary>
internal static class NaiveGcm
{
    public static byte[] Seal(byte[] taKey, byte[] iv, byte[] key)
    {
        using var aes = Aes.Create();
        aes.Key = taKey;
        var h = Block(aes, new byte[16]);
        var counter = GHash(h, iv);
        var tagMask = Block(aes, counter);

        var text = new byte[key.Length];
        for (var i = 0; i < key.Length; i++)
        {
            if (i % 16 == 0)
                BinaryPrimitives.WriteUInt32BigEndian(counter.AsSpan(12), BinaryPrimitives.ReadUInt32BigEndian(counter.AsSpan(12)) + 1);
            text[i] = (byte)(key[i] ^ Block(aes, counter)[i % 16]);
        }

        var tag = GHash(h, text);
        for (var i = 0; i < 16; i++)
            tag[i] ^= tagMask[i];
        return [0, .. iv, .. tag, .. text];
    }

    /// <summary>The 16-byte IV that makes the counter start at <paramref name="j0"/>: GHASH run backwards.</summary>
    public static byte[] IvFor(byte[] taKey, byte[] j0)
    {
        using var aes = Aes.Create();
        aes.Key = taKey;
        var square = Block(aes, new byte[16]);
        byte[] inverse = [0x80, .. new byte[15]];
        for (var i = 1; i < 128; i++)
            inverse = Multiply(inverse, square = Multiply(square, square));
        var y = Multiply(j0, inverse);
        y[15] ^= 128;
        return Multiply(y, inverse);
    }

    /// <summary>
    /// GHASH over the zero-padded data and its length: both uses in the TA end with 64 zero bits and the data's length in bits.
    /// </summary>
    private static byte[] GHash(byte[] h, byte[] data)
    {
        var y = new byte[16];
        for (var at = 0; at < data.Length; at += 16)
        {
            for (var i = 0; i < 16 && at + i < data.Length; i++)
                y[i] ^= data[at + i];
            y = Multiply(y, h);
        }

        var lengths = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(lengths.AsSpan(8), 8 * (ulong)data.Length);
        for (var i = 0; i < 16; i++)
            y[i] ^= lengths[i];
        return Multiply(y, h);
    }

    private static byte[] Multiply(byte[] x, byte[] y)
    {
        var z = UInt128.Zero;
        var v = BinaryPrimitives.ReadUInt128BigEndian(y);
        for (var bit = 0; bit < 128; bit++)
        {
            if ((x[bit / 8] >> (7 - (bit % 8)) & 1) != 0)
                z ^= v;
            v = (v & 1) != 0 ? (v >> 1) ^ ((UInt128)0xe1 << 120) : v >> 1;
        }

        var product = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(product, z);
        return product;
    }

    private static byte[] Block(Aes aes, byte[] input) => aes.EncryptEcb(input, PaddingMode.None);
}
