using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Audit.Device;

/// <summary>
/// Writes what an audit reads into a new directory, which audits as the system itself did. Only the bytes that were read are in it, with what is
/// secret taken out; but a sealed key is among them, which where its HUK is known is as good as the key.
/// </summary>
public sealed class TreeCapture
{
    private const int OwnerOnly = Permissions.Mode0700;

    private readonly string _directory;
    private readonly Dictionary<string, string> _manifest = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <param name="directory">To be made.</param>
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
        // What is below a name comes before it, so that a name which was only listed is a file where nothing is below it, and a directory otherwise.
        foreach (var name in _names.OrderDescending(StringComparer.Ordinal))
        {
            if (!Path.Exists(Place(name)) && MakeFolderOf(name))
                File.WriteAllBytes(Place(name), []);
        }
        MakeFolderOf(TreeManifest.FilePath);
        File.WriteAllText(Place(TreeManifest.FilePath), string.Concat(_manifest.Values.Order(StringComparer.Ordinal).Select(line => line + "\n")));
    }

    internal void Save(Reading reading, long offset)
    {
        if (reading.Sight == Sight.Unreadable)
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
    /// Below the directory, whatever the audited system put into a path: the names of its swap areas, for one, are its own words. A ".." goes up no further
    /// than the root, as when it is read.
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

    /// <summary>False where a file stands in the way: something that was listed as a name, and is a directory after all.</summary>
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
