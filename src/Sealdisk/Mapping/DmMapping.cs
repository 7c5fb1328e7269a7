using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Mapping;

/// <summary>
/// The mapping "dm": the kernel's dm-crypt decrypts, under /dev/mapper/NAME. Everything there is to know of one is asked of the kernel;
/// no file of ours describes it. An image file gets a loop device that goes with its last user, so a mapping that ends, or an open that
/// dies, leaves none behind.
/// </summary>
public static class DmMapping
{
    private static readonly string NoKeyId = new('0', 32);

    /// <summary>
    /// Makes the device, loads the table and resumes it; undoes all of that if a step fails. Nothing is written to the volume.
    /// </summary>
    /// <param name="request">What to map.</param>
    /// <param name="key">In the kernel, found from this thread; the caller drops it afterwards.</param>
    /// <exception cref="SealdiskException">The kernel lacks dm-crypt or the cipher, or the device is in use.</exception>
    internal static MappingState Open(MappingRequest request, KernelKey key)
    {
        var uuid = $"{DmUuid.Prefix}{request.SealedKey?.Id ?? NoKeyId}-{request.Name}";
        var name = DmName.Parse(request.Name);
        using var mapper = DeviceMapper.Open();
        using var backing = BackingDevice.Of(request);
        try
        {
            mapper.Create(name, uuid);
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EBUSY)
        {
            throw SealdiskException.Failed(
                $"cannot open mapping {request.Name}: device-mapper has a device of that name already (EBUSY)",
                mapper.Find(name) is { } there && IsOurs(there)
                    ? $"'sealdisk map close {request.Name}' closes it"
                    : $"it is not one of Sealdisk's: dmsetup info {request.Name}");
        }
        try
        {
            var parameters = CryptTable.Of(request, key.Type, key.Description, backing.Device).ToString();
            mapper.LoadTable(
                name, [new DmTarget(Sectors.Zero, request.Format.Length, "crypt", parameters)], new DmTableOptions(request.ReadOnly));
            mapper.Resume(name);
        }
        catch (LinuxException problem)
        {
            mapper.Remove(name);
            throw Explained(problem, request);
        }
        return Find(request.Name) ?? throw SealdiskException.Failed($"cannot open mapping {request.Name}: it vanished at once");
    }

    /// <summary>Removes the mapping; false if there is none of ours by that name.</summary>
    /// <param name="name">The mapping's name.</param>
    /// <param name="isDeferred">If it is in use, it goes with its last user.</param>
    /// <exception cref="SealdiskException">It is in use.</exception>
    internal static bool Close(string name, bool isDeferred)
    {
        using var mapper = TryOpen();
        if (mapper?.Find(DmName.Parse(name)) is not { } there || !IsOurs(there))
            return false;
        var device = Find(name)?.Device;
        try
        {
            mapper.Remove(there.Name, isDeferred);
        }
        catch (LinuxException problem) when (problem.Errno == Errno.EBUSY)
        {
            throw SealdiskException.Failed(
                $"cannot close mapping {name}: it is in use (EBUSY)",
                $"lsof /dev/mapper/{name}; lsblk shows what is built on it; 'map close --deferred' lets it go with its last user");
        }
        // An image's loop device has written to the page cache: what counts is on the disk under it.
        if (device is not null && FileStatus.TryOf(device) is { Kind: FileKind.Regular })
        {
            using var image = FileDescriptor.Open(device, OpenFlags.ReadWrite);
            image.Sync();
        }
        return true;
    }

    /// <summary>The mapping of that name as it is now, or null if there is none of ours.</summary>
    internal static MappingState? Find(string name)
    {
        using var mapper = TryOpen();
        return mapper is not null && mapper.Find(DmName.Parse(name)) is { } device && IsOurs(device) ? StateOf(mapper, device) : null;
    }

    /// <summary>All mappings of ours.</summary>
    internal static IReadOnlyList<MappingState> List()
    {
        using var mapper = TryOpen();
        return mapper is null ? [] : mapper.List().Select(entry => Find(entry.Name.Text)).OfType<MappingState>().ToArray();
    }

    /// <summary>
    /// A device of that name that is not one of ours: its dm UUID, empty if it has none; null if there is no such device.
    /// </summary>
    internal static string? Foreign(string name)
    {
        using var mapper = TryOpen();
        return mapper?.Find(DmName.Parse(name)) is { } device && !IsOurs(device) ? device.Uuid ?? "" : null;
    }

    /// <summary>Null if this kernel has no device-mapper, or this caller may not ask it.</summary>
    internal static DeviceMapper? TryOpen()
    {
        try
        {
            return DeviceMapper.Open();
        }
        catch (LinuxException problem) when (
            problem.Errno is Errno.ENODEV or Errno.ENXIO or Errno.ENOENT or Errno.EACCES or Errno.EPERM or Errno.EROFS)
        {
            return null;
        }
    }

    private static bool IsOurs(DmDevice device) => device.Uuid?.StartsWith(DmUuid.Prefix, StringComparison.Ordinal) == true;

    private static MappingState StateOf(DeviceMapper mapper, DmDevice device)
    {
        var target = mapper.Table(device.Name) is [{ Type: "crypt" } only] ? only : null;
        var table = target is null ? null : CryptTable.Parse(target.Parameters);
        var uuid = device.Uuid!;
        var id = uuid.Substring(DmUuid.Prefix.Length, Math.Min(32, uuid.Length - DmUuid.Prefix.Length));
        return new MappingState(device.Name.Text, MappingKind.Dm, DmNode.PathOf(device.Name))
        {
            Device = table is null ? null : BackingDevice.PathOf(table.Device),
            Number = table?.Device,
            Cipher = table?.Cipher,
            KeySize = table?.KeySize,
            SectorSize = table?.SectorSize,
            SealedKeyId = id == NoKeyId ? null : id,
            PassesDiscards = table?.Options.Contains("allow_discards", StringComparer.Ordinal) == true,
            Problem = (device.HasActiveTable ? table : null, device.Suspended) switch
            {
                (null, _) => "it has no table: an open that was cut short",
                (_, true) => "it is suspended: everything that uses it waits",
                _ => null,
            },
        };
    }

    private static SealdiskException Explained(LinuxException problem, MappingRequest request)
    {
        var act = $"cannot open mapping {request.Name}";
        return problem.Errno switch
        {
            Errno.ENOENT => SealdiskException.Lacking(
                $"{act}: this kernel does not know the cipher {request.Format.Cipher.Text} (ENOENT)",
                "grep -A3 '^name' /proc/crypto; load its module, or build the kernel with it"),
            Errno.EBUSY => SealdiskException.Failed(
                $"{act}: {request.Device} is in use (EBUSY)", $"lsblk {request.Device}; findmnt {request.Device}"),
            Errno.ENOKEY => SealdiskException.Failed($"{act}: dm-crypt does not find the key (ENOKEY)", "it has expired or was unlinked"),
            Errno.EKEYREVOKED => SealdiskException.Failed($"{act}: the key was revoked (EKEYREVOKED)"),
            Errno.EINVAL => SealdiskException.Failed(
                $"{act}: dm-crypt refuses the table (EINVAL)",
                $"the key may not have {request.Format.KeySize} bytes, or {request.Device} is too small; dmesg says which"),
            _ => SealdiskException.Failed($"{act}: {problem.Message}"),
        };
    }
}
