using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>What the requests of all workers share: the volume, and whether discards are let through.</summary>
internal sealed class FuseVolume(IBlockDevice device, bool wantsDiscards)
{
    private const int ReportLimit = 100;

    private int _reports;
    private volatile Discards _discards = wantsDiscards ? Discards.Arming : Discards.Refused;

    private enum Discards
    {
        Refused,
        Arming,
        Passed,
    }

    public bool WantsDiscards => wantsDiscards;

    public long Size => device.Size;

    /// <summary>Set where transfers go around the page cache, and need not be waited for.</summary>
    public CryptDevice? Direct { get; } = device is CryptDevice { Direct: not null } direct ? direct : null;

    /// <summary>Whether zeros at the front may have to be dropped.</summary>
    public bool IsArming => _discards == Discards.Arming;

    public void GoLive(bool discard) => _discards = discard ? Discards.Passed : Discards.Refused;

    /// <summary>Fills what lies within the volume; returns the bytes, fewer only at its end.</summary>
    public int Read(ulong offset, Span<byte> data)
    {
        var length = (int)Math.Min((ulong)data.Length, offset >= (ulong)Size ? 0 : (ulong)Size - offset);
        if (length > 0)
            device.Read((long)offset, data[..length]);
        return length;
    }

    /// <summary>Writes all of it, or nothing past the end: ENOSPC, as a block device has it.</summary>
    public Errno Write(ulong offset, Span<byte> data)
    {
        if (offset > (ulong)Size || (ulong)data.Length > (ulong)Size - offset)
            return Errno.ENOSPC;
        if (_discards == Discards.Arming && offset + (ulong)data.Length <= FuseServer.ArmingBytes && !data.ContainsAnyExcept((byte)0))
            return Errno.None;
        device.Write((long)offset, data);
        return Errno.None;
    }

    public void Flush() => device.Flush();

    public Errno Allocate(ulong offset, ulong length, FallocateMode mode)
    {
        if (_discards != Discards.Passed || mode != (FallocateMode.PunchHole | FallocateMode.KeepSize))
            return Errno.EOPNOTSUPP;
        if (offset >= (ulong)Size)
            return Errno.None;
        return device.Discard((long)offset, (long)Math.Min(length, (ulong)Size - offset)) ? Errno.None : Errno.EOPNOTSUPP;
    }

    /// <summary>A line on standard error, of which there are only so many: a dying disk must not fill what is left of the storage.</summary>
    public void Report(string line)
    {
        var count = Interlocked.Increment(ref _reports);
        if (count > ReportLimit)
            return;
        try
        {
            using var error = FileDescriptor.Standard(2);
            error.Write(Encoding.UTF8.GetBytes(line + (count == ReportLimit ? " (and no more of these)\n" : "\n")));
        }
        catch (LinuxException)
        {
            // Nobody to tell. The request's caller has the error.
        }
    }
}
