using System.Globalization;
using System.Security.Cryptography;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Support;

/// <summary>The regular files in a folder and all below it, what is mounted there left out; one line for each, in order.</summary>
internal static class FolderState
{
    /// <summary>SHA-256 and the path from the folder: "HASH  ./image".</summary>
    public static string Hashes(string folder) => Lines(Files(folder).Select(file => $"{Hash(file.FullName)}  {Name(folder, file)}"));

    /// <summary>Size, and when it was last written to.</summary>
    public static string Times(string folder) => Lines(Files(folder).Select(
        file => string.Create(
            CultureInfo.InvariantCulture,
            $"{Name(folder, file)} {file.Length} bytes, written {file.LastWriteTimeUtc:O}")));

    private static IEnumerable<FileInfo> Files(string folder) => Files(new DirectoryInfo(folder), FileStatus.Of(folder).Device);

    private static IEnumerable<FileInfo> Files(DirectoryInfo folder, DeviceNumber device) =>
        folder.EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is null).SelectMany(
        entry => (FileStatus.TryOf(entry.FullName), entry) switch
        {
            ({ Kind: FileKind.Regular } status, FileInfo file) when status.Device == device => [file],
            ({ Kind: FileKind.Directory } status, DirectoryInfo inner) when status.Device == device => Files(inner, device),
            _ => Enumerable.Empty<FileInfo>(),
        });

    private static string Hash(string path)
    {
        // Not with File: it takes a lock, and the server of a volume that is up has that.
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[1 << 20];
        var at = 0L;
        while (file.ReadAt(piece, at) is > 0 and var read)
        {
            hash.AppendData(piece, 0, read);
            at += read;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Name(string folder, FileInfo file) => Path.Combine(".", Path.GetRelativePath(folder, file.FullName));

    private static string Lines(IEnumerable<string> lines) =>
        string.Concat(lines.Order(StringComparer.Ordinal).Select(line => line + "\n"));
}
