namespace Sealdisk.Volumes.Configuration;

/// <summary>What several volumes must not share, and the order in which their paths come into being.</summary>
internal static class VolumeConflicts
{
    /// <summary>Reports every clash at the later of the two settings. Volumes are mounted in the order of the file.</summary>
    public static void Check(IReadOnlyList<PlacedVolume> volumes, Setting<string?> huk, Setting<string?> tpmAuth, Problems problems)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (huk.Value is not null)
            files[huk.Value] = "the huk of [source.soft]";
        if (tpmAuth.Value is not null && !files.TryAdd(tpmAuth.Value, "the auth of [source.tpm]"))
            problems.Report(tpmAuth.At, $"auth {TomlNode.Quote(tpmAuth.Value)} is already {files[tpmAuth.Value]}");
        foreach (var (spec, deviceAt, recordAt, mountAt) in volumes)
        {
            Claim(files, spec.Device, $"the device of volume {spec.Name}", deviceAt, "device");
            if (spec.RecordFile is not null)
                Claim(files, spec.RecordFile, $"the record of volume {spec.Name}", recordAt, "record");
            if (spec.Mount is not null)
                Claim(mounts, spec.Mount, $"the mount point of volume {spec.Name}", mountAt, "mount");
        }

        for (var i = 0; i < volumes.Count; i++)
        {
            var (spec, deviceAt, recordAt, mountAt) = volumes[i];
            foreach (var later in volumes.Skip(i))
            {
                CheckReachable(spec.Device, deviceAt, "device", later.Spec);
                CheckReachable(spec.RecordFile, recordAt, "record", later.Spec);
                if (spec.Huk is not null)
                    CheckReachable(spec.Huk, huk.At, "huk", later.Spec);
                if (spec.Tpm.Auth is not null)
                    CheckReachable(spec.Tpm.Auth, tpmAuth.At, "auth", later.Spec);
                if (IsBelow(spec.Mount, later.Spec.Mount))
                    problems.Report(later.MountAt, $"mount {TomlNode.Quote(later.Spec.Mount!)} would cover {spec.Mount} of volume {spec.Name}: write [volume.{spec.Name}] after it");
            }
        }

        void Claim(Dictionary<string, string> claimed, string path, string use, TextPosition at, string key)
        {
            if (!claimed.TryAdd(path, use))
                problems.Report(at, $"{key} {TomlNode.Quote(path)} is already {claimed[path]}");
        }

        void CheckReachable(string? path, TextPosition at, string key, VolumeSpec later)
        {
            if (IsBelow(path, later.Mount))
                problems.Report(at, $"{key} {TomlNode.Quote(path!)} is below {later.Mount}, where volume {later.Name} is not mounted yet when it is needed");
        }
    }

    private static bool IsBelow(string? path, string? directory) =>
        path is not null && directory is not null && path.StartsWith(directory + "/", StringComparison.Ordinal);
}
