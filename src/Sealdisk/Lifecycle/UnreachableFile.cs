using System.Text;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// A detached record or an image that is not there may be on a filesystem that is not mounted. To make a new one in the bare directory
/// below it would be to make a new key, and to lose both volumes to each other as soon as that filesystem is mounted.
/// </summary>
internal static class UnreachableFile
{
    private const string Fstab = "/etc/fstab";

    /// <summary>What keeps a volume's image or detached record out of reach, and what to do; null if nothing does.</summary>
    internal static (string Problem, string Remedy)? Of(VolumeSpec spec, IReadOnlyList<MountEntry> mounts) =>
        Of(spec, mounts, spec.RecordFile is { } file ? RecordStore.Detached(file).Read() : RecordReading.Nothing);

    /// <summary>The same with the record as it was read.</summary>
    internal static (string Problem, string Remedy)? Of(VolumeSpec spec, IReadOnlyList<MountEntry> mounts, RecordReading reading)
    {
        if (spec.RecordFile is { } file && FileStatus.TryOf(file) is not null)
            return reading.IsForeign
                ? ($"{file} is not a record: it holds something else", "name another file as the volume's 'record'")
                : null;
        var ofRecord = spec.RecordFile is { } record ? Of("its record", record, mounts) : null;
        return ofRecord is null && FileStatus.TryOf(spec.Device) is null ? Of("its device", spec.Device, mounts) : ofRecord;
    }

    private static (string Problem, string Remedy)? Of(string what, string path, IReadOnlyList<MountEntry> mounts)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            return ($"{what} {path} is a symbolic link to {target}, which is not there", $"mount what {target} is on, or remove the link");
        var expected = MountPoints(File.Exists(Fstab) ? File.ReadAllText(Fstab) : "")
            .Where(point => path.StartsWith(point + "/", StringComparison.Ordinal))
            .MaxBy(point => point.Length);
        return expected is not null && mounts.All(mount => mount.Target != expected)
            ? ($"{what} {path} is not there, and {expected}, which {Fstab} says is a filesystem of its own, is not mounted",
                $"mount {expected}")
            : null;
    }

    /// <summary>The mount points below / that an fstab(5) names.</summary>
    internal static IEnumerable<string> MountPoints(string fstab) =>
        from line in fstab.Split('\n')
        let fields = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
        where fields.Length >= 3 && fields[0][0] != '#' && fields[1].StartsWith('/')
        let point = Unescaped(fields[1]).TrimEnd('/')
        where point.Length > 0
        select point;

    /// <summary>fstab writes a space as \040, and so on.</summary>
    private static string Unescaped(string field)
    {
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && field.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                text.Append((char)(((field[i + 1] - '0') * 64) + ((field[i + 2] - '0') * 8) + field[i + 3] - '0'));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }
        return text.ToString();
    }
}
