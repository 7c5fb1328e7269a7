using System.Security.Cryptography;
using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// The decrypted view of an encrypted device, sector by sector as dm-crypt has it. Requests of whole sectors are read, written and
/// transformed in the caller's memory. If only part of a sector is written, the sector is read, changed and written back, and no other
/// request gets at it meanwhile.
/// </summary>
public sealed class CryptDevice : IBlockDevice
{
    private const int LargestSector = 4096;

    private readonly IBlockDevice _inner;
    private readonly SectorTransform _encrypt;
    private readonly SectorTransform _decrypt;
    private readonly IDisposable? _key;
    private readonly AccessGate _gate = new();

    /// <summary>The view through a cipher.</summary>
    /// <param name="inner">The ciphertext, from the first sector of the data on; disposed with this.</param>
    /// <param name="cipher">With its layout; sectors are counted from the start of <paramref name="inner"/>.</param>
    /// <param name="schedule">The memory of the cipher's expanded keys; disposed, and so wiped, with this.</param>
    public CryptDevice(IBlockDevice inner, SectorCipher cipher, IDisposable? schedule)
        : this(inner, cipher.SectorSize, cipher.Encrypt, cipher.Decrypt, schedule)
    {
    }

    /// <summary>The view through any transformation of sectors.</summary>
    /// <param name="inner">The ciphertext, from the first sector on; disposed with this.</param>
    /// <param name="sectorSize">Bytes that are transformed as one.</param>
    /// <param name="encrypt">Plaintext to ciphertext, in place.</param>
    /// <param name="decrypt">Ciphertext to plaintext, in place.</param>
    /// <param name="key">The memory that both need; disposed with this.</param>
    internal CryptDevice(IBlockDevice inner, int sectorSize, SectorTransform encrypt, SectorTransform decrypt, IDisposable? key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)sectorSize, (uint)LargestSector, nameof(sectorSize));
        _inner = inner;
        _encrypt = encrypt;
        _decrypt = decrypt;
        _key = key;
        SectorSize = sectorSize;
        Size = inner.Size / sectorSize * sectorSize;
        if (inner is FileDevice { IsDirect: true } ciphertext)
            Direct = new DirectTransfers(this, ciphertext);
    }

    /// <summary>
    /// Transforms whole sectors in place, the first of them at the 512-byte sector <paramref name="sector512"/> of the device.
    /// </summary>
    internal delegate void SectorTransform(Span<byte> data, ulong sector512);

    /// <summary>Bytes: the whole sectors of the device below.</summary>
    public long Size { get; }

    /// <inheritdoc/>
    public int SectorSize { get; }

    /// <summary>For callers that transfer the ciphertext themselves; null if it cannot go past the page cache.</summary>
    internal DirectTransfers? Direct { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> data)
    {
        BlockRange.Check(this, offset, data.Length);
        _gate.Enter();
        try
        {
            foreach (var piece in new SectorPieces(offset, data.Length, SectorSize))
            {
                if (piece.IsWhole)
                    ReadSectors(piece.Offset, data.Slice(piece.Start, piece.Length));
                else
                    ReadPart(piece.Offset, data.Slice(piece.Start, piece.Length));
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, Span<byte> data)
    {
        BlockRange.Check(this, offset, data.Length);
        if (IsWhole(offset, data.Length))
        {
            _gate.Enter();
            try
            {
                WriteSectors(offset, data);
            }
            finally
            {
                _gate.Exit();
            }
            return;
        }
        _gate.EnterAlone();
        try
        {
            foreach (var piece in new SectorPieces(offset, data.Length, SectorSize))
            {
                if (piece.IsWhole)
                    WriteSectors(piece.Offset, data.Slice(piece.Start, piece.Length));
                else
                    WritePart(piece.Offset, data.Slice(piece.Start, piece.Length));
            }
        }
        finally
        {
            _gate.ExitAlone();
        }
    }

    /// <inheritdoc/>
    public void Flush() => _inner.Flush();

    /// <summary>See <see cref="DirectTransfers.TryBegin"/>.</summary>
    internal bool TryEnter(ulong offset, int length) =>
        offset <= (ulong)Size && (ulong)length <= (ulong)Size - offset && length > 0 && IsWhole((long)offset, length) && _gate.TryEnter();

    /// <summary>See <see cref="DirectTransfers.End"/>.</summary>
    internal void Exit() => _gate.Exit();

    /// <summary>Plaintext to ciphertext, in place: whole sectors from a byte offset on.</summary>
    internal void Encrypt(long offset, Span<byte> data) => _encrypt(data, (ulong)offset / Sectors.Size);

    /// <summary>Ciphertext to plaintext, in place: whole sectors from a byte offset on.</summary>
    internal void Decrypt(long offset, Span<byte> data) => _decrypt(data, (ulong)offset / Sectors.Size);

    /// <summary>Gives back the whole sectors within the range; they then read as garbage, as with dm-crypt.</summary>
    public bool Discard(long offset, long length)
    {
        BlockRange.Check(this, offset, length);
        var start = (offset + SectorSize - 1) / SectorSize * SectorSize;
        var end = (offset + length) / SectorSize * SectorSize;
        if (start >= end)
            return true;
        _gate.Enter();
        try
        {
            return _inner.Discard(start, end - start);
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _inner.Dispose();
        _key?.Dispose();
    }

    private bool IsWhole(long offset, int length) => offset % SectorSize == 0 && length % SectorSize == 0;

    private void ReadSectors(long offset, Span<byte> data)
    {
        _inner.Read(offset, data);
        Decrypt(offset, data);
    }

    private void WriteSectors(long offset, Span<byte> data)
    {
        Encrypt(offset, data);
        _inner.Write(offset, data);
    }

    private void ReadPart(long offset, Span<byte> data)
    {
        Span<byte> whole = stackalloc byte[LargestSector];
        whole = whole[..SectorSize];
        var within = (int)(offset % SectorSize);
        try
        {
            ReadSectors(offset - within, whole);
            whole.Slice(within, data.Length).CopyTo(data);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(whole);
        }
    }

    private void WritePart(long offset, Span<byte> data)
    {
        Span<byte> whole = stackalloc byte[LargestSector];
        whole = whole[..SectorSize];
        var within = (int)(offset % SectorSize);
        try
        {
            ReadSectors(offset - within, whole);
            data.CopyTo(whole[within..]);
            WriteSectors(offset - within, whole);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(whole);
        }
    }
}
