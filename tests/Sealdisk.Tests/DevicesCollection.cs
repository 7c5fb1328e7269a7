namespace Sealdisk.Tests;

/// <summary>
/// Tests that make loop devices, mappings or mounts: [Collection(DevicesCollection.Name)] keeps them from running at the same time,
/// since the machine has one set of these and each test looks for what it left behind.
/// </summary>
[CollectionDefinition(Name)]
public sealed class DevicesCollection
{
    public const string Name = "devices";
}
