using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Mapping;

/// <summary>A volume that this process decrypts itself, with the key in its own locked memory.</summary>
public static class InProcessVolume
{
    /// <summary>
    /// Unseals the key and opens the device. The key lives in locked memory for as long as its schedule takes to expand; the expanded
    /// keys live in locked memory until the volume is disposed.
    /// </summary>
    /// <exception cref="SealdiskException">The sealed key does not open here, or the device is in use.</exception>
    public static IBlockDevice Open(ServeRequest request)
    {
        using var source = SoftSource.Open(request.HukFile);
        using var key = source.UnsealHere(KeyOf(request), request.KeySize, $"the key of {request.FsName}");
        return FormatOf(request).Decrypt(OpenDevice(request), key);
    }

    private static SealedKey KeyOf(ServeRequest request) => request.RootKey is { } root
        ? new SealedKey.TwoLevel(
            SealedBlob.Parse(root), EncryptedKeyText.ParseUnderTrusted(request.SealedKey)) { Made = KeyCustody.Process }
        : new SealedKey.Trusted(SealedBlob.Parse(request.SealedKey)) { Made = KeyCustody.Process };

    private static SectorFormat FormatOf(ServeRequest request) => new()
    {
        Cipher = CipherSpec.Parse(request.Cipher),
        KeySize = request.KeySize,
        Layout = new SectorLayout(request.SectorSize, request.IvLargeSectors, request.IvOffset.Count),
        Offset = Sectors.FromBytes(request.Offset),
        Length = Sectors.FromBytes(request.Length),
    };

    private static FileDevice OpenDevice(ServeRequest request)
    {
        try
        {
            return FileDevice.Open(request.Device, request.Offset, request.Length, isExclusive: true, directSectorSize: request.SectorSize);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EBUSY or Errno.EAGAIN)
        {
            throw SealdiskException.Failed(
                problem.Message, "another mapping, a mount or a loop device holds it: see 'sealdisk map list', 'findmnt', 'losetup -a'");
        }
    }
}
