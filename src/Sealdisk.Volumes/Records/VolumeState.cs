namespace Sealdisk.Volumes.Records;

/// <summary>How far the first boot of a volume came.</summary>
public enum VolumeState
{
    /// <summary>The key is sealed; the filesystem may be half made. Nothing was ever mounted, so making it again loses nothing.</summary>
    Provisioning,

    /// <summary>The filesystem is complete and on the medium. It is never made again.</summary>
    Ready,
}
