using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// The kernel's log (/dev/kmsg, Documentation/ABI/testing/dev-kmsg): several of its interfaces say only there why they refused.
/// Evidence for people; nothing is decided by it.
/// </summary>
public sealed class KernelLog : IDisposable
{
    private readonly FileDescriptor? _kmsg;

    private KernelLog(FileDescriptor? kmsg) => _kmsg = kmsg;

    /// <summary>
    /// Starts at the end of the log. Stays empty if the log may not be read (dmesg_restrict without CAP_SYSLOG, no /dev/kmsg).
    /// </summary>
    public static KernelLog FromNow() => Open(seekToEnd: true);

    /// <summary>Starts with the oldest message that the kernel still has; <see cref="IsReadable"/> says whether it may be read.</summary>
    public static KernelLog FromStart() => Open(seekToEnd: false);

    /// <summary>Whether the log may be read at all.</summary>
    public bool IsReadable => _kmsg is not null;

    private static KernelLog Open(bool seekToEnd)
    {
        try
        {
            var kmsg = FileDescriptor.Open("/dev/kmsg", OpenFlags.Read | OpenFlags.NonBlocking);
            if (seekToEnd)
                kmsg.SeekToEnd();
            return new KernelLog(kmsg);
        }
        catch (LinuxException)
        {
            return new KernelLog(null);
        }
    }

    /// <summary>The messages since then, oldest first, without their prefixes.</summary>
    public IReadOnlyList<string> Read()
    {
        var messages = new List<string>();
        Span<byte> record = stackalloc byte[8192]; // the kernel's own limit, CONSOLE_EXT_LOG_MAX
        while (_kmsg is not null && messages.Count < 1000)
        {
            int length;
            try
            {
                length = _kmsg.Read(record);
            }
            catch (LinuxException problem) when (problem.Errno == Errno.EPIPE)
            {
                continue; // overwritten before it was read; the next read goes on with the oldest that remains
            }
            catch (LinuxException problem) when (problem.Errno == Errno.EAGAIN)
            {
                break;
            }
            if (length == 0)
                break;
            // "priority,sequence,time,flags;message\n KEY=value\n"
            var text = Encoding.UTF8.GetString(record[..length]);
            messages.Add(text[(text.IndexOf(';', StringComparison.Ordinal) + 1)..].Split('\n')[0]);
        }
        return messages;
    }

    /// <inheritdoc/>
    public void Dispose() => _kmsg?.Dispose();
}
