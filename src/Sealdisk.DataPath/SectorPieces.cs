using System.Runtime.InteropServices;

namespace Sealdisk.DataPath;

/// <summary>
/// Cuts a byte range into at most three pieces: the end of a sector, whole sectors, the beginning of a sector. A range within one
/// sector is one piece.
/// </summary>
/// <param name="offset">Bytes from the start of the device.</param>
/// <param name="length">Bytes.</param>
/// <param name="sectorSize">Bytes.</param>
[StructLayout(LayoutKind.Auto)]
internal ref struct SectorPieces(long offset, int length, int sectorSize)
{
    private int _next;

    public Piece Current { get; private set; }

    public readonly SectorPieces GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_next >= length)
            return false;
        var within = (int)((offset + _next) % sectorSize);
        var left = length - _next;
        var isWhole = within == 0 && left >= sectorSize;
        var take = isWhole ? left / sectorSize * sectorSize : Math.Min(sectorSize - within, left);
        Current = new Piece(offset + _next, _next, take, isWhole);
        _next += take;
        return true;
    }

    /// <param name="Offset">Bytes from the start of the device.</param>
    /// <param name="Start">Bytes from the start of the range.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="IsWhole">One or more whole sectors, not a part of one.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Piece(long Offset, int Start, int Length, bool IsWhole);
}
