namespace Sealdisk.Linux;

/// <summary>The kernel refused: which act, on what, and its answer. Raised in this room and in the data path.</summary>
/// <param name="errno">The kernel's answer.</param>
/// <param name="operation">The act in words that fit after "cannot", such as "open".</param>
/// <param name="subject">The object: a path or a name, never key material.</param>
public sealed class LinuxException(Errno errno, string operation, string subject)
    : IOException(Sentence(errno, operation, subject), (int)errno)
{
    public Errno Errno { get; } = errno;

    public string Operation { get; } = operation;

    public string Subject { get; } = subject;

    /// <summary>The exception for what the last P/Invoke on this thread answered.</summary>
    internal static LinuxException Last(string operation, string subject) => new(ErrnoExtensions.Last(), operation, subject);

    private static string Sentence(Errno errno, string operation, string subject) =>
        $"cannot {operation}{(subject.Length == 0 ? "" : " ")}{subject}: {errno.Describe()} ({errno})";
}
