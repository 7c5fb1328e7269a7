using System.Globalization;
using System.Text;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// A device that loses power again and again, and what it has promised by then: the volume that it is, that the volume is
/// ready, and each file whose fsync has returned. After a cut it must keep all of that, by <c>sealdisk up</c> alone.
/// </summary>
internal sealed class DeviceLife : IDisposable
{
    private const int Slots = 16, Rounds = 60;

    // A test of what is lost, not of how long it takes: a busy machine gets its time.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    // One command per boot, since each costs more than its work: prints a section for each thing to be looked at.
    private const string Inspection = """
        echo '== up'; board-up 2>&1; echo "exit $?"
        echo '== status'; sealdisk status 2>&1
        echo '== files'; cutload check /data
        echo '== fsck'; umount /data && e2fsck -fn /dev/mapper/data 2>&1; echo "exit $?"
        echo '== down'; sealdisk down 2>&1; echo "exit $?"
        echo '== left'; dmsetup ls | grep '^data'; losetup -a; grep sealdisk: /proc/keys; true
        """;

    // As any system treats its /boot. A cut may tear the superblock of that too; it is none of Sealdisk's, and not what is tested.
    private const string Fsck = """
        e2fsck -p $1 >/dev/null 2>&1 || [ $? -le 1 ] ||
        e2fsck -p -b 8193 -B 1024 $1 >/dev/null 2>&1 || [ $? -le 1 ]
        """;

    private readonly Workplace _work = new();
    private readonly DeviceKind _kind;
    private readonly Random _random;
    private readonly IReadOnlyList<string> _disks;
    private readonly Dictionary<string, string> _files;
    private readonly StringBuilder _story = new();
    private readonly List<(CutDuring During, bool IsMidway)> _cuts = [];
    private readonly int[] _versions = new int[Slots];
    private int _log;
    private int _boots;
    private string? _uuid;
    private bool _isReady;

    public DeviceLife(DeviceKind kind, int seed)
    {
        _kind = kind;
        _random = new Random(seed);
        _disks = kind.NewDisks(_work);
        _files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["/usr/bin/cutload"] = GuestProgram.Compile(_work, "cutload"),
            ["/usr/bin/board-up"] = GuestProgram.Script(_work, "board-up", kind.Up),
            ["/usr/bin/board-fsck"] = GuestProgram.Script(_work, "board-fsck", Fsck),
            ["/usr/bin/board-inspect"] = GuestProgram.Script(_work, "board-inspect", Inspection),
            [Volume.Config] = _work["sealdisk.toml"],
        };
        File.WriteAllText(_work["sealdisk.toml"], kind.Toml);
    }

    /// <summary>The cuts up to now, and whether each came while the work was under way or right after it.</summary>
    public IReadOnlyList<(CutDuring During, bool IsMidway)> Cuts => _cuts;

    public DeviceKind Kind => _kind;

    /// <summary>Boot by boot, for a person who wants to know how it came to that.</summary>
    public string Story => _story.ToString();

    /// <summary>One more boot that ends with a power cut.</summary>
    /// <exception cref="BrokenPromise">The last cut has cost something.</exception>
    public void Cut()
    {
        // A first boot may be cut again while it resumes; from time to time what a cut has left is gone on with instead of looked at.
        var inspectsFirst = _boots > 0 && (_isReady ? _random.Next(4) > 0 : _random.Next(2) == 0);
        var during = (inspectsFirst, _isReady) switch
        {
            (true, _) => _random.Next(20) switch
            {
                < 9 => CutDuring.Load,
                < 14 => CutDuring.Repair,
                < 16 => CutDuring.LaterBoot,
                _ => CutDuring.Down,
            },
            (false, true) => CutDuring.LaterBoot,
            (false, false) => CutDuring.FirstBoot,
        };
        Boot(CutPlan.Draw(_random, during, _kind.Discard), inspectsFirst);
    }

    /// <summary>
    /// A last boot, to see what the last cut has left. At its end both copies of the record are spoilt, and <c>up</c> must
    /// refuse and change nothing.
    /// </summary>
    /// <exception cref="BrokenPromise">The cut has cost something, or <c>up</c> has acted on doubt.</exception>
    public void End() => Boot(null, inspectsFirst: true);

    public void Dispose() => _work.Dispose();

    private void Boot(CutPlan? plan, bool inspectsFirst)
    {
        _boots++;
        var start = inspectsFirst ? "inspect; " : "";
        _story.Append(CultureInfo.InvariantCulture, $"boot {_boots}: {start}{plan?.ToString() ?? "the last"}\n");
        var disks = _disks.Select((path, index) => new VolatileDisk(path)
        {
            Loss = plan?.Loss ?? Loss.None,
            Seed = (plan?.Seed ?? 0) + index,
            IgnoresFlushes = _kind.IgnoresFlushes,
        }).ToArray();
        using var machine = Machine.Boot(new BootOptions { Disks = disks, Files = _files, TimeLimit = 3 * Limit });
        machine.Succeed(_kind.Prepare, Limit);
        if (inspectsFirst)
            Inspect(machine);
        if (plan is not null)
            Act(machine, disks, plan);
        else
            SpoilBothCopies(machine);
    }

    private void Inspect(Machine machine)
    {
        var said = machine.Succeed("board-inspect", Limit) + "\n";
        var parts = said.Split("== ").Skip(1).ToDictionary(
            part => part[..part.IndexOf('\n')], part => part[(part.IndexOf('\n') + 1)..], StringComparer.Ordinal);
        Require(machine, said, parts["up"].EndsWith("exit 0\n", StringComparison.Ordinal), "'up' does not bring the volume up");
        Require(
            machine, said, !_isReady || !parts["up"].Contains("first boot", StringComparison.Ordinal),
            "a volume that was ready had a first boot again");
        _isReady = true;
        Require(
            machine, said, parts["status"].Contains(", both good, ready\n", StringComparison.Ordinal),
            "the record's copies are not both good");
        var volume = parts["status"].Split('\n').Single(line => line.StartsWith("  volume ", StringComparison.Ordinal));
        var uuid = volume["  volume ".Length..].Trim();
        Require(machine, said, _uuid is null || _uuid == uuid, $"the volume was {_uuid}");
        _uuid = uuid;
        CompareFiles(machine, said, parts["files"]);
        Require(machine, said, parts["fsck"].EndsWith("exit 0\n", StringComparison.Ordinal), "the filesystem is not clean");
        Require(
            machine, said, parts["down"].EndsWith("exit 0\n", StringComparison.Ordinal) && parts["left"].Trim().Length == 0,
            "'down' left something");
    }

    private void CompareFiles(Machine machine, string said, string files)
    {
        var found = new int[Slots];
        foreach (var words in files.Split('\n').Select(line => line.Split(' ')))
        {
            if (words[0] == "s")
                found[Number(words[1])] = Number(words[2]);
            // A file with an odd number may be cut off while it is made; one with an even number was synced before it had its name.
            if (words[0] == "b")
                Require(machine, said, Number(words[1]) % 2 == 1, $"slot {words[1]} is not whole");
            if (words[0] == "l")
            {
                Require(machine, said, Number(words[1]) >= _log, $"{_log} bytes of the log were synced");
                _log = Number(words[1]);
            }
        }
        for (var slot = 0; slot < Slots; slot++)
            Require(machine, said, found[slot] >= _versions[slot], $"version {_versions[slot]} of slot {slot} was synced");
        found.CopyTo(_versions, 0);
    }

    /// <summary>Does the work of a plan until power fails, in it or right after it.</summary>
    private void Act(Machine machine, VolatileDisk[] disks, CutPlan plan)
    {
        if (plan.During is CutDuring.Load or CutDuring.Down)
            machine.Succeed("board-up", Limit);
        if (plan.During == CutDuring.Repair)
            Spoil(machine, _random.Next(2));
        var write = $"cutload write /data {_boots * 10000} {_log} {Rounds}";
        var command = plan.During switch
        {
            CutDuring.Load => write,
            CutDuring.Down => $"{write} & sleep 0.{2 + _random.Next(6)}; kill $!; wait; sealdisk down 2>&1",
            _ => "board-up 2>&1",
        };

        using var timer = new Timer(_ => machine.PowerCut());
        var before = Requests(disks);
        var work = Arm(machine, disks, plan, timer, command);
        var isMidway = EndsByPowerCut(machine, work, command);
        var after = Requests(disks);
        machine.PowerCut();
        machine.WaitForPowerCut();
        _cuts.Add((plan.During, isMidway));
        var (writes, flushes) = (after.Writes - before.Writes, after.Flushes - before.Flushes);
        var instant = isMidway ? "cut midway" : "cut after the work";
        _story.Append(CultureInfo.InvariantCulture, $"  {instant}, {writes} writes and {flushes} flushes into it\n");
        var said = Encoding.UTF8.GetString(work.OutputBytes);
        foreach (var line in said.Split('\n').Where(line => line.Split(' ')[0] is not ("s" or "l")))
            _story.Append("  ").Append(line).Append('\n');
        NotePromises(said);
    }

    private bool EndsByPowerCut(Machine machine, BoardCommand work, string command)
    {
        try
        {
            var answer = work.Wait(Limit);
            Require(machine, answer.All, answer.ExitCode == 0 || machine.HasLostPower, $"'{command}' failed");
            return machine.HasLostPower;
        }
        catch (BoardException) when (machine.HasLostPower)
        {
            return true;
        }
    }

    private static BoardCommand Arm(Machine machine, VolatileDisk[] disks, CutPlan plan, Timer timer, string command)
    {
        if (plan.Request is not { } kind)
        {
            var started = machine.Start(command);
            timer.Change(plan.Number, Timeout.Infinite);
            return started;
        }
        var left = plan.Number;
        foreach (var disk in disks)
            disk.CutWhen = request => request.Kind == kind && Interlocked.Decrement(ref left) == 0;
        return machine.Start(command);
    }

    private static (long Writes, long Flushes) Requests(VolatileDisk[] disks) =>
        (disks.Sum(disk => disk.Count(DiskRequestKind.Write)), disks.Sum(disk => disk.Count(DiskRequestKind.Flush)));

    /// <summary>
    /// Both copies of the record are gone, and nobody knows what is on the device: never a new key, never a new filesystem.
    /// </summary>
    private void SpoilBothCopies(Machine machine)
    {
        Spoil(machine, 0);
        Spoil(machine, 1);
        var before = Hashes(machine);
        var up = machine.Run("board-up", Limit);
        Require(machine, up.All, up.ExitCode != 0, "'up' does not refuse a volume whose record is spoilt");
        Require(machine, up.All, Hashes(machine) == before, "'up' changed a volume whose record is spoilt");
    }

    private string Hashes(Machine machine) => string.Concat(_kind.Untouchable.Select(path => Volume.Hash(machine, path)));

    /// <summary>A sector or all of one copy, torn or wiped. The board's own writes, and flushed.</summary>
    private void Spoil(Machine machine, int copy)
    {
        var (file, second) = _kind.Copies;
        var (sector, count) = _random.Next(2) == 0 ? (_random.Next(2), 1) : (0, 8);
        // The second sector may be zeros already.
        var from = sector == 0 && _random.Next(2) == 0 ? "/dev/zero" : "/dev/urandom";
        machine.Succeed(
            $"dd if={from} of={file} bs=512 seek={(copy * second / 512) + sector} count={count} conv=notrunc,fsync 2>/dev/null");
        _story.Append(CultureInfo.InvariantCulture, $"  copy {"AB"[copy]}: {count} sectors of {from} from {sector}\n");
    }

    /// <summary>What the board has promised.</summary>
    private void NotePromises(string said)
    {
        var lines = said.Split('\n');
        // What follows the last line feed is half a line.
        foreach (var line in lines.Take(lines.Length - 1))
        {
            var words = line.Split(' ');
            if (words is ["s", var slot, var version])
                _versions[Number(slot)] = Number(version);
            else if (words is ["l", var length])
                _log = Number(length);
            else if (line.Contains("✓ write 'provisioning'", StringComparison.Ordinal))
                _uuid = line[(line.LastIndexOf("(volume ", StringComparison.Ordinal) + "(volume ".Length)..^1];
            else if (line.Contains("✓ write 'ready'", StringComparison.Ordinal))
                _isReady = true;
        }
    }

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    private void Require(Machine machine, string said, bool isSo, string otherwise)
    {
        if (!isSo)
            throw new BrokenPromise(
                $"{otherwise}\n--- Board ---\n{said}\n--- Life of a device: {_kind} ---\n{_story}{machine.Problem("").Message}");
    }
}

/// <summary>A device has lost what it had promised, or does not come up by itself.</summary>
internal sealed class BrokenPromise(string message) : Exception(message);
