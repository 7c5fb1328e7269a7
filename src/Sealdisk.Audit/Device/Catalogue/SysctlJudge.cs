using System.Globalization;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>Judges numbers below /proc/sys that must have a least value.</summary>
internal static class SysctlJudge
{
    internal static Verdict AtLeast(AuditedSystem system, string path, long least)
    {
        var (value, seen) = system.Sysctl(path);
        var name = path.Replace('/', '.');
        if (value is not { } number)
            return Unknown($"{name} cannot be read", seen);
        var text = string.Create(CultureInfo.InvariantCulture, $"{name} is {number}");
        return number >= least
            ? Holds(text, seen)
            : Fails(string.Create(CultureInfo.InvariantCulture, $"{text}; it must be at least {least}"), seen);
    }
}
