using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>A file that stands in for the chip's hardware unique key: hex text of 16 to 32 bytes, mode 0600.</summary>
public static class HukFile
{
    /// <summary>Bytes of a HUK made by <see cref="Create"/>; the most that OP-TEE platforms use.</summary>
    public const int NewLength = 32;

    private const int LongestText = 66;
    private const int GroupAndOthers = Permissions.Mode0077;

    /// <summary>Reads a HUK into locked memory; the caller wipes it by disposing it.</summary>
    /// <exception cref="SealdiskException">Absent, readable by others, or not a HUK (exit code 2).</exception>
    public static SecretBuffer Read(string path)
    {
        using var file = OpenForReading(path);
        var status = file.Status();
        if (status.Kind != FileKind.Regular)
            throw SealdiskException.Usage($"cannot use HUK file {path}: it is not a regular file");
        if ((status.Mode & GroupAndOthers) != 0)
            throw SealdiskException.Usage(
                $"cannot use HUK file {path}: its mode {Permissions.Text(status.Mode)} lets others read the device's secret",
                $"chmod 600 {path}; if others may have read it, make a new one and seal the keys again");
        if (status.Size > LongestText)
            throw SealdiskException.Usage($"cannot use HUK file {path}: {status.Size} bytes are more than 32 bytes of hex text");

        using var text = SecretBuffer.Allocate(LongestText);
        var length = file.ReadAt(text.Memory.Span, 0);
        using var longest = SecretBuffer.Allocate(NewLength);
        try
        {
            var bytes = HukText.Parse(text.Memory.Span[..length], longest.Memory.Span);
            var huk = SecretBuffer.Allocate(bytes);
            longest.Memory.Span[..bytes].CopyTo(huk.Memory.Span);
            return huk;
        }
        catch (HukTextException problem)
        {
            throw SealdiskException.Usage($"cannot use HUK file {path}: {problem.Message}", "'sealdisk huk new FILE' makes a good one");
        }
    }

    /// <summary>
    /// Makes a random HUK, durable before it returns. An existing file is never touched: volumes may be sealed under it.
    /// If power fails in here there is no file, or a whole one.
    /// </summary>
    public static void Create(string path)
    {
        if (DurableFile.IsTaken(path))
            throw SealdiskException.Refused(
                $"cannot make HUK file {path}: it already exists, and replacing it would make everything sealed under it unreadable",
                "remove it yourself if no volume needs it");
        using var huk = SecretBuffer.Random(NewLength);
        using var text = SecretBuffer.Allocate(2 * NewLength + 1);
        HukText.Write(huk.Memory.Span, text.Memory.Span);
        DurableFile.Create(path, text.Memory.Span, Permissions.Mode0600);
    }

    private static FileDescriptor OpenForReading(string path)
    {
        try
        {
            return FileDescriptor.Open(path, OpenFlags.Read);
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Usage(
                problem.Message,
                problem.Errno == Errno.ENOENT ? $"make one with: sealdisk huk new {path}" : null);
        }
    }
}
