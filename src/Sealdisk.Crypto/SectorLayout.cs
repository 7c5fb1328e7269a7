using System.Globalization;
using System.Numerics;

namespace Sealdisk.Crypto;

/// <summary>The part of a dm-crypt table that sets where an encryption unit begins and from which number its IV is made.</summary>
/// <param name="SectorSize">Size of an encryption unit in bytes: 512, 1024, 2048 or 4096 (`sector_size`).</param>
/// <param name="IvLargeSectors">Count in encryption units, not in 512-byte sectors (`iv_large_sectors`).</param>
/// <param name="IvOffset">Added to the sector number before the IV is made; 512-byte sectors, whatever the sector size.</param>
public readonly record struct SectorLayout(int SectorSize, bool IvLargeSectors, ulong IvOffset)
{
    /// <summary>Sectors of 512 bytes, no offset: what dm-crypt does without options.</summary>
    public static SectorLayout Default { get; } = new(512, false, 0);

    /// <summary>Why dm-crypt would refuse this layout; null if it would not.</summary>
    public string? Problem()
    {
        if (SectorSize is not (512 or 1024 or 2048 or 4096))
            return string.Create(CultureInfo.InvariantCulture, $"sector size {SectorSize} is not 512, 1024, 2048 or 4096");
        if ((IvOffset & (ulong)(SectorsPerUnit - 1)) != 0)
        {
            var unit = $"{SectorsPerUnit}, the number of 512-byte sectors in a sector of {SectorSize} bytes";
            return $"iv offset {IvOffset} is not a multiple of {unit}";
        }
        return null;
    }

    /// <summary>512-byte sectors in an encryption unit.</summary>
    internal int SectorsPerUnit => SectorSize >> 9;

    /// <summary>How far the 512-byte sector number is shifted right before the IV is made.</summary>
    internal int IvShift => IvLargeSectors ? BitOperations.Log2((uint)SectorsPerUnit) : 0;
}
