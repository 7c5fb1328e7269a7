using System.Globalization;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>What the board is doing when power fails.</summary>
internal enum CutDuring
{
    /// <summary><c>up</c> on a blank device, or on what an earlier cut has left of that.</summary>
    FirstBoot,

    /// <summary><c>up</c> of a volume that is ready.</summary>
    LaterBoot,

    /// <summary>The same with one copy of the record spoilt, which it writes anew.</summary>
    Repair,

    /// <summary>Files are written and synced.</summary>
    Load,

    /// <summary><c>down</c>, right after such writes.</summary>
    Down,
}

/// <summary>When power fails, and what that leaves.</summary>
/// <param name="During">What the board is doing.</param>
/// <param name="Request">The kind of request that is not carried out any more; null: after some time.</param>
/// <param name="Number">Which request of that kind, from 1, on all disks together; or milliseconds. If the work ends before,
/// power fails right after it.</param>
/// <param name="Loss">What becomes of unflushed writes.</param>
/// <param name="Seed">Draws which of them.</param>
internal sealed record CutPlan(CutDuring During, DiskRequestKind? Request, int Number, Loss Loss, int Seed)
{
    /// <summary>
    /// The next cut of a device's life. Half of the chosen requests are among the first ten, where the record is written.
    /// </summary>
    public static CutPlan Draw(Random random, CutDuring during, bool discards)
    {
        // A little more than each of them takes on an idle machine, so that some cuts come right after its end.
        var (writes, flushes, time) = during switch
        {
            CutDuring.FirstBoot => (50, 15, 2500),
            CutDuring.LaterBoot => (6, 6, 1500),
            CutDuring.Repair => (8, 8, 1500),
            CutDuring.Load => (400, 160, 2500),
            _ => (20, 10, 1200),
        };
        DiskRequestKind? request = random.Next(10) switch
        {
            < 4 => DiskRequestKind.Write,
            < 8 => DiskRequestKind.Flush,
            8 when discards => DiskRequestKind.Discard,
            _ => null,
        };
        var most = request switch
        {
            DiskRequestKind.Write => writes,
            DiskRequestKind.Flush => flushes,
            DiskRequestKind.Discard => 6,
            _ => time,
        };
        if (request is not null && random.Next(2) == 0)
            most = Math.Min(most, 10);
        return new CutPlan(during, request, 1 + random.Next(most), random.Next(3) == 0 ? Loss.All : Loss.Some, random.Next());
    }

    public override string ToString()
    {
        var instant = Request is { } kind ? $"{kind} {Number}" : $"after {Number} ms";
        return string.Create(CultureInfo.InvariantCulture, $"{During}, {instant}, Loss.{Loss} seed {Seed}");
    }
}
