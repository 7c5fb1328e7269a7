using System.Buffers.Binary;
using Sealdisk.DataPath;

namespace Sealdisk.Fuzz;

/// <summary>Requests as /dev/fuse hands them over, one after the other, to a server of a small volume in memory.</summary>
internal static class FuseRequests
{
    private static readonly FuseSlot Slot = new(new ServedFile(new MemoryDevice(1 << 16), wantsDiscards: true), new ManualResetEventSlim());

    /// <summary>
    /// The input is a series of requests, each after two bytes of its length. Every answer must be as long as its header says;
    /// a read never longer than what was asked for.
    /// </summary>
    public static void Serve(byte[] input)
    {
        for (ReadOnlySpan<byte> rest = input; rest.Length > 2;)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(rest), rest.Length - 2);
            if (length < 40) // the kernel never sends less than a header
                return;
            rest.Slice(2, length).CopyTo(Slot.Request);
            rest = rest[(2 + length)..];
            var answered = Slot.Answer(length);
            if (answered is not 0 and (< 16 or > 16 + FuseSlot.MaxTransfer))
                throw new InvalidOperationException($"an answer of {answered} bytes");
        }
    }
}
