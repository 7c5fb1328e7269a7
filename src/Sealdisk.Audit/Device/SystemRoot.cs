using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Audit.Device;

/// <summary>How reading a file ended.</summary>
public enum ReadOutcome
{
    /// <summary>It was read.</summary>
    Read,

    /// <summary>There is no such file.</summary>
    Absent,

    /// <summary>It exists, but may not or cannot be read.</summary>
    Unreadable,
}

/// <summary>What reading a file gave.</summary>
/// <param name="Path">The file, as seen from the root.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Bytes">Its content; empty unless read.</param>
/// <param name="Problem">Why it is unreadable, such as "EACCES"; else null.</param>
public sealed record Reading(string Path, ReadOutcome Outcome, byte[] Bytes, string? Problem)
{
    /// <summary>True if it was read.</summary>
    public bool Ok => Outcome == ReadOutcome.Read;

    /// <summary>The content as text, without the white space and NULs around it.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes).Trim('\0', ' ', '\t', '\r', '\n');

    /// <summary>The lines of the text.</summary>
    public string[] Lines => Text.Length == 0 ? [] : Text.Split('\n');
}

/// <summary>Owner and permissions of a file.</summary>
/// <param name="Mode">Permission bits.</param>
/// <param name="Uid">Owner.</param>
/// <param name="IsLink">True if the path itself ends in a symbolic link.</param>
public sealed record Ownership(int Mode, uint Uid, bool IsLink)
{
    /// <summary>The mode in octal, four digits.</summary>
    internal string ModeText => Permissions.Text(Mode);
}

/// <summary>
/// A system as files: the running one, or a tree captured from one. Every path is resolved below the root as chroot(2) would: an absolute
/// symbolic link starts at the root again, and ".." never leads out of it. Only regular files are opened, and on the running system also
/// block devices: a device node or pipe in a captured tree is not the device that it names.
/// </summary>
public sealed class SystemRoot
{
    /// <summary>Where a captured tree keeps what is not a file on a system: the kernel log, owners and modes, and read errors.</summary>
    public const string CaptureFolder = "/.capture";

    private const int LongestText = 1 << 20;
    private const int MostLinks = 40;

    private readonly string _directory;
    private readonly TreeManifest? _manifest;

    /// <param name="directory">The root.</param>
    /// <param name="capture">Records all that is read; null to record nothing.</param>
    /// <exception cref="SealdiskException">There is no such directory.</exception>
    public SystemRoot(string directory, TreeCapture? capture = null)
    {
        _directory = Path.GetFullPath(directory).TrimEnd('/');
        Capture = capture;
        if (FileStatus.TryOf(_directory.Length == 0 ? "/" : _directory)?.Kind != FileKind.Directory)
            throw SealdiskException.Usage($"cannot audit {directory}: it is not a directory");
        _manifest = IsRunning ? null : TreeManifest.Read(this);
    }

    /// <summary>True for the running system.</summary>
    public bool IsRunning => _directory.Length == 0;

    internal TreeCapture? Capture { get; }

    /// <summary>Reads a file, at most 1 MiB of it.</summary>
    /// <param name="path">Absolute, as seen from the root.</param>
    /// <param name="redact">Removes secrets before anything else sees the bytes; null if there are none.</param>
    public Reading Read(string path, Func<byte[], byte[]>? redact = null)
    {
        var reading = Open(path, file =>
        {
            var bytes = new byte[4096];
            var length = 0;
            while (file.Read(bytes.AsSpan(length)) is > 0 and var got)
            {
                length += got;
                if (length == LongestText)
                    break;
                if (length == bytes.Length)
                    Array.Resize(ref bytes, Math.Min(2 * length, LongestText));
            }
            return bytes[..length];
        });
        if (reading.Ok && redact is not null)
            reading = reading with { Bytes = redact(reading.Bytes) };
        Capture?.Save(reading, 0);
        return reading;
    }

    /// <summary>Reads some bytes of a file or, on the running system, of a block device; fewer if it ends before.</summary>
    public Reading ReadAt(string path, long offset, int length)
    {
        var reading = Open(path, file =>
        {
            var bytes = new byte[length];
            return bytes[..file.ReadAt(bytes, offset)];
        });
        Capture?.Save(reading, offset);
        return reading;
    }

    /// <summary>Names in a directory, sorted; empty if there is none.</summary>
    public IReadOnlyList<string> List(string path)
    {
        try
        {
            var names = Resolve(path) is { } real && Directory.Exists(real)
                ? Directory.GetFileSystemEntries(real).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal).ToArray()
                : [];
            Capture?.SaveNames(path, names);
            return names;
        }
        catch (Exception problem) when (problem is UnauthorizedAccessException or IOException or LinuxException)
        {
            return [];
        }
    }

    /// <summary>Whether anything is at that path.</summary>
    public bool Exists(string path)
    {
        try
        {
            var exists = Resolve(path) is { } real && FileStatus.TryOf(real) is not null;
            if (exists)
                Capture?.SaveName(path);
            return exists;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>
    /// Owner and mode; for a captured tree those of its manifest, since neither git nor cp keeps them. Null if it is absent or not known.
    /// </summary>
    public Ownership? OwnershipOf(string path)
    {
        if (_manifest is not null)
            return _manifest.Ownership(path);
        try
        {
            if (!IsRunning || FileStatus.TryOf(path) is not { } status)
                return null;
            var ownership = new Ownership(status.Mode, status.Uid, new FileInfo(path).LinkTarget is not null);
            Capture?.SaveOwnership(path, ownership);
            return ownership;
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>The kernel's log, from the earliest message that is left; null if it may not be read.</summary>
    public IReadOnlyList<string>? KernelMessages()
    {
        if (!IsRunning)
        {
            var saved = Read($"{CaptureFolder}/dmesg");
            saved = saved.Ok ? saved : Read("/var/log/dmesg");
            return saved.Ok ? saved.Lines : null;
        }
        using var log = KernelLog.FromStart();
        if (!log.IsReadable)
            return null;
        var messages = new List<string>();
        while (log.Read() is { Count: > 0 } some)
            messages.AddRange(some);
        Capture?.SaveMessages(messages);
        return messages;
    }

    private Reading Open(string path, Func<FileDescriptor, byte[]> read)
    {
        if (_manifest?.Problem(path) is { } recorded)
            return new Reading(path, ReadOutcome.Unreadable, [], recorded);
        try
        {
            if (Resolve(path) is not { } real || FileStatus.TryOf(real) is not { } status)
                return new Reading(path, ReadOutcome.Absent, [], null);
            if (status.Kind != FileKind.Regular && !(IsRunning && status.Kind == FileKind.BlockDevice))
                return new Reading(path, ReadOutcome.Unreadable, [], $"it is a {Kind(status.Kind)}, not a file");
            using var file = FileDescriptor.Open(real, OpenFlags.Read | OpenFlags.NoControllingTerminal | OpenFlags.NonBlocking);
            return new Reading(path, ReadOutcome.Read, read(file), null);
        }
        catch (LinuxException problem)
        {
            return problem.Errno is Errno.ENOENT or Errno.ENOTDIR
                ? new Reading(path, ReadOutcome.Absent, [], null)
                : new Reading(path, ReadOutcome.Unreadable, [], problem.Errno.ToString());
        }
    }

    /// <summary>The path on this machine, every symbolic link on the way followed below the root; null if links loop.</summary>
    private string? Resolve(string path)
    {
        var links = 0;
        var done = "";
        var rest = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (rest.TryPop(out var name))
        {
            if (name == ".")
                continue;
            if (name == "..")
            {
                done = done[..Math.Max(done.LastIndexOf('/'), 0)];
                continue;
            }
            var next = $"{done}/{name}";
            if (new FileInfo(_directory + next).LinkTarget is not { } target)
            {
                done = next;
                continue;
            }
            if (++links > MostLinks)
                return null;
            if (target.StartsWith('/'))
                done = "";
            foreach (var part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                rest.Push(part);
        }
        return _directory + done is { Length: > 0 } real ? real : "/";
    }

    private static string Kind(FileKind kind) => kind switch
    {
        FileKind.Directory => "directory",
        FileKind.BlockDevice or FileKind.CharacterDevice => "device node",
        FileKind.Pipe => "pipe",
        FileKind.Socket => "socket",
        _ => "file of another kind",
    };
}
