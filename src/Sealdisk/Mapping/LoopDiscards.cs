using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// Makes sure that a hole is punched for a discard only. The loop driver turns both a discard and a "write zeroes" into
/// fallocate(PUNCH_HOLE); but a hole decrypts to garbage, so a hole in answer to "write zeroes" would corrupt the filesystem on top.
/// Since Linux 6.8 (drivers/block/loop.c, loop_clear_limits) the driver gives up "write zeroes" for good once a ZERO_RANGE is answered
/// EOPNOTSUPP. So one is asked for, on the first block, while the server, not live yet, refuses it and drops the zeros that the block layer
/// then writes in its stead.
/// </summary>
internal static class LoopDiscards
{
    /// <summary>True when discards, and nothing else, will now come as PUNCH_HOLE.</summary>
    internal static bool Arm(LoopDevice loop)
    {
        using (var device = FileDescriptor.Open(loop.Path, OpenFlags.ReadWrite))
        {
            try
            {
                device.ZeroRange(0, FirstBlock);
            }
            catch (LinuxException problem) when (problem.Errno is Errno.EOPNOTSUPP)
            {
                // Refused outright is as good: nothing was written, and the limit tells below whether the driver has learnt.
            }
        }
        return loop.QueueLimit("write_zeroes_max_bytes") == 0;
    }

    /// <summary>Bytes; the server drops zeros written to just these while it is not live.</summary>
    private const int FirstBlock = 4096;
}
