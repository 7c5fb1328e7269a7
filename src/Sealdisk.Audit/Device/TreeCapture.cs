using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Audit.Device;

/// <summary>
/// Writes what an audit reads into a new directory, whose audit gives the same findings as the system itself. It holds only the bytes that
/// were read, without secrets. But it holds sealed keys, and a sealed key whose HUK is known is as good as the key.
/// </summary>
public sealed class TreeCapture
{
    private const int OwnerOnly = Permissions.Mode0700;

    private readonly string _directory;
    private readonly Dictionary<string, string> _manifest = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <param name="directory">Is created.</param>
    /// <exception cref="SealdiskException">It exists.</exception>
    public TreeCapture(string directory)
    {
        _directory = Path.GetFullPath(directory).TrimEnd('/');
        if (DurableFile.IsTaken(_directory))
            throw SealdiskException.Refused($"cannot capture into {directory}: it exists (EEXIST)", "name a directory that does not");
        DirectoryEntries.MakeDirectory(_directory, OwnerOnly);
    }

    /// <summary>Writes the manifest and the names that were only listed.</summary>
    public void Finish()
    {
        // A path comes before its parent: a name that was only listed becomes a directory if anything is below it, else an empty file.
        foreach (var name in _names.OrderDescending(StringComparer.Ordinal))
        {
            if (!Path.Exists(Place(name)) && MakeFolderOf(name))
                File.WriteAllBytes(Place(name), []);
        }
        MakeFolderOf(TreeManifest.FilePath);
        var lines = _manifest.Values.Order(StringComparer.Ordinal).Select(line => line + "\n");
        File.WriteAllText(Place(TreeManifest.FilePath), string.Concat(lines));
    }

    internal void Save(Reading reading, long offset)
    {
        if (reading.Outcome == ReadOutcome.Unreadable)
            _manifest["error " + reading.Path] = TreeManifest.Line(reading.Path, reading.Problem!);
        if (!reading.Ok || !MakeFolderOf(reading.Path))
            return;
        using var file = FileDescriptor.Open(Place(reading.Path), OpenFlags.Write | OpenFlags.Create);
        file.WriteAt(reading.Bytes, offset);
    }

    internal void SaveName(string path) => _names.Add(path);

    internal void SaveNames(string path, IReadOnlyList<string> names)
    {
        foreach (var name in names)
            _names.Add($"{path}/{name}");
    }

    internal void SaveOwnership(string path, Ownership ownership) => _manifest["mode " + path] = TreeManifest.Line(path, ownership);

    internal void SaveMessages(IReadOnlyList<string> messages)
    {
        const string Log = SystemRoot.CaptureFolder + "/dmesg";
        MakeFolderOf(Log);
        File.WriteAllLines(Place(Log), messages, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    /// <summary>
    /// Below the directory, whatever the audited system put into a path: the names of its swap areas, for example, are its own words. As in
    /// reading, ".." does not lead above the root.
    /// </summary>
    private string Place(string path)
    {
        var names = new List<string>();
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name != "." && name != "..")
                names.Add(name);
            else if (name == ".." && names.Count > 0)
                names.RemoveAt(names.Count - 1);
        }
        return $"{_directory}/{string.Join('/', names)}";
    }

    /// <summary>False if a file is in the way: a name that was only listed, and is a directory after all.</summary>
    private bool MakeFolderOf(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Place(path))!);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
