namespace Sealdisk.OpTee.Huk;

/// <summary>How the bits of a life-cycle fuse are read.</summary>
public enum FuseRule
{
    /// <summary>Closed if any bit of the mask is set.</summary>
    AnySet,

    /// <summary>Closed if all bits of the mask are set.</summary>
    AllSet,
}

/// <summary>The fuse that shows the life cycle, as Linux shows it.</summary>
/// <param name="Nvmem">Name of the nvmem device without its number, in /sys/bus/nvmem/devices.</param>
/// <param name="Offset">Byte offset of the 32-bit little-endian word.</param>
/// <param name="Mask">The bits that count.</param>
/// <param name="Rule">How they count.</param>
/// <param name="Doubt">Bits that leave it undecided if they are set and none of the mask is; else 0.</param>
public sealed record LifeCycleFuse(string Nvmem, int Offset, uint Mask, FuseRule Rule, uint Doubt = 0);

/// <summary>
/// The fuse by which a closed chip is opened again, to return it to its maker. In the same nvmem device as the life-cycle fuse.
/// </summary>
/// <param name="Offset">Byte offset of the 32-bit little-endian word.</param>
/// <param name="Mask">The bits that count.</param>
/// <param name="Pattern">Their values if the chip is open again.</param>
/// <param name="Only">The device-tree string of the one chip of the family that this is true of; null for all others.</param>
public sealed record FieldReturnFuse(int Offset, uint Mask, uint Pattern, string? Only = null)
{
    /// <summary>Whether the word says that the chip is open again.</summary>
    public bool IsSetIn(uint word) => (word & Mask) == Pattern;
}

/// <summary>Bytes that Linux shows of a chip.</summary>
/// <param name="Nvmem">Name of the nvmem device without its number, in /sys/bus/nvmem/devices.</param>
/// <param name="Offset">Bytes.</param>
/// <param name="Length">Bytes.</param>
public sealed record NvmemRange(string Nvmem, int Offset, int Length);
