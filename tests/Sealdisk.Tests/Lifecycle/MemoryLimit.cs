using System.Globalization;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>A control group with a limit on memory, the page cache that its processes fill included.</summary>
internal sealed class MemoryLimit : IDisposable
{
    private readonly string _group;
    private readonly string _limitFile;
    private readonly string _unlimited;

    private MemoryLimit(string hierarchy, string limitFile, string unlimited, long bytes)
    {
        _group = Path.Combine(hierarchy, $"sealdisk-test-{Environment.ProcessId}");
        _limitFile = Path.Combine(_group, limitFile);
        _unlimited = unlimited;
        Directory.CreateDirectory(_group);
        File.WriteAllText(_limitFile, bytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Null where this machine lets nobody limit memory: no memory controller that can be written to.</summary>
    public static MemoryLimit? TryMake(long bytes)
    {
        try
        {
            if (File.Exists("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
                return new MemoryLimit("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "-1", bytes);
            const string controllers = "/sys/fs/cgroup/cgroup.subtree_control";
            if (File.Exists(controllers) && File.ReadAllText(controllers).Contains("memory", StringComparison.Ordinal))
                return new MemoryLimit("/sys/fs/cgroup", "memory.max", "max", bytes);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return null;
    }

    /// <summary>Runs a shell script within the limit.</summary>
    public (int Code, string Output) Shell(string script, params string[] arguments) =>
        Tool.Try("/bin/sh", ["-euc", $"echo $$ > {_group}/cgroup.procs\n{script}", "sh", .. arguments]);

    /// <summary>The most that was in use, in bytes.</summary>
    public long Peak
    {
        get
        {
            var peakFile = Path.GetFileName(_limitFile) == "memory.max" ? "memory.peak" : "memory.max_usage_in_bytes";
            return long.Parse(File.ReadAllText(Path.Combine(_group, peakFile)), CultureInfo.InvariantCulture);
        }
    }

    public void Dispose()
    {
        File.WriteAllText(_limitFile, _unlimited);
        Assert.True(
            SpinWait.SpinUntil(() => File.ReadAllText(Path.Combine(_group, "cgroup.procs")).Length == 0, Patience.Limit),
            "something still runs in the control group");
        Directory.Delete(_group);
    }
}
