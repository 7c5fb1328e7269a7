using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>The chip's life cycle, as a record keeps it: a state, and words for people with what was read in brackets.</summary>
internal static class ChipLifeCycle
{
    /// <summary>As this system shows it now; for a software key that there is none.</summary>
    /// <param name="source">Who seals.</param>
    internal static (ChipState State, string Words) Of(TrustSource source) =>
        source.IsKernel() ? Now() : (ChipState.None, "none: software key");

    /// <summary>
    /// How the life cycle has changed since the record's key was sealed, if that may be why it no longer opens; else null.
    /// </summary>
    internal static string? Change(VolumeRecord record) => Change(record.Chip, Now().State);

    internal static string? Change(ChipState then, ChipState now) => (then, now) switch
    {
        (ChipState.Open, ChipState.Closed) => "the chip was open when the key was sealed and is closed now",
        (ChipState.Closed, ChipState.Open) => "the chip was closed when the key was sealed and is open now (field return, or another chip)",
        _ => null,
    };

    /// <summary>The same failure, with the change as its reason.</summary>
    internal static SealdiskException Because(SealdiskException problem, string change) => new(
        problem.Code, $"{problem.Message}; {change}, which on many chips changes the hardware key",
        "nothing was changed; restore the data from a backup into a new volume on this device", problem);

    private static (ChipState State, string Words) Now()
    {
        var root = new SystemRoot("/");
        return Platform.Of(root).LifeCycle(root);
    }
}
