namespace Sealdisk.Tests.Support;

/// <summary>
/// Tests that look at what the machine has one set of (all loop devices, all mounts, all locks), or that pin it for a while (a
/// mount namespace of their own has a copy of every mount): [Collection(DevicesCollection.Name)] keeps them from running beside
/// any other test. One that makes loop devices, mappings and mounts of its own and looks for those alone, as
/// <see cref="TestVolume"/> does, needs no such thing.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DevicesCollection
{
    public const string Name = "devices";
}
