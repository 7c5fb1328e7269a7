using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Mapping;

/// <summary>The server's side: a request becomes the decrypted volume.</summary>
public static class FuseVolume
{
    /// <summary>
    /// Unseals the key and opens the device. The key lives in locked memory for as long as its schedule takes to expand; the expanded keys
    /// live in locked memory until the volume is disposed.
    /// </summary>
    /// <exception cref="SealdiskException">The sealed key does not open here, or the device is in use.</exception>
    public static IBlockDevice Open(ServeRequest request)
    {
        using var source = SoftSource.Open(request.HukFile);
        using var key = source.Unseal(request.SealedKey, request.RootKey, request.KeySize, $"the key of {request.FsName}");
        var file = OpenDevice(request);
        return Decrypted(
            file, CipherSpec.Parse(request.Cipher), new SectorLayout(request.SectorSize, request.IvLargeSectors, request.IvOffset.Count), key);
    }

    /// <summary>The decrypted view of a device under a key; takes over the device, not the key.</summary>
    internal static CryptDevice Decrypted(IBlockDevice device, CipherSpec spec, SectorLayout layout, SecretBuffer key)
    {
        var schedule = SecretBuffer.Allocate(SectorCipher.ScheduleSize(spec));
        return new CryptDevice(device, new SectorCipher(spec, layout, key.Memory.Span, schedule.Memory), schedule);
    }

    private static FileDevice OpenDevice(ServeRequest request)
    {
        try
        {
            return FileDevice.Open(request.Device, request.Offset, request.Length, isExclusive: true, directSectorSize: request.SectorSize);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EBUSY or Errno.EAGAIN)
        {
            throw SealdiskException.Failed(problem.Message, "another mapping, a mount or a loop device holds it: see 'sealdisk map list', 'findmnt', 'losetup -a'");
        }
    }
}
