using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Sealdisk.Fuzz;

/// <summary>
/// Which branches an execution took and about how often, as the instrumented assemblies count them: a byte for each pair of
/// branches taken one after the other, by hash.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Size = 1 << 16;

    // Never freed: threads of the run time go through instrumented code as well, whenever they like.
    private static readonly byte* s_counts = (byte*)NativeMemory.AllocZeroed(Size);

    private readonly byte[] _seen = new byte[Size];

    /// <summary>Pairs of branches that were ever taken.</summary>
    public int Edges { get; private set; }

    /// <summary>Gives instrumented code its counters, without which it does not run.</summary>
    public static void Attach() => Trace.SharedMem = s_counts;

    /// <summary>Starts an execution.</summary>
    public static void Clear()
    {
        // SAFETY: the memory is that large.
        new Span<byte>(s_counts, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>What an instrumented branch does, for code that is not instrumented.</summary>
    public static void Count(int branch) => s_counts[branch]++;

    /// <summary>Whether the execution went where none was before or, unless only edges count, a new order of magnitude of times.</summary>
    public bool IsNew(bool edgesOnly = false)
    {
        // SAFETY: as above.
        var words = MemoryMarshal.Cast<byte, ulong>(new ReadOnlySpan<byte>(s_counts, Size));
        var isNew = false;
        for (var index = 0; index < words.Length; index++)
        {
            if (words[index] == 0)
                continue;
            for (var at = index * sizeof(ulong); at < (index + 1) * sizeof(ulong); at++)
            {
                var bucket = (byte)(s_counts[at] == 0 ? 0 : edgesOnly ? 1 : 1 << BitOperations.Log2(s_counts[at]));
                if ((bucket & ~_seen[at]) == 0)
                    continue;
                Edges += _seen[at] == 0 ? 1 : 0;
                _seen[at] |= bucket;
                isNew = true;
            }
        }
        return isNew;
    }
}
