namespace Sealdisk.Volumes.Configuration;

/// <summary>What several volumes must not share, and the order in which their paths come into being.</summary>
internal static class VolumeConflicts
{
    /// <summary>Reports every clash at the later of the two settings. Volumes are mounted in the order of the file.</summary>
    public static void Check(IReadOnlyList<PlacedVolume> volumes, SourceSettings sources, Problems problems)
    {
        CheckShared(volumes, sources, problems);
        for (var i = 0; i < volumes.Count; i++)
        {
            foreach (var later in volumes.Skip(i))
                CheckOrder(volumes[i], later, sources, problems);
        }
    }

    private static void CheckShared(IReadOnlyList<PlacedVolume> volumes, SourceSettings sources, Problems problems)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        Claim(files, sources.Huk.Value, "the huk of [source.soft]", sources.Huk.At, "huk");
        Claim(files, sources.TpmAuth.Value, "the auth of [source.tpm]", sources.TpmAuth.At, "auth");
        foreach (var (spec, deviceAt, recordAt, mountAt) in volumes)
        {
            Claim(files, spec.Device, $"the device of volume {spec.Name}", deviceAt, "device");
            Claim(files, spec.RecordFile, $"the record of volume {spec.Name}", recordAt, "record");
            Claim(mounts, spec.Mount, $"the mount point of volume {spec.Name}", mountAt, "mount");
        }

        void Claim(Dictionary<string, string> claimed, string? path, string use, TextPosition at, string key)
        {
            if (path is not null && !claimed.TryAdd(path, use))
                problems.Report(at, $"{key} {TomlNode.Quote(path)} is already {claimed[path]}");
        }
    }

    /// <summary>What the earlier volume needs must not be below the mount point of the later one, which may be the same volume.</summary>
    private static void CheckOrder(PlacedVolume earlier, PlacedVolume later, SourceSettings sources, Problems problems)
    {
        var (spec, deviceAt, recordAt, _) = earlier;
        Reachable(spec.Device, deviceAt, "device");
        Reachable(spec.RecordFile, recordAt, "record");
        Reachable(spec.Huk, sources.Huk.At, "huk");
        Reachable(spec.Tpm.Auth, sources.TpmAuth.At, "auth");
        if (IsBelow(spec.Mount, later.Spec.Mount))
        {
            var covered = $"{spec.Mount} of volume {spec.Name}";
            problems.Report(
                later.MountAt, $"mount {TomlNode.Quote(later.Spec.Mount!)} would cover {covered}: write [volume.{spec.Name}] after it");
        }

        void Reachable(string? path, TextPosition at, string key)
        {
            var (name, mount) = (later.Spec.Name, later.Spec.Mount);
            if (IsBelow(path, mount))
                problems.Report(at, $"{key} {TomlNode.Quote(path!)} is below {mount}, but it is needed before volume {name} is mounted");
        }
    }

    private static bool IsBelow(string? path, string? directory) =>
        path is not null && directory is not null && path.StartsWith(directory + "/", StringComparison.Ordinal);
}
