using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Sealdisk.Tests.Support;

/// <summary>
/// A volume of the soft source in a temporary directory, with its HUK, its configuration (which can name further volumes) and whatever
/// a test puts there. The published binary works on it. Everything that is still open at the end is taken down.
/// </summary>
internal sealed class TestVolume : IDisposable
{
    public const int MiB = 1 << 20;

    /// <summary>What <see cref="MountedFile"/> holds after a first boot.</summary>
    public const string FileContent = "the file of the first boot";

    private static int s_volumes;
    private readonly TemporaryDirectory _folder = new();
    private readonly List<string> _volumes = [];
    private readonly List<string> _loops = [];

    public TestVolume()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"t{Environment.ProcessId}-{Interlocked.Increment(ref s_volumes)}");
        NewHuk("huk.hex");
        File.WriteAllText(Config, $"[source.soft]\nhuk = \"{this["huk.hex"]}\"\n\n");
    }

    /// <summary>The first volume's name; no other test's volume has it.</summary>
    public string Name { get; }

    public string Config => this["sealdisk.toml"];

    public string Image => this["image"];

    public string Mount => this["mnt"];

    public string MountedFile => this["mnt/file"];

    /// <summary>The two copies of the first volume's record, where its configuration has it: in the image, or in a file.</summary>
    public RecordFile Record
    {
        get
        {
            var isDetached = File.ReadLines(Config).Any(line => line.StartsWith("record = ", StringComparison.Ordinal));
            return new RecordFile(isDetached ? this["record"] : Image, isHeader: !isDetached);
        }
    }

    public string this[string name] => Path.Combine(_folder.Path, name);

    /// <summary>An 8 MiB image with a header record, 4096-byte sectors and ext4, except for these settings.</summary>
    public static TestVolume With(params (string Key, object? Value)[] settings)
    {
        var volume = new TestVolume();
        volume.Add(volume.Name, [("device", volume.Image), ("size", "8MiB"), ("mount", volume.Mount), .. settings]);
        return volume;
    }

    /// <summary>The same, after its first boot, a file written, and down again.</summary>
    public static TestVolume Ready(params (string Key, object? Value)[] settings)
    {
        var volume = With(settings);
        volume.FirstBoot();
        return volume;
    }

    /// <summary>The same with a recovery key in a file, after which the HUK became another device's.</summary>
    public static TestVolume OnAnotherDevice(bool detached = false, params (string Key, object? Value)[] settings)
    {
        var volume = With([("key", "encrypted"), .. settings]);
        if (detached)
            volume.Change("record", volume["record"]);
        volume.AddRecoveryKey();
        volume.FirstBoot();
        volume.NewHuk("huk.hex");
        return volume;
    }

    /// <summary>Adds a volume to the configuration. A null removes a default setting; strings are quoted, other values are not.</summary>
    public void Add(string volume, params (string Key, object? Value)[] settings)
    {
        _volumes.Add(volume);
        var all = new Dictionary<string, object?> { ["source"] = "soft", ["filesystem"] = "ext4", ["sector-size"] = 4096 };
        foreach (var (key, value) in settings)
            all[key] = value;
        var lines = all.Where(pair => pair.Value is not null).Select(pair => $"{pair.Key} = {Toml(pair.Value!)}\n");
        File.AppendAllText(Config, $"[volume.{volume}]\n{string.Concat(lines)}\n");
    }

    /// <summary>Takes one setting of the only volume out.</summary>
    public void Remove(string key) =>
        File.WriteAllLines(Config, File.ReadAllLines(Config).Where(line => !line.StartsWith(key + " = ", StringComparison.Ordinal)));

    /// <summary>Changes one setting of the only volume.</summary>
    public void Change(string key, object value)
    {
        Remove(key);
        var lines = File.ReadAllLines(Config).ToList();
        lines.Insert(lines.FindIndex(line => line.StartsWith("[volume.", StringComparison.Ordinal)) + 1, $"{key} = {Toml(value)}");
        File.WriteAllLines(Config, lines);
    }

    public void NewHuk(string name)
    {
        File.Delete(this[name]);
        Assert.Equal(0, NativeBinary.Run("huk", "new", this[name]).Exit);
    }

    /// <summary>Makes recovery.key and configures its public half.</summary>
    public void AddRecoveryKey()
    {
        var line = Done(NativeBinary.Run("recovery", "new", this["recovery.key"])).Stdout;
        Change("recovery", line.Split('"')[1]);
        Assert.Equal(0b110_000_000, Sealdisk.Linux.FileStatus.Of(this["recovery.key"]).Mode & 0b111_111_111);
    }

    public ProgramResult Run(string verb, params string[] arguments) => NativeBinary.Run(["--config", Config, verb, .. arguments]);

    /// <summary>
    /// Runs a verb in a mount namespace of its own, which a shell script prepares: its $1 is <paramref name="argument"/>.
    /// </summary>
    public ProgramResult RunAfter(string script, string argument, string verb) => NativeBinary.Run(new ProcessStartInfo(
        "unshare",
        [
            "-m", "--propagation", "slave", "sh", "-euc", script + "; shift; exec \"$@\"",
            "sh", argument, NativeBinary.Path, "--config", Config, verb,
        ]));

    /// <summary>Up, a file written, and down again.</summary>
    public void FirstBoot()
    {
        Up();
        File.WriteAllText(MountedFile, FileContent);
        Down();
    }

    /// <summary>While it is up: the file of the first boot is there.</summary>
    public void AssertFileKept() => Assert.Equal(FileContent, File.ReadAllText(MountedFile));

    /// <summary>Up, which must succeed.</summary>
    public ProgramResult Up() => Done(Run("up"));

    /// <summary>Down, which must succeed and leave nothing.</summary>
    public ProgramResult Down()
    {
        var result = Done(Run("down"));
        AssertNothingOpen();
        return result;
    }

    /// <summary>The first volume as a verb reports it with --json.</summary>
    public JsonElement Json(string verb) => JsonDocument.Parse(Run(verb, "--json").Stdout).RootElement.GetProperty("volumes")[0];

    public string State => Json("status").GetProperty("state").GetString()!;

    public static ProgramResult Done(ProgramResult result)
    {
        Assert.True(result.Exit == 0, $"exit code {result.Exit}\n{result.Stdout}{result.Stderr}");
        return result;
    }

    /// <summary>A verb that must be refused with this exit code and these words, write to no file and leave nothing open.</summary>
    public ProgramResult Refused(string verb, ExitCode code, string message, string hint = "")
    {
        var before = Snapshot();
        var result = Run(verb);
        AssertFailure(result, code, message, hint);
        Assert.Equal(before, Snapshot());
        AssertNothingOpen();
        return result;
    }

    public static void AssertFailure(ProgramResult result, ExitCode code, string message, string hint = "")
    {
        Assert.True((int)code == result.Exit, $"exit code {result.Exit}, not {(int)code}\n{result.Stdout}{result.Stderr}");
        Assert.Contains($"sealdisk: {message}", result.Stderr, StringComparison.Ordinal);
        Assert.Contains(hint, result.Stderr, StringComparison.Ordinal);
        if (hint.Length > 0)
            Assert.Contains("  hint: ", result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", result.Stderr, StringComparison.Ordinal);
    }

    /// <summary>SHA-256 of every file here, what is mounted left out.</summary>
    public string Fingerprint() => FolderState.Hashes(_folder.Path);

    /// <summary>That and when each was last written to: the same before and after means that nothing was written at all.</summary>
    public string Snapshot() => Fingerprint() + FolderState.Times(_folder.Path);

    /// <summary>No mapping, no loop device, no server process, no mount.</summary>
    public void AssertNothingOpen()
    {
        Assert.Equal("", Mounts());
        foreach (var volume in _volumes)
        {
            Assert.False(Directory.Exists($"/run/sealdisk/{volume}"), $"/run/sealdisk/{volume} is left");
            // A server lets go of everything some milliseconds before its process is gone from the list.
            Assert.True(SpinWait.SpinUntil(() => !Servers(volume).Any(), Patience.Limit), $"a server of {volume} is left");
        }
        // One that goes with its last user may wait for who merely looks, as every `up` does at all loop devices that there are.
        if (!SpinWait.SpinUntil(() => _loops.ToHashSet(StringComparer.Ordinal).SetEquals(Loops()), Patience.Limit))
            Assert.Equal(_loops, Loops());
    }

    /// <summary>Maps the image by hand and lets e2fsck judge it, which changes nothing.</summary>
    public void AssertFilesystemClean()
    {
        var mapping = Name + "-fsck";
        Done(NativeBinary.Run("map", "open", mapping, Image, "--huk", this["huk.hex"]));
        try
        {
            Tool.Run("e2fsck", "-fn", $"/run/sealdisk/{mapping}/volume");
        }
        finally
        {
            Done(NativeBinary.Run("map", "close", mapping));
        }
    }

    /// <summary>Attaches a file here to a loop device of its own, as a block device to work on; returns its path.</summary>
    public string Attach(string file, params string[] options)
    {
        var loop = Tool.Run("losetup", ["-f", "--show", .. options, this[file]]).Trim();
        _loops.Add(loop);
        return loop;
    }

    /// <summary>Kills the volume's server, as the kernel would when memory is out; returns when it has gone.</summary>
    public void KillServer()
    {
        using var server = Process.GetProcessById(Json("status").GetProperty("server").GetInt32());
        server.Kill();
        server.WaitForExit();
    }

    public static IEnumerable<int> Servers(string volume) =>
        from path in Directory.EnumerateDirectories("/proc")
        let id = int.TryParse(Path.GetFileName(path), out var number) ? number : 0
        where id > 0 && CommandLine(id).EndsWith($"\0serve\0{volume}\0", StringComparison.Ordinal)
        select id;

    public void Dispose()
    {
        foreach (var volume in _volumes.AsEnumerable().Reverse())
            Run("down", volume);
        foreach (var mount in Mounts().Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse())
            Tool.Try("umount", "-l", mount);
        foreach (var loop in Loops())
            Tool.Try("losetup", "-d", loop);
        _folder.Dispose();
    }

    private string Mounts() => string.Join('\n', Sealdisk.Linux.Mounts.Read().Select(mount => mount.Target)
        .Where(
            target => target.StartsWith(_folder.Path, StringComparison.Ordinal)
                || _volumes.Any(volume => target.StartsWith($"/run/sealdisk/{volume}/", StringComparison.Ordinal))));

    private string[] Loops() =>
    [
        .. from loop in Sealdisk.Linux.LoopDevice.InUse()
           let file = loop.BackingFile() ?? ""
           where file.StartsWith(_folder.Path, StringComparison.Ordinal)
               || _volumes.Any(volume => file.StartsWith($"/run/sealdisk/{volume}/", StringComparison.Ordinal))
           select loop.Path,
    ];

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return ""; // it has ended meanwhile
        }
    }

    private static string Toml(object value) => value switch
    {
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        string[] list => $"[{string.Join(", ", list.Select(item => $"\"{item}\""))}]",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };
}
