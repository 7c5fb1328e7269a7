using System.Buffers.Binary;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

/// <summary>
/// dm-crypt's encryption written again in the most naive way over BouncyCastle's block cipher: one unit, one block and one
/// byte at a time, from the description of the format and not from the code under test.
/// </summary>
internal sealed class NaiveDmCrypt(CipherSpec spec, SectorLayout layout, byte[] key)
{
    public byte[] Encrypt(byte[] text, ulong sector)
    {
        var result = new List<byte>();
        var sectorsPerUnit = (ulong)layout.SectorSize / 512;
        foreach (var unit in text.Chunk(layout.SectorSize))
        {
            var number = sector + layout.IvOffset;
            var subkeys = key.Chunk(key.Length / spec.KeyCount).ToArray();
            var subkey = subkeys[number % (ulong)spec.KeyCount];
            result.AddRange(Mode(unit, subkey, Iv(layout.IvLargeSectors ? number / sectorsPerUnit : number, subkey, subkeys[0])));
            sector += sectorsPerUnit;
        }
        return [.. result];
    }

    private byte[] Iv(ulong number, byte[] subkey, byte[] firstSubkey)
    {
        var iv = new byte[16];
        switch (spec.Iv)
        {
            case IvGenerator.Plain:
                BinaryPrimitives.WriteUInt32LittleEndian(iv, (uint)(number % 4294967296));
                return iv;
            case IvGenerator.Plain64:
                BinaryPrimitives.WriteUInt64LittleEndian(iv, number);
                return iv;
            case IvGenerator.Plain64Be:
                BinaryPrimitives.WriteUInt64BigEndian(iv.AsSpan(8), number);
                return iv;
            case IvGenerator.Benbi:
                BinaryPrimitives.WriteUInt64BigEndian(iv.AsSpan(8), unchecked((number * 32) + 1));
                return iv;
            case IvGenerator.Essiv:
                var digest = new Sha256Digest();
                digest.BlockUpdate(subkey, 0, subkey.Length);
                var salt = new byte[32];
                digest.DoFinal(salt, 0);
                BinaryPrimitives.WriteUInt64LittleEndian(iv, number);
                return Block(Aes(salt), iv);
            case IvGenerator.Eboiv:
                BinaryPrimitives.WriteUInt64LittleEndian(iv, unchecked(number * (ulong)layout.SectorSize));
                return Mode(new byte[16], firstSubkey, iv);
            case IvGenerator.Null:
                return iv;
            default:
                throw new ArgumentException($"no oracle for {spec.Iv}");
        }
    }

    private byte[] Mode(byte[] unit, byte[] subkey, byte[] iv) =>
        spec.Mode == SectorMode.Cbc ? Cbc(unit, subkey, iv) : Xts(unit, subkey, iv);

    private static byte[] Cbc(byte[] unit, byte[] subkey, byte[] iv)
    {
        var aes = Aes(subkey);
        var result = new List<byte>();
        foreach (var block in unit.Chunk(16))
        {
            iv = Block(aes, Xor(block, iv));
            result.AddRange(iv);
        }
        return [.. result];
    }

    private static byte[] Xts(byte[] unit, byte[] subkey, byte[] iv)
    {
        var aes = Aes(subkey[..(subkey.Length / 2)]);
        var tweak = BinaryPrimitives.ReadUInt128LittleEndian(Block(Aes(subkey[(subkey.Length / 2)..]), iv));
        var tweakBytes = new byte[16];
        var result = new List<byte>();
        foreach (var block in unit.Chunk(16))
        {
            BinaryPrimitives.WriteUInt128LittleEndian(tweakBytes, tweak);
            result.AddRange(Xor(Block(aes, Xor(block, tweakBytes)), tweakBytes));
            tweak = (tweak << 1) ^ (tweak >> 127 == 1 ? (UInt128)0x87 : 0);
        }
        return [.. result];
    }

    private static byte[] Xor(byte[] a, byte[] b)
    {
        var result = new byte[16];
        for (var i = 0; i < 16; i++)
            result[i] = (byte)(a[i] ^ b[i]);
        return result;
    }

    private static AesEngine Aes(byte[] key)
    {
        var engine = new AesEngine();
        engine.Init(true, new KeyParameter(key));
        return engine;
    }

    private static byte[] Block(AesEngine aes, byte[] block)
    {
        var result = new byte[16];
        aes.ProcessBlock(block, 0, result, 0);
        return result;
    }
}
