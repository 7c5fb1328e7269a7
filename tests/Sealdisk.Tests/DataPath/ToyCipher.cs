using System.Buffers.Binary;
using Sealdisk.DataPath;

namespace Sealdisk.Tests.DataPath;

/// <summary>
/// A sector transformation that is not a cipher but tells sectors, positions and directions apart: every byte depends on those before
/// it in its sector, so that a torn or misplaced sector shows, as it would with CBC.
/// </summary>
internal static class ToyCipher
{
    public static CryptDevice Over(IBlockDevice inner, int sectorSize) =>
        new(
            inner,
            sectorSize,
            (data, sector) => Encrypt(data, sector, sectorSize),
            (data, sector) => Decrypt(data, sector, sectorSize),
            key: null);

    private static void Encrypt(Span<byte> data, ulong sector512, int sectorSize)
    {
        Assert.Equal(0, data.Length % sectorSize);
        for (; data.Length > 0; data = data[sectorSize..], sector512 += (ulong)sectorSize / 512)
        {
            var state = (sector512 + 1) * 0x9E3779B97F4A7C15;
            for (var i = 0; i < sectorSize; i += 8)
            {
                state = (BinaryPrimitives.ReadUInt64LittleEndian(data[i..]) ^ state) * 0xBF58476D1CE4E5B9;
                BinaryPrimitives.WriteUInt64LittleEndian(data[i..], state);
            }
        }
    }

    private static void Decrypt(Span<byte> data, ulong sector512, int sectorSize)
    {
        const ulong inverse = 0x96DE1B173F119089; // of the multiplier, modulo 2^64
        Assert.Equal(0, data.Length % sectorSize);
        for (; data.Length > 0; data = data[sectorSize..], sector512 += (ulong)sectorSize / 512)
        {
            var state = (sector512 + 1) * 0x9E3779B97F4A7C15;
            for (var i = 0; i < sectorSize; i += 8)
            {
                var next = BinaryPrimitives.ReadUInt64LittleEndian(data[i..]);
                BinaryPrimitives.WriteUInt64LittleEndian(data[i..], (next * inverse) ^ state);
                state = next;
            }
        }
    }
}
