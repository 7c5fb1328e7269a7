using System.Globalization;

namespace Sealdisk.Linux;

/// <summary>/dev/mapper/control, the way in to the device-mapper. The node is made here if neither devtmpfs nor udev has made it.</summary>
internal static class DmControl
{
    public const string Path = "/dev/mapper/control";

    /// <summary>MISC_MAJOR and MAPPER_CTRL_MINOR (include/linux/major.h, miscdevice.h): opening it makes the kernel load dm-mod.</summary>
    internal const uint MiscMajor = 10, MapperMinor = 236;

    /// <exception cref="LinuxException">ENODEV: this kernel has no device-mapper. EACCES: only root may use it.</exception>
    public static FileDescriptor Open()
    {
        if (TryUsual() is { } usual)
            return usual;
        var registered = Minor();
        var made = registered is null ? MakeWhereMissing(MapperMinor) : MakeRight(registered.Value);
        try
        {
            return FileDescriptor.Open(Path, OpenFlags.ReadWrite);
        }
        catch (LinuxException none) when (none.Errno is Errno.ENODEV or Errno.ENXIO)
        {
            if (made)
                DirectoryEntries.Unlink(Path);
            throw new LinuxException(Errno.ENODEV, "open", Path);
        }
    }

    /// <summary>
    /// The node nearly always exists, with the number that the kernel reserves for it (since 2.6.36). Makes and removes nothing.
    /// </summary>
    private static FileDescriptor? TryUsual()
    {
        try
        {
            var control = FileDescriptor.Open(Path, OpenFlags.ReadWrite);
            if (control.Status() is { Kind: FileKind.CharacterDevice } node && node.RawDevice == new DeviceNumber(MiscMajor, MapperMinor))
                return control;
            control.Dispose();
            return null;
        }
        catch (LinuxException none) when (none.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EISDIR or Errno.ENODEV or Errno.ENXIO)
        {
            return null;
        }
    }

    /// <summary>The number in /proc/misc; null if dm-mod is not loaded or /proc is not mounted.</summary>
    private static uint? Minor()
    {
        foreach (var line in (KernelFile.TryRead("/proc/misc") ?? "").Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [var number, "device-mapper"])
                return uint.Parse(number, CultureInfo.InvariantCulture);
        }
        return null;
    }

    private static bool MakeWhereMissing(uint minor) => FileStatus.TryOf(Path) is null && Make(minor);

    private static bool MakeRight(uint minor)
    {
        if (FileStatus.TryOf(Path) is { } there)
        {
            if (there.Kind != FileKind.CharacterDevice)
                throw new LinuxException(Errno.EEXIST, "make device node", Path);
            if (there.RawDevice == new DeviceNumber(MiscMajor, minor))
                return false;
            DirectoryEntries.Unlink(Path); // left over from a kernel that gave it another number
        }
        return Make(minor);
    }

    private static bool Make(uint minor)
    {
        DirectoryEntries.MakeDirectory(DmNode.Folder, mode: Permissions.Mode0755);
        DirectoryEntries.MakeCharacterDevice(Path, new DeviceNumber(MiscMajor, minor));
        return true;
    }
}
