namespace Sealdisk.Tests.Support;

/// <summary>
/// How long a test waits for what must come to pass: only what hangs meets this limit. Machines that test stand still for seconds at times,
/// and work at a tenth of their speed for minutes.
/// </summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
}
