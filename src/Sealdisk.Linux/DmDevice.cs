using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>A version of the device-mapper's interface or of one of its targets.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DmVersion(uint Major, uint Minor, uint Patch) : IComparable<DmVersion>
{
    /// <inheritdoc/>
    public int CompareTo(DmVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <inheritdoc/>
    public override string ToString() => $"{Major}.{Minor}.{Patch}";

    public static bool operator <(DmVersion left, DmVersion right) => left.CompareTo(right) < 0;

    public static bool operator <=(DmVersion left, DmVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >(DmVersion left, DmVersion right) => left.CompareTo(right) > 0;

    public static bool operator >=(DmVersion left, DmVersion right) => left.CompareTo(right) >= 0;
}

/// <summary>One line of a table.</summary>
/// <param name="Start">First sector of the mapping that it serves.</param>
/// <param name="Length">How many sectors.</param>
/// <param name="Type">Target type, at most 15 bytes, such as "crypt".</param>
/// <param name="Parameters">The target's own words. When read back, a key in hexadecimal is replaced by zeros.</param>
public sealed record DmTarget(Sectors Start, Sectors Length, string Type, string Parameters);

/// <summary>How a table is loaded.</summary>
/// <param name="ReadOnly">The mapping refuses writes, and its devices are opened for reading.</param>
/// <param name="SecureData">
/// DM_SECURE_DATA: the parameters hold key bytes; the kernel wipes its copy of them and the buffer they came in. Not needed if the
/// table names a key of the keyring.
/// </param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DmTableOptions(bool ReadOnly = false, bool SecureData = false);

/// <summary>What DM_DEV_STATUS reports of a mapping.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Uuid">The UUID that it was created with; null if it has none.</param>
/// <param name="Number">Its device number.</param>
/// <param name="OpenCount">How many have it open, mounts and other mappings included.</param>
/// <param name="EventNumber">A counter of its events.</param>
/// <param name="TargetCount">How many lines its active table has.</param>
/// <param name="ReadOnly">Whether it refuses writes.</param>
/// <param name="Suspended">Whether I/O waits.</param>
/// <param name="HasActiveTable">Whether it can serve I/O.</param>
/// <param name="HasInactiveTable">Whether a table is loaded that the next resume puts in place.</param>
/// <param name="DeferredRemove">Whether it goes with its last user.</param>
public sealed record DmDevice(
    DmName Name,
    string? Uuid,
    DeviceNumber Number,
    int OpenCount,
    uint EventNumber,
    uint TargetCount,
    bool ReadOnly,
    bool Suspended,
    bool HasActiveTable,
    bool HasInactiveTable,
    bool DeferredRemove);
