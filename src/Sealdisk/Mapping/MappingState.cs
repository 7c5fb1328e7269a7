using Sealdisk.DataPath;

namespace Sealdisk.Mapping;

/// <summary>A mapping that is there now, whole or in pieces.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Request">What it was opened with; null where that file is gone or unreadable.</param>
/// <param name="VolumePath">The decrypted volume as a file: /run/sealdisk/NAME/volume.</param>
/// <param name="BlockPath">The block device on top of it, /dev/loopN; null where there is none.</param>
/// <param name="Server">Process number of the data-path server; null where it has died.</param>
/// <param name="IsMounted">Whether the FUSE mount is (still) there.</param>
/// <param name="PassesDiscards">Whether discards reach the device.</param>
public sealed record MappingState(
    string Name, ServeRequest? Request, string VolumePath, string? BlockPath, int? Server, bool IsMounted, bool PassesDiscards)
{
    /// <summary>The last error that the server has met, or null.</summary>
    public string? LastError { get; init; }

    /// <summary>True when reads and writes are served: server, mount and loop device are all there.</summary>
    public bool IsWhole => Problem is null;

    /// <summary>What is wrong with it, or null.</summary>
    public string? Problem => this switch
    {
        { Server: null } => "its server process has died; what was not synced before is lost",
        { IsMounted: false } => "its FUSE mount is gone",
        { BlockPath: null } => "its loop device is gone",
        _ => null,
    };
}
