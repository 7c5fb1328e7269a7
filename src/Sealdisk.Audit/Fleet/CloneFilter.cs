using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.Audit.Fleet;

/// <summary>
/// Remembers which blobs it has seen, by 64-bit fingerprints in open-addressed tables: 11 bytes a blob at three quarters full, less than 14
/// right after a table has grown. For n blobs, the odds that two different ones are taken for the same are n²/2^65: 3 in a
/// million for ten million.
/// </summary>
internal sealed class CloneFilter : IDisposable
{
    private const int Tables = 64;
    private const int FirstWords = 512;

    private readonly AnonymousMemory?[] _tables = new AnonymousMemory?[Tables];
    private readonly int[] _used = new int[Tables];
    private readonly ulong _seed;
    private bool _disposed;

    public CloneFilter()
    {
        // So that no made-up blobs can be made to collide on purpose.
        Span<byte> seed = stackalloc byte[8];
        RandomBytes.Fill(seed);
        _seed = BinaryPrimitives.ReadUInt64LittleEndian(seed);
    }

    /// <summary>Bytes of all tables.</summary>
    public long Size => _tables.Sum(table => (long)(table?.Words ?? 0) * sizeof(ulong));

    /// <summary>True for a blob that was not seen before.</summary>
    public bool Add(ReadOnlySpan<byte> blob)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var fingerprint = Fingerprint(blob);
        var number = (int)(fingerprint % Tables);
        var table = _tables[number] ??= new AnonymousMemory(FirstWords);
        if (_used[number] >= table.Words - (table.Words / 4))
            table = _tables[number] = Grown(table);
        if (!Insert(table.GetSpan(), fingerprint))
            return false;
        _used[number]++;
        return true;
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (var table in _tables)
            table?.Release();
    }

    private static bool Insert(Span<ulong> table, ulong fingerprint)
    {
        for (var at = (int)Math.BigMul(fingerprint, (ulong)table.Length, out _); ; at = at + 1 < table.Length ? at + 1 : 0)
        {
            if (table[at] == fingerprint)
                return false;
            if (table[at] == 0)
            {
                table[at] = fingerprint;
                return true;
            }
        }
    }

    private static AnonymousMemory Grown(AnonymousMemory old)
    {
        var grown = new AnonymousMemory((int)Math.Min(old.Words * 13L / 10, Array.MaxLength));
        foreach (var fingerprint in old.GetSpan())
        {
            if (fingerprint != 0)
                Insert(grown.GetSpan(), fingerprint);
        }
        old.Release();
        return grown;
    }

    /// <summary>Eight bytes at a time through a folded 128-bit product; never 0, which marks an empty place.</summary>
    private ulong Fingerprint(ReadOnlySpan<byte> blob)
    {
        const ulong Odd = 0x9E3779B97F4A7C15;
        var state = _seed ^ ((ulong)blob.Length * Odd);
        for (; blob.Length >= 8; blob = blob[8..])
            state = Fold(state ^ MemoryMarshal.Read<ulong>(blob), Odd ^ _seed);
        var rest = 0UL;
        foreach (var octet in blob)
            rest = (rest << 8) | octet;
        state = Fold(Fold(state ^ rest, Odd), ~_seed);
        return state == 0 ? 1 : state;
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low ^ a;
    }
}
