namespace Sealdisk.BoardTests;

/// <summary>A folder on the host for a test's disks. It and they are gone afterwards.</summary>
internal sealed class Workplace : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("sealdisk-board-test-").FullName;

    /// <summary>A path in it.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>An empty disk.</summary>
    public string Disk(string name, long mebibytes)
    {
        var path = Path.Combine(Folder, name);
        Sealdisk.Board.Disk.Create(path, mebibytes << 20);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
