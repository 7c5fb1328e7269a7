using System.Diagnostics.CodeAnalysis;

namespace Sealdisk.Board;

/// <summary>What a <see cref="VolatileDisk"/> does with writes that were not flushed when power fails.</summary>
public enum Loss
{
    /// <summary>All of them are lost.</summary>
    All,

    /// <summary>
    /// Each 512-byte sector keeps one of the contents that it had since the last flush, drawn at random: lost, torn, out of
    /// order.
    /// </summary>
    Some,

    /// <summary>None is lost.</summary>
    None,
}

/// <summary>What the board asks of a disk.</summary>
public enum DiskRequestKind
{
    Write,
    Flush,
    Discard,
}

/// <summary>One request to a disk, before it is carried out.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Number">Counts the requests of this kind since power-on, from 1.</param>
/// <param name="Sector">The first sector of 512 bytes; 0 for a flush.</param>
/// <param name="Sectors">How many; 0 for a flush.</param>
public sealed record DiskRequest(DiskRequestKind Kind, long Number, long Sector, long Sectors);

/// <summary>
/// A disk with a volatile write cache. What the board writes is in the host's memory until the board flushes, and only then in the file;
/// a power cut loses it. QEMU reaches it over the NBD protocol on a socket, so the cache dies with the board and not with QEMU alone.
/// </summary>
/// <param name="path">The raw image; its length is a multiple of 512.</param>
[SuppressMessage("Design", "CA1001", Justification = "What Attach opens, Detach closes; the Machine calls both.")]
public sealed class VolatileDisk(string path) : Disk(path)
{
    internal const int SectorSize = 512;

    private static readonly byte[] Zeros = new byte[SectorSize];

    // Each sector's contents since the last flush, oldest first.
    private readonly Dictionary<long, List<byte[]>> unflushed = [];
    private readonly Lock gate = new();
    private readonly long[] counts = new long[3];
    private readonly Random random = new(0);
    private FileStream? file;
    private NbdServer? server;
    private Action? cutPower;
    private bool dead;

    /// <summary>What a power cut does.</summary>
    public Loss Loss { get; init; }

    /// <summary>Makes the draws of <see cref="Loss.Some"/> repeatable.</summary>
    public int Seed
    {
        init => random = new Random(value);
    }

    /// <summary>A disk that says it has flushed, and has not: only what it drops with the power shows the difference.</summary>
    public bool IgnoresFlushes { get; init; }

    /// <summary>Asked before each request is carried out: true cuts the power there and then. Called from the disk's own thread.</summary>
    public Func<DiskRequest, bool>? CutWhen { get; set; }

    /// <summary>Sectors that a power cut now would lose.</summary>
    public int UnflushedSectors
    {
        get
        {
            lock (gate)
                return unflushed.Count;
        }
    }

    /// <summary>Requests of a kind since power-on.</summary>
    public long Count(DiskRequestKind kind)
    {
        lock (gate)
            return counts[(int)kind];
    }

    internal override string Argument => $"nbd:{server!.SocketPath}";

    internal long Size => file!.Length;

    internal override void Attach(Action cutPower)
    {
        this.cutPower = cutPower;
        dead = false;
        Array.Clear(counts);
        unflushed.Clear();
        file = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        server = new NbdServer(this);
    }

    internal override void Cut()
    {
        lock (gate)
        {
            if (dead)
                return;
            dead = true;
            if (Loss == Loss.All)
                return;
            foreach (var (sector, contents) in unflushed.OrderBy(pair => pair.Key))
            {
                var kept = Loss == Loss.None ? contents.Count : random.Next(contents.Count + 1);
                if (kept > 0)
                    WriteFile(sector, contents[kept - 1]);
            }
        }
    }

    internal override void Detach()
    {
        server?.Dispose();
        lock (gate)
        {
            dead = true;
            unflushed.Clear();
            file?.Dispose();
        }
    }

    /// <summary>The newest content; false when power has failed.</summary>
    internal bool Read(long offset, Span<byte> bytes)
    {
        lock (gate)
        {
            if (dead)
                return false;
            file!.Position = offset;
            file.ReadExactly(bytes);
            for (var at = 0; unflushed.Count > 0 && at < bytes.Length; at += SectorSize)
            {
                if (unflushed.TryGetValue((offset + at) / SectorSize, out var contents))
                    contents[^1].CopyTo(bytes[at..]);
            }

            return true;
        }
    }

    internal bool Write(long offset, ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (!Admit(DiskRequestKind.Write, offset, bytes.Length))
                return false;
            for (var at = 0; at < bytes.Length; at += SectorSize)
                Keep((offset + at) / SectorSize, bytes.Slice(at, SectorSize).ToArray());
            return true;
        }
    }

    /// <summary>Writes zeros, or discards: then the sectors read as zeros, and may lose that too.</summary>
    internal bool Zero(DiskRequestKind kind, long offset, long length)
    {
        lock (gate)
        {
            if (!Admit(kind, offset, length))
                return false;
            for (var at = 0L; at < length; at += SectorSize)
                Keep((offset + at) / SectorSize, Zeros);
            return true;
        }
    }

    internal bool Flush()
    {
        lock (gate)
        {
            if (!Admit(DiskRequestKind.Flush, 0, 0))
                return false;
            if (IgnoresFlushes)
                return true;
            foreach (var (sector, contents) in unflushed)
                WriteFile(sector, contents[^1]);
            unflushed.Clear();
            return true;
        }
    }

    private bool Admit(DiskRequestKind kind, long offset, long length)
    {
        if (dead)
            return false;
        var number = ++counts[(int)kind];
        if (CutWhen?.Invoke(new DiskRequest(kind, number, offset / SectorSize, length / SectorSize)) != true)
            return true;
        cutPower!();
        return false;
    }

    private void Keep(long sector, byte[] content)
    {
        if (!unflushed.TryGetValue(sector, out var contents))
            unflushed.Add(sector, contents = []);
        // Only the newest matters where nothing or everything is lost.
        if (Loss != Loss.Some)
            contents.Clear();
        contents.Add(content);
    }

    private void WriteFile(long sector, byte[] content)
    {
        file!.Position = sector * SectorSize;
        file.Write(content);
    }
}
