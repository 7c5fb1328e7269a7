using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// The one file that a FUSE server shows, for the requests of all its workers: the volume's bytes, and whether discards are passed on.
/// </summary>
internal sealed class ServedFile(IBlockDevice volume, bool wantsDiscards)
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

    public long Size => volume.Size;

    /// <summary>For transfers that need not be waited for; null if the volume has none.</summary>
    public DirectTransfers? Direct { get; } = (volume as CryptDevice)?.Direct;

    /// <summary>Whether zeros at the front may have to be dropped.</summary>
    public bool IsArming => _discards == Discards.Arming;

    public void GoLive(bool discard) => _discards = discard ? Discards.Passed : Discards.Refused;

    /// <summary>Fills the part that lies within the volume; returns the bytes, fewer only at its end.</summary>
    public int Read(ulong offset, Span<byte> data)
    {
        var length = (int)Math.Min((ulong)data.Length, offset >= (ulong)Size ? 0 : (ulong)Size - offset);
        if (length > 0)
            volume.Read((long)offset, data[..length]);
        return length;
    }

    /// <summary>Writes all of it, or nothing past the end: ENOSPC, as a block device has it.</summary>
    public Errno Write(ulong offset, Span<byte> data)
    {
        if (offset > (ulong)Size || (ulong)data.Length > (ulong)Size - offset)
            return Errno.ENOSPC;
        if (_discards == Discards.Arming && offset + (ulong)data.Length <= FuseServer.ArmingBytes && !data.ContainsAnyExcept((byte)0))
            return Errno.None;
        volume.Write((long)offset, data);
        return Errno.None;
    }

    public void Flush() => volume.Flush();

    public Errno Allocate(ulong offset, ulong length, FallocateMode mode)
    {
        if (_discards != Discards.Passed || mode != (FallocateMode.PunchHole | FallocateMode.KeepSize))
            return Errno.EOPNOTSUPP;
        if (offset >= (ulong)Size)
            return Errno.None;
        return volume.Discard((long)offset, (long)Math.Min(length, (ulong)Size - offset)) ? Errno.None : Errno.EOPNOTSUPP;
    }

    /// <summary>Writes a line to standard error, up to a limit: a dying disk must not fill the storage that is left.</summary>
    public void Report(string line)
    {
        var count = Interlocked.Increment(ref _reports);
        if (count > ReportLimit)
            return;
        try
        {
            using var error = FileDescriptor.Standard(2);
            error.Write(Encoding.UTF8.GetBytes(line + (count == ReportLimit ? " (further errors are not reported)\n" : "\n")));
        }
        catch (LinuxException)
        {
            // Nobody is listening. The caller of the request has the error.
        }
    }
}
