using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Encrypts or decrypts a whole image of any size in constant memory: each thread reads a piece, transforms it in place, writes it and
/// takes the next. Holes of the input are read as zeros, so ciphertext is never sparse. The output goes past the page cache if it can:
/// it has to reach the medium anyhow, and the cache would make its writers wait at times of its own choosing.
/// </summary>
public static class ImageTransform
{
    private const int PieceSize = 1 << 20;

    // The largest alignment that a filesystem or disk asks of a direct transfer.
    private const int DirectUnit = 4096;

    /// <summary>Runs to the end, and returns when the output is synced.</summary>
    /// <param name="input">Read from <paramref name="inputOffset"/> on.</param>
    /// <param name="inputOffset">Where the data begins in it.</param>
    /// <param name="output">
    /// Written from its start. Space in a file is reserved first, so that a full disk is reported before the work.
    /// </param>
    /// <param name="length">A multiple of the cipher's sector size.</param>
    /// <param name="cipher">Counts its sectors from the first byte read.</param>
    /// <param name="encrypt">False to decrypt.</param>
    /// <param name="progress">Gets the bytes done so far, now and then, from any thread.</param>
    /// <exception cref="LinuxException">The first read or write that failed; the output holds a part.</exception>
    public static void Run(
        FileDescriptor input,
        ByteCount inputOffset,
        FileDescriptor output,
        ByteCount length,
        SectorCipher cipher,
        bool encrypt,
        Action<long> progress)
    {
        var (start, size) = (inputOffset.Count, length.Count);
        var next = 0L;
        var done = 0L;
        LinuxException? fault = null;
        Reserve(output, size);
        output.TrySetDirect(true);
        var end = size - size % DirectUnit;
        // More than there are processors: while one waits for the disk, another computes.
        var threads = new Thread[Math.Clamp(2 * Environment.ProcessorCount, 2, 8)];
        for (var index = 0; index < threads.Length; index++)
        {
            threads[index] = new Thread(Work);
            threads[index].Start();
        }
        foreach (var thread in threads)
            thread.Join();
        if (fault is null && end < size)
        {
            output.TrySetDirect(false);
            next = end;
            end = size;
            Work();
        }
        if (fault is not null)
            throw fault;
        output.Sync();

        void Work()
        {
            // Plaintext passes through here: memory that is locked and wiped.
            using var buffer = SecretBuffer.Allocate(PieceSize);
            try
            {
                for (var at = Take(); at < end && Volatile.Read(ref fault) is null; at = Take())
                {
                    var piece = buffer.Memory.Span[..(int)Math.Min(PieceSize, end - at)];
                    if (input.ReadAt(piece, start + at) != piece.Length)
                        throw new LinuxException(Errno.EIO, "read to the end of", input.Name);
                    if (encrypt)
                        cipher.Encrypt(piece, (ulong)at / Sectors.Size);
                    else
                        cipher.Decrypt(piece, (ulong)at / Sectors.Size);
                    Write(output, piece, at);
                    progress(Interlocked.Add(ref done, piece.Length));
                }
            }
            catch (LinuxException problem)
            {
                Interlocked.CompareExchange(ref fault, problem, null);
            }
        }

        long Take() => Interlocked.Add(ref next, PieceSize) - PieceSize;
    }

    private static void Reserve(FileDescriptor output, long length)
    {
        if (length == 0 || output.Status().Kind != FileKind.Regular)
            return;
        try
        {
            output.Allocate(0, length);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EOPNOTSUPP or Errno.ENOSYS)
        {
            // A filesystem without reservations finds the space as it is written to.
        }
    }

    private static void Write(FileDescriptor output, ReadOnlySpan<byte> piece, long at)
    {
        try
        {
            output.WriteAt(piece, at);
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EINVAL && output.TrySetDirect(false))
        {
            // It accepted the flag, but not the transfer.
            output.WriteAt(piece, at);
        }
    }
}
