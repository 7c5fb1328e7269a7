using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Serves a volume as one file, past the kernel's page cache: the loop device on top of it caches, and caching twice would only cost
/// memory. Two threads, each with a /dev/fuse of its own and several requests in work.
/// </summary>
/// <remarks>
/// <para>
/// Discards. The loop driver sends a discard as fallocate(PUNCH_HOLE), and it sends the same for zeroing that may unmap. A hole reads
/// as garbage after decryption (as with dm-crypt), so taking zeroing for a discard would corrupt the filesystem above. ZERO_RANGE is
/// always refused; the kernel then writes zeros.
/// </para>
/// <para>
/// Arming. With <paramref name="discard"/> the server therefore starts by refusing every fallocate with EOPNOTSUPP and dropping zeros
/// that are written to the first <see cref="ArmingBytes"/>. The opener attaches the loop device, calls
/// <see cref="LoopDevice.StopWriteZeroes"/>, keeps everybody else away until that has answered, and then calls <see cref="GoLive"/>
/// with the answer.
/// </para>
/// </remarks>
/// <param name="volume">What is served; stays the caller's. Requests of whole sectors are the fast path.</param>
/// <param name="mountFile">An existing regular file: the mount point.</param>
/// <param name="fsName">The source that /proc/mounts shows.</param>
/// <param name="discard">Start by arming, see above; without it the server is live at once and discards nothing.</param>
/// <param name="threads">Threads that encrypt and decrypt.</param>
internal sealed class FuseServer(IBlockDevice volume, string mountFile, string fsName, bool discard, int threads = 2) : IDisposable
{
    /// <summary>
    /// While arming, zeros written to so many bytes at the start are dropped: the largest logical block of a loop device.
    /// </summary>
    public const int ArmingBytes = 4096;

    private readonly ServedFile _file = new(volume, discard);
    private readonly ManualResetEventSlim _ready = new();

    /// <summary>Set once the kernel's FUSE_INIT is answered: the file can be opened.</summary>
    public WaitHandle Ready => _ready.WaitHandle;

    /// <summary>
    /// Ends arming. <paramref name="discard"/> passes discards to the volume from now on: only if write-zeroes are known to be off.
    /// </summary>
    public void GoLive(bool discard) => _file.GoLive(discard);

    /// <summary>
    /// Mounts, serves until the file is unmounted, flushes the volume. Serves on threads of its own, which inherit this thread's
    /// attributes (see <see cref="CurrentProcess.SetIoFlusher"/>).
    /// </summary>
    /// <exception cref="LinuxException">The mount is refused, or the last flush fails.</exception>
    public void Run()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        using (var workers = Start())
            workers.Join();
        volume.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _ready.Dispose();

    private Workers Start()
    {
        var workers = new Workers();
        var channel = FuseChannel.Mount(mountFile, fsName, FuseSlot.MaxTransfer);
        try
        {
            workers.Start(channel, _file, _ready, threads);
            return workers;
        }
        catch (LinuxException)
        {
            workers.Dispose();
            channel.Dispose();
            Mounts.Unmount(mountFile, UnmountFlags.Detach);
            throw;
        }
    }

    private sealed class Workers : IDisposable
    {
        private readonly List<FuseWorker> _workers = [];
        private readonly List<Thread> _threads = [];

        public void Start(FuseChannel first, ServedFile file, ManualResetEventSlim ready, int count)
        {
            _workers.Add(new FuseWorker(first, file, ready));
            while (_workers.Count < count)
                _workers.Add(new FuseWorker(first.Clone(), file, ready));
            foreach (var worker in _workers)
            {
                var thread = new Thread(worker.Serve) { Name = "sealdisk fuse", IsBackground = true };
                _threads.Add(thread);
                thread.Start();
            }
        }

        public void Join()
        {
            foreach (var thread in _threads)
                thread.Join();
        }

        public void Dispose()
        {
            foreach (var worker in _workers)
                worker.Dispose();
        }
    }
}
