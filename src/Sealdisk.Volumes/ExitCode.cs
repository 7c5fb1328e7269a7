namespace Sealdisk.Volumes;

/// <summary>What the process tells its caller; a contract, see docs/exit-codes.md.</summary>
public enum ExitCode
{
    /// <summary>Done, or there was nothing to do.</summary>
    Done = 0,

    /// <summary>Something that should work failed: an I/O error, a full disk, a busy device.</summary>
    Failed = 1,

    /// <summary>The command line or the configuration is wrong; nothing was touched.</summary>
    Usage = 2,

    /// <summary>Refused, to protect data: damaged, unknown or foreign content.</summary>
    Refused = 3,

    /// <summary>The sealed key does not open here: another device, a changed HUK or life cycle, or a tampered blob.</summary>
    DoesNotOpen = 4,

    /// <summary>This system lacks something that is needed, which the message names.</summary>
    Lacking = 5,

    /// <summary>Findings at or above the threshold.</summary>
    Findings = 6,
}
