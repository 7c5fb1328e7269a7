using Sealdisk.Keys;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Mapping;

/// <summary>Mappings that a person opens and closes by hand, taking turns with everything else that opens.</summary>
public static class ManualMapping
{
    /// <summary>Opens a fuse mapping.</summary>
    /// <param name="name">Its name, usable as a file name.</param>
    /// <param name="device">Block device or image, absolute.</param>
    /// <param name="key">How it is encrypted.</param>
    /// <param name="huk">The soft source's HUK file, absolute.</param>
    /// <param name="discard">Pass discards on.</param>
    public static MappingState Open(string name, string device, ManualKey key, string huk, bool discard)
    {
        Capabilities.RequireMounting($"open mapping {name}");
        if (Capabilities.Fuse() is var (problem, remedy))
            throw SealdiskException.Lacking($"cannot open mapping {name}: {problem}", remedy);
        var resolved = key.For(device, readHeader: true);
        using var turn = Turn.Take(name, device);
        return FuseMapping.Open(new MappingRequest
        {
            Name = name,
            Device = device,
            Cipher = resolved.Cipher,
            KeySize = resolved.KeySize,
            Layout = resolved.Layout,
            Offset = resolved.Offset,
            Length = resolved.Length,
            SealedKey = resolved.SealedKey,
            Huk = huk,
            Discard = discard,
        });
    }

    /// <summary>Closes a mapping; false where there is none of that name.</summary>
    public static bool Close(string name)
    {
        Capabilities.RequireMounting($"close mapping {name}");
        using var turn = Turn.Take(name, null);
        if (FuseMapping.Find(name) is { BlockPath: { } block } && Mounts.Read().FirstOrDefault(mount => mount.Source == block) is { } mount)
            throw SealdiskException.Failed($"cannot close mapping {name}: it is mounted on {mount.Target} (EBUSY)", $"umount {mount.Target}; or 'sealdisk down' where it is a configured volume");
        return FuseMapping.Close(name);
    }

    /// <summary>Encrypts or decrypts an image into another file, and syncs it.</summary>
    /// <param name="resolved">How and where.</param>
    /// <param name="input">Plaintext or ciphertext.</param>
    /// <param name="output">Opened by the caller, empty or to be overwritten.</param>
    /// <param name="huk">The soft source's HUK file.</param>
    /// <param name="encrypt">False to decrypt.</param>
    /// <param name="progress">Told the bytes done so far.</param>
    public static void Transform(ManualKey.Resolved resolved, FileDescriptor input, FileDescriptor output, string huk, bool encrypt, Action<long> progress)
    {
        using var source = SoftSource.Open(huk);
        using var key = source.Unseal(BlobText.Parse(System.Text.Encoding.ASCII.GetBytes(resolved.SealedKey)), resolved.KeySize, "the sealed key");
        using var schedule = SecretBuffer.Allocate(Crypto.SectorCipher.ScheduleSize(resolved.Cipher));
        var cipher = new Crypto.SectorCipher(resolved.Cipher, resolved.Layout, key.Memory.Span, schedule.Memory);
        DataPath.ImageStream.Run(input, resolved.Offset * 512, output, resolved.Length * 512, cipher, encrypt, progress);
    }
}
