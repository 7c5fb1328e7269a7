using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Durability;

/// <summary>
/// The storage operations of the published binary, as the kernel saw them: strace(1) writes down every system call that changes a file or
/// makes it durable, with all its bytes. A call of a kind that is not understood here, on a file that is watched, fails the test.
/// </summary>
internal static partial class StorageTrace
{
    private const string Calls =
        "openat,open,creat,pwrite64,pwritev,pwritev2,write,writev,"
        + "fsync,fdatasync,sync_file_range,syncfs,msync,ftruncate,truncate,fallocate,"
        + "rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,"
        + "copy_file_range,sendfile,splice,io_uring_enter,io_setup";

    /// <summary>
    /// The server takes this kernel for one without asynchronous transfers: its writes and syncs are then calls that
    /// begin and end where they show.
    /// </summary>
    private const string Synchronous = "io_setup:error=ENOSYS";

    private static readonly SearchValues<char> s_nameLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>What a script writes, as a file in the folder, to say from where on something is promised.</summary>
    public const string Mark = "promised-";

    /// <summary>
    /// Runs a shell script under strace, to the end of everything it starts, and reads what it did to the files right in a folder.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="devices">Paths of block devices, and the file in the folder that each of them stands for.</param>
    /// <param name="inject">strace's words to tamper with a call, or null.</param>
    /// <param name="script">What to run.</param>
    public static (ProgramResult Result, IReadOnlyList<StorageOperation> Operations) Of(
        string folder,
        IReadOnlyDictionary<string, string> devices,
        string? inject,
        string script)
    {
        var log = Path.GetTempFileName();
        try
        {
            string[] tampering = inject is null ? [] : ["-e", $"inject={inject}"];
            var result = NativeBinary.Run(new ProcessStartInfo(
                "strace",
                [
                    "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "16777216", "-o", log, "-e", $"trace={Calls}",
                    "-e", $"inject={Synchronous}", .. tampering, "sh", "-uc", script,
                ]));
            return (result, [.. Read(folder, devices, File.ReadLines(log))]);
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static IEnumerable<StorageOperation> Read(string folder, IReadOnlyDictionary<string, string> devices, IEnumerable<string> lines)
    {
        var unfinished = new Dictionary<string, (int Line, string Text)>(StringComparer.Ordinal);
        var operations = new List<StorageOperation>();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            var process = line[..line.IndexOf(' ', StringComparison.Ordinal)];
            var text = line[process.Length..].TrimStart();
            var begin = number;
            if (text.EndsWith(" <unfinished ...>", StringComparison.Ordinal))
            {
                unfinished[process] = (number, text[..^" <unfinished ...>".Length]);
                continue;
            }
            if (text.StartsWith("<... ", StringComparison.Ordinal))
            {
                (begin, var started) = unfinished[process];
                unfinished.Remove(process);
                text = started + text[(text.IndexOf('>', StringComparison.Ordinal) + 1)..];
            }
            if (Call(text) is { } call && !call.Result.StartsWith('-'))
                operations.AddRange(Of(folder, devices, call.Name, call.Arguments, call.Result, begin, number));
        }
        // In the order in which they began; nothing of Sealdisk's own overlaps, the server's threads do.
        return operations.OrderBy(operation => operation.Begin);
    }

    private static IEnumerable<StorageOperation> Of(
        string folder,
        IReadOnlyDictionary<string, string> devices,
        string name,
        string arguments,
        string result,
        int begin,
        int end)
    {
        // A call that strace answered in the kernel's place has not happened.
        if (result.Contains("INJECTED", StringComparison.Ordinal))
            yield break;
        var fields = arguments.Split(", ");
        var isFolder = Opened().Match(fields[0]) is { Success: true } first
            && Text(first.Groups["path"].Value) == folder
            && name is "fsync" or "fdatasync";
        var file = name switch
        {
            "openat" => Watched(Quoted(fields[1])),
            "rename" or "unlink" => Watched(Quoted(fields[0])),
            _ when Opened().Match(fields[0]) is { Success: true } opened => Watched(Text(opened.Groups["path"].Value)),
            _ => null,
        };
        if (isFolder)
            yield return new StorageOperation.SyncFolder(begin, end);
        if (file is null)
            yield break;
        if (file.StartsWith(Mark, StringComparison.Ordinal))
        {
            if (name == "openat")
                yield return new StorageOperation.Promise(Enum.Parse<Promised>(file[Mark.Length..]), begin, end);
            yield break;
        }
        switch (name)
        {
            case "openat" when !arguments.Contains("O_CREAT", StringComparison.Ordinal)
                && !arguments.Contains("O_TRUNC", StringComparison.Ordinal):
                break;
            case "openat" when arguments.Contains("O_EXCL", StringComparison.Ordinal):
                yield return new StorageOperation.Create(file, begin, end);
                break;
            case "pwrite64":
                yield return new StorageOperation.Write(
                    file,
                    begin,
                    end,
                    Number(fields[3]),
                    Bytes(Quote(fields[1]))[..(int)Number(result)]);
                break;
            case "fsync" or "fdatasync":
                yield return new StorageOperation.Sync(file, begin, end);
                break;
            case "ftruncate":
                yield return new StorageOperation.Resize(file, begin, end, Number(fields[1]));
                break;
            case "fallocate" when fields[1] == "0":
                yield return new StorageOperation.Resize(file, begin, end, Number(fields[2]) + Number(fields[3]));
                break;
            case "fallocate" when fields[1].Contains("ZERO_RANGE", StringComparison.Ordinal)
                || fields[1].Contains("PUNCH_HOLE", StringComparison.Ordinal):
                yield return new StorageOperation.Zero(file, begin, end, Number(fields[2]), Number(fields[3]));
                break;
            case "rename":
                yield return new StorageOperation.Rename(
                    file,
                    begin,
                    end,
                    Watched(Quoted(fields[1])) ?? throw new InvalidDataException($"renamed out of the folder: {arguments}"));
                break;
            case "unlink":
                yield return new StorageOperation.Unlink(file, begin, end);
                break;
            default:
                throw new InvalidDataException($"what does {name}({arguments[..Math.Min(200, arguments.Length)]}) do?");
        }

        string? Watched(string path)
        {
            if (devices.TryGetValue(path, out var standsFor))
                return standsFor;
            return Path.GetDirectoryName(path) == folder && !Directory.Exists(path) ? Path.GetFileName(path) : null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static string Quoted(string field) => Text(Quote(field));

    private static string Text(string hex) => hex.StartsWith("\\x", StringComparison.Ordinal) ? Encoding.UTF8.GetString(Bytes(hex)) : hex;

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace("\\x", "", StringComparison.Ordinal));

    /// <summary>
    /// The parts of "name(arguments) = result", or null for a line that says something else. By hand, since lines have up to megabytes,
    /// which a regular expression takes minutes for.
    /// </summary>
    private static (string Name, string Arguments, string Result)? Call(string text)
    {
        var (open, equals) = (text.IndexOf('(', StringComparison.Ordinal), text.LastIndexOf(" = ", StringComparison.Ordinal));
        if (open <= 0 || equals < open || text.AsSpan(0, open).ContainsAnyExcept(s_nameLetters))
            return null;
        var arguments = text.AsSpan(open + 1, equals - open - 1).TrimEnd(' ');
        return arguments.EndsWith(")") ? (text[..open], arguments[..^1].ToString(), text[(equals + 3)..]) : null;
    }

    /// <summary>What is between the quotes, all in hex; empty where it is not a text in quotes.</summary>
    private static string Quote(string field) =>
        field.Length >= 2 && field[0] == '"' && field.IndexOf('"', 1) == field.Length - 1 ? field[1..^1] : "";

    [GeneratedRegex(@"^\d+<(?<path>[^>]*)>", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Opened();
}
