using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Mapping;

/// <summary>Mappings that a person opens and closes by hand, taking turns with everything else that opens.</summary>
public static class ManualMapping
{
    /// <summary>Opens a mapping.</summary>
    /// <param name="wanted">Name, device and options; what the key settles is filled in here.</param>
    public static MappingState Open(Wanted wanted)
    {
        var act = $"open mapping {wanted.Name}";
        Capabilities.RequireMounting(act);
        if (wanted.Key.Reference is not null && wanted.Kind == MappingKind.Fuse)
            throw SealdiskException.Usage(
                $"cannot {act}: a key in the kernel stays there, and a fuse mapping decrypts in user space",
                "use --mapping dm, or a --blob of the soft source");
        var resolved = wanted.Key.For(wanted.Device, readHeader: true);
        var (kind, lacking) = wanted.Key.Reference is null
            ? Capabilities.For(resolved.Source, wanted.Kind) is var here ? (here.Kind, here.Lacking) : default
            : (MappingKind.Dm, Capabilities.DeviceMapperProblem());
        if (lacking is var (problem, remedy))
            throw SealdiskException.Lacking($"cannot {act}: {problem}", remedy);
        using var exclusive = MappingLock.Take(wanted.Name, wanted.Device);
        var request = new MappingRequest
        {
            Name = wanted.Name,
            Device = wanted.Device,
            Format = resolved.Format,
            SealedKey = resolved.SealedKey,
            Huk = resolved.Source.UsesHukFile() && wanted.Key.Reference is null ? wanted.FindHuk() : null,
            Discard = wanted.Discard,
            Options = wanted.Options,
        };
        if (kind == MappingKind.Fuse)
            return FuseMapping.Open(request);
        using var key = KeyOf(wanted, resolved, request.Huk);
        return DmMapping.Open(request, key);
    }

    /// <summary>What a person asks for.</summary>
    /// <param name="Name">The mapping's name, usable as a file name.</param>
    /// <param name="Device">Block device or image, absolute.</param>
    /// <param name="Key">How it is encrypted.</param>
    /// <param name="Kind">Who is to decrypt.</param>
    /// <param name="FindHuk">The soft source's HUK file, absolute; asked only if it is needed.</param>
    /// <param name="Discard">Pass discards on.</param>
    /// <param name="Options">How dm-crypt schedules its work.</param>
    public sealed record Wanted(
        string Name, string Device, ManualKey Key, MappingKind Kind, Func<string> FindHuk, bool Discard, CryptOptions Options);

    /// <summary>Closes a mapping; false if there is none of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="isDeferred">A dm mapping in use goes with its last user.</param>
    public static bool Close(string name, bool isDeferred)
    {
        Capabilities.RequireMounting($"close mapping {name}");
        using var exclusive = MappingLock.Take(name, null);
        if (isDeferred && DmMapping.Find(name) is not null)
            return DmMapping.Close(name, isDeferred);
        if (Mappings.Find(name) is { } mapping && Mounts.Read().FirstOrDefault(mapping.Mounted) is { } mount)
            throw SealdiskException.Failed(
                $"cannot close mapping {name}: it is mounted on {mount.Target} (EBUSY)",
                $"umount {mount.Target}; or 'sealdisk down' if it is a configured volume");
        return Mappings.Close(name);
    }

    private static KernelKey KeyOf(Wanted wanted, ManualKey.Resolved resolved, string? huk)
    {
        if (wanted.Key.Reference is { } reference)
        {
            var colon = reference.IndexOf(':', StringComparison.Ordinal);
            return KernelKey.Find(reference[..colon], KeyDescription.Parse(reference[(colon + 1)..]));
        }
        // Nothing is known of how a TPM sealed it: it is opened as keyctl would.
        using IKeySource source = huk is null ? new KernelKeySource(resolved.Source, null) : SoftSource.Open(huk);
        var description = KeyDescription.Parse($"sealdisk:{wanted.Name}");
        using var loaded = source.Unseal(resolved.SealedKey!, new KeyUse(description, resolved.Format.KeySize, "the sealed key"));
        return loaded.ForDmCrypt(description);
    }

    /// <summary>Encrypts or decrypts an image into another file, and syncs it.</summary>
    /// <param name="resolved">How and where.</param>
    /// <param name="input">Plaintext or ciphertext.</param>
    /// <param name="output">Opened by the caller, empty or to be overwritten.</param>
    /// <param name="huk">The soft source's HUK file.</param>
    /// <param name="encrypt">False to decrypt.</param>
    /// <param name="progress">Told the bytes done so far.</param>
    public static void Transform(
        ManualKey.Resolved resolved, FileDescriptor input, FileDescriptor output, string huk, bool encrypt, Action<long> progress)
    {
        resolved.RequireSoft();
        using var source = SoftSource.Open(huk);
        using var key = source.UnsealHere(resolved.SealedKey!, resolved.Format.KeySize, "the sealed key");
        resolved.Format.Transform(input, encrypt ? Sectors.Zero : resolved.Format.Offset, output, key, encrypt, progress);
    }
}
