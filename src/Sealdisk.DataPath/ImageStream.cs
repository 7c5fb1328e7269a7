using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Encrypts or decrypts a whole image of any size in constant memory: each thread reads a piece, transforms it in place and writes it, and
/// then takes the next. Holes of the input are read as the zeros they are, so ciphertext is never sparse.
/// </summary>
public static class ImageStream
{
    private const int PieceSize = 1 << 20;

    /// <summary>Runs to the end, and returns when the output is synced.</summary>
    /// <param name="input">Read from <paramref name="inputOffset"/> (bytes) on.</param>
    /// <param name="inputOffset">Bytes.</param>
    /// <param name="output">Written from its start.</param>
    /// <param name="length">Bytes; a multiple of the cipher's sector size.</param>
    /// <param name="cipher">Counts its sectors from the first byte read.</param>
    /// <param name="encrypt">False to decrypt.</param>
    /// <param name="progress">Told the bytes done so far, now and then, from any thread.</param>
    /// <exception cref="LinuxException">The first read or write that failed; the output holds a part.</exception>
    public static void Run(FileDescriptor input, long inputOffset, FileDescriptor output, long length, SectorCipher cipher, bool encrypt, Action<long> progress)
    {
        var next = 0L;
        var done = 0L;
        LinuxException? fault = null;
        var threads = new Thread[Math.Clamp(Environment.ProcessorCount, 1, 4)];
        for (var index = 0; index < threads.Length; index++)
        {
            threads[index] = new Thread(Work);
            threads[index].Start();
        }
        foreach (var thread in threads)
            thread.Join();
        if (fault is not null)
            throw fault;
        output.Sync();

        void Work()
        {
            // Plaintext passes through here: memory that is locked and wiped.
            using var buffer = SecretBuffer.Allocate(PieceSize);
            try
            {
                for (var at = Interlocked.Add(ref next, PieceSize) - PieceSize; at < length && Volatile.Read(ref fault) is null; at = Interlocked.Add(ref next, PieceSize) - PieceSize)
                {
                    var piece = buffer.Memory.Span[..(int)Math.Min(PieceSize, length - at)];
                    if (input.ReadAt(piece, inputOffset + at) != piece.Length)
                        throw new LinuxException(Errno.EIO, "read to the end of", input.Name);
                    if (encrypt)
                        cipher.Encrypt(piece, (ulong)at / 512);
                    else
                        cipher.Decrypt(piece, (ulong)at / 512);
                    output.WriteAt(piece, at);
                    progress(Interlocked.Add(ref done, piece.Length));
                }
            }
            catch (LinuxException problem)
            {
                Interlocked.CompareExchange(ref fault, problem, null);
            }
        }
    }
}
