namespace Sealdisk.Mapping;

/// <summary>All mappings of Sealdisk's, of either kind.</summary>
public static class Mappings
{
    /// <summary>The mapping of that name as it is now, or null.</summary>
    public static MappingState? Find(string name) => FuseMapping.Find(name) ?? DmMapping.Find(name);

    /// <summary>All mappings there are now, by name.</summary>
    public static IReadOnlyList<MappingState> List() =>
        FuseMapping.List().Concat(DmMapping.List()).OrderBy(mapping => mapping.Name, StringComparer.Ordinal).ToArray();

    /// <summary>Takes a mapping down; returns whether there was one. What was written is on the backing device when this returns.</summary>
    public static bool Close(string name) => FuseMapping.Close(name) || DmMapping.Close(name, isDeferred: false);
}
