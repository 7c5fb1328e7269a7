using System.Globalization;

namespace Sealdisk.Linux;

/// <summary>A TPM's character device: one command written, one reply read (Documentation/security/tpm), whatever they mean.</summary>
public sealed class TpmDevice : IDisposable
{
    /// <summary>The kernel's resource manager: closing it removes what a caller has left loaded in the TPM.</summary>
    public const string ResourceManager = "/dev/tpmrm0";

    /// <summary>The TPM itself, for one process at a time: what is left loaded stays loaded.</summary>
    public const string Raw = "/dev/tpm0";

    private const int LargestReply = 4096; // TPM_BUFSIZE of drivers/char/tpm/tpm.h

    private readonly FileDescriptor _device;

    private TpmDevice(FileDescriptor device) => _device = device;

    /// <summary>
    /// The TPM's family as the kernel found it: 1 (for 1.2) or 2; null if there is no TPM, or if the kernel is older than 5.5.
    /// </summary>
    public static int? Family
    {
        get
        {
            try
            {
                using var file = FileDescriptor.Open("/sys/class/tpm/tpm0/tpm_version_major", OpenFlags.Read);
                Span<byte> text = stackalloc byte[8];
                var digits = text[..file.Read(text)].Trim("\n"u8);
                return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
            }
            catch (LinuxException)
            {
                return null;
            }
        }
    }

    /// <exception cref="LinuxException">There is none (ENOENT), or it is in use (EBUSY, of <see cref="Raw"/> only).</exception>
    public static TpmDevice Open(string path) => new(FileDescriptor.Open(path, OpenFlags.ReadWrite));

    /// <summary>Sends one command and returns the whole reply.</summary>
    /// <exception cref="LinuxException">The TPM or the kernel did not accept the command at all.</exception>
    public byte[] Exchange(ReadOnlySpan<byte> command)
    {
        _device.Write(command);
        var reply = new byte[LargestReply];
        return reply[.._device.Read(reply)];
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();
}
