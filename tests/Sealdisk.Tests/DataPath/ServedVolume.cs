using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;

namespace Sealdisk.Tests.DataPath;

/// <summary>A server on threads of this process, and its file. Everything is down again after Dispose, however the test went.</summary>
internal sealed class ServedVolume : IDisposable
{
    private readonly FuseServer _server;
    private readonly IBlockDevice _volume;
    private readonly Thread _thread;
    private Exception? _fault;

    /// <param name="volume">Served, and disposed at the end.</param>
    /// <param name="mountFile">Made where it is missing.</param>
    /// <param name="discard">Start in the arming state.</param>
    public ServedVolume(IBlockDevice volume, string mountFile, bool discard = false)
    {
        _volume = volume;
        Path = mountFile;
        FileDescriptor.Open(mountFile, OpenFlags.ReadWrite | OpenFlags.Create, 0x180).Dispose();
        _server = new FuseServer(volume, mountFile, "test volume", discard);
        _thread = new Thread(() => _fault = Record.Exception(_server.Run));
        _thread.Start();
        Assert.True(_server.Ready.WaitOne(Patience.Limit), "the server was not ready in time");
    }

    public string Path { get; }

    public FuseServer Server => _server;

    /// <summary>XTS with a fixed key over a file: what the product serves.</summary>
    public static CryptDevice Encrypted(IBlockDevice inner, int sectorSize)
    {
        var spec = CipherSpec.Parse("aes-xts-plain64");
        var schedule = SecretBuffer.Allocate(SectorCipher.ScheduleSize(spec));
        var key = Enumerable.Range(0, 64).Select(i => (byte)(i * 7 + 1)).ToArray();
        var layout = new SectorLayout(sectorSize, IvLargeSectors: false, 0);
        return new CryptDevice(inner, new SectorCipher(spec, layout, key, schedule.Memory), schedule);
    }

    /// <summary>Unmounts and returns what the server ended with.</summary>
    public Exception? End()
    {
        Mounts.Unmount(Path, UnmountFlags.None);
        Assert.True(_thread.Join(Patience.Limit), "the server did not end");
        return _fault;
    }

    public void Dispose()
    {
        foreach (var loop in LoopDevice.InUse().Where(loop => loop.BackingFile() == Path))
            loop.Detach();
        while (Mounts.Read().Any(mount => mount.Target == Path))
            Mounts.Unmount(Path, UnmountFlags.Detach);
        _thread.Join();
        _server.Dispose();
        _volume.Dispose();
    }
}
