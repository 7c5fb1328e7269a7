using System.Globalization;
using System.Text.RegularExpressions;
using Sealdisk.Configuration;
using Sealdisk.Lifecycle;
using Sealdisk.Linux;
using Sealdisk.Records;
using Sealdisk.Tests.DataPath;
using Sealdisk.Tests.Lifecycle;

namespace Sealdisk.Tests.Durability;

/// <summary>What may be made of the states that a cut leaves.</summary>
/// <param name="MayStop">The next `up` may refuse, as long as nothing was changed and the same verb once more ends what it began.</param>
/// <param name="HadData">A file is on the volume before; it must be there after every later boot.</param>
/// <param name="Blanks">The verb itself wipes the data, so that a first boot may follow.</param>
/// <param name="GoesBack">The verb was told to go back to an older record.</param>
internal sealed record Rules(bool MayStop = false, bool HadData = false, bool Blanks = false, bool GoesBack = false);

/// <summary>What an exploration has seen.</summary>
/// <param name="Instants">Storage operations between which, and within which, the power failed.</param>
/// <param name="States">Different contents of the medium that a cut may leave; each was looked at and judged.</param>
/// <param name="Kinds">What the product can tell apart among them.</param>
/// <param name="Runs">Times that the binary was run to the end, cut at every instant again.</param>
internal sealed record Seen(int Instants, int States, int Kinds, int Runs);

/// <summary>
/// One verb of the published binary, cut at every instant. Its storage operations are traced; every state that a power cut may leave is laid out as real
/// files, looked at and planned by the product's own code, and judged. One state of each kind that the product can tell apart is then brought `up` to the end by
/// the binary, and since that run writes too, it is cut at every instant as well, until no new kind of state turns up.
/// </summary>
internal sealed partial class CutPoints : IDisposable
{
    private static readonly bool s_every = Environment.GetEnvironmentVariable("SEALDISK_CUTS") == "all";

    private readonly Bed _bed;
    private readonly Rules _rules;
    private readonly VolumeSpec _spec;
    private readonly string? _device;
    private readonly WorkingFile _image;
    private readonly WorkingFile _record;
    private readonly Dictionary<ulong, (Observed Observed, Plan Plan)> _looked = [];
    private readonly HashSet<string> _classes = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> _states = [];
    private readonly Queue<(CrashState State, Instant At, string Kind, (Observed Observed, Plan Plan) Look)> _toRun = [];
    private int _instants;
    private int _runs;

    /// <param name="bed">One volume; stays the caller's.</param>
    /// <param name="rules">What may come of it.</param>
    /// <param name="device">The loop device on the image that the volume is configured with, or null.</param>
    public CutPoints(Bed bed, Rules rules, string? device = null)
    {
        (_bed, _rules, _device) = (bed, rules, device);
        Directory.CreateDirectory(bed["look"]);
        _image = new WorkingFile(bed["look/image"]);
        _record = new WorkingFile(bed["look/record"]);
        var spec = SealdiskConfiguration.Load(bed.Config).Volumes[0];
        _spec = spec with { Device = bed["look/image"], RecordFile = spec.RecordFile is null ? null : bed["look/record"] };
    }

    /// <summary>Replaces the product's judgement, to show that a wrong one is noticed.</summary>
    public Func<VolumeSpec, Observed, Plan> Planner { get; init; } = Sealdisk.Lifecycle.Planner.For;

    public void Dispose() => File.Delete(_bed["look/image"]);

    /// <summary>Cuts a verb at every instant, and what follows from each cut; fails at the first state that breaks the rules.</summary>
    public Seen Explore(string verb)
    {
        Cut(verb, Files(), certain: null);
        while (_toRun.TryDequeue(out var next))
            Follow(next.State, next.At, next.Kind, next.Look, verb);
        return new Seen(_instants, _states.Count, _classes.Count, _runs);
    }

    /// <summary>The first state of a trace that breaks the rules, or null; follows none of them.</summary>
    public string? FirstViolation(IReadOnlyDictionary<string, byte[]> before, IReadOnlyList<StorageOperation> operations) =>
        new CrashModel(before, operations, IsRecord).Instants().SelectMany(
            instant => instant.Possible.Take(100_000).Select(state => Violation(operations, instant, state, Look(state)))).FirstOrDefault(violation => violation is not null);

    /// <summary>The files that matter, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Files() => new[] { "image", "record", ".image.new", ".record.new" }
        .Where(name => File.Exists(_bed[name])).ToDictionary(name => name, name => File.ReadAllBytes(_bed[name]), StringComparer.Ordinal);

    /// <summary>Runs a verb, and `down`, and returns what it did to the files.</summary>
    public (ProgramResult Result, IReadOnlyList<StorageOperation> Operations) Trace(string verb, string? inject = null)
    {
        var devices = new Dictionary<string, string>(StringComparer.Ordinal);
        if (_device is not null)
            devices[_device] = "image";
        // The server of the mapping lives on until 'down', and strace waits for it.
        return StorageTrace.Of(
            Path.GetDirectoryName(_bed.Image)!, devices, inject,
            $"{NativeBinary.Path} --config {_bed.Config} {verb}; code=$?; {NativeBinary.Path} --config {_bed.Config} --quiet down >/dev/null; exit $code");
    }

    private void Cut(string verb, IReadOnlyDictionary<string, byte[]> before, RecordOutcome.Good? certain)
    {
        var (result, operations) = Trace(verb);
        _runs++;
        Assert.True(result.Exit == 0, $"{verb}: {result.Stderr}");
        AssertCameTrue(verb, certain);
        _instants += operations.Count;
        foreach (var instant in new CrashModel(before, operations, IsRecord).Instants())
        {
            foreach (var state in instant.Possible)
            {
                var look = Look(state);
                if (Violation(operations, instant, state, look) is { } violation)
                    Assert.Fail(violation);
                var isNew = _states.Add(KeyOf(state));
                var kind = Kind(state, look);
                if (_classes.Add(kind) || (s_every && isNew))
                    _toRun.Enqueue((state, instant, kind, look));
            }
        }
    }

    /// <summary>Goes on from a state as the next boot would.</summary>
    private void Follow(CrashState state, Instant at, string kind, (Observed Observed, Plan Plan) look, string verb)
    {
        foreach (var name in new[] { "image", "record", ".image.new", ".record.new" })
        {
            File.Delete(_device is null || name != "image" ? _bed[name] : _bed["none"]);
            if (!state.Files.TryGetValue(name, out var file))
                continue;
            if (_device is not null && name == "image")
                Overwrite(_bed[name], file.ToArray());
            else
                File.WriteAllBytes(_bed[name], file.ToArray());
        }
        var certain = Look(at.Certain).Observed.Record.Outcome as RecordOutcome.Good;
        if (look.Plan.Refusal is { } refusal)
        {
            var before = _bed.Fingerprint();
            Bed.AssertFailure(_bed.Run("up"), refusal.Code, refusal.Message.Replace(_bed["look/"], _bed[""], StringComparison.Ordinal)[..20]);
            Assert.Equal(before, _bed.Fingerprint());
            _bed.AssertNothingOpen();
            // The way out of such a stop.
            Cut(verb, Files(), certain: null);
            return;
        }
        if (look.Plan.Kind == PlanKind.FirstBoot)
            certain = null;
        else
            certain = look.Observed.Record.Outcome as RecordOutcome.Good;
        Assert.NotNull(kind);
        Cut("up", Files(), certain);
    }

    /// <summary>After `up` has run to its end.</summary>
    private void AssertCameTrue(string verb, RecordOutcome.Good? promised)
    {
        _bed.AssertNothingOpen();
        if (verb != "up")
            return;
        var good = Assert.IsType<RecordOutcome.Good>(Observer.StoreOf(SealdiskConfiguration.Load(_bed.Config).Volumes[0]).Read().Outcome);
        Assert.Empty(good.CopiesToRepair);
        Assert.Equal(VolumeState.Ready, good.Record.State);
        if (promised is not null)
            Assert.Equal((promised.Record.Uuid, promised.Record.SealedKey), (good.Record.Uuid, good.Record.SealedKey));
        if (promised?.Record.State != VolumeState.Ready || !_rules.HadData)
            return;
        Assert.Equal(promised.Record.FilesystemUuid, good.Record.FilesystemUuid);
        // Read it without a mount, which would write.
        File.Delete(_bed["plain"]);
        File.WriteAllText(_bed["blob"], good.Record.SealedKey);
        Bed.Done(NativeBinary.Run(
            "image", "decrypt", _bed.Image, _bed["plain"], "--huk", _bed["huk.hex"], "--cipher", good.Record.Cipher, "--key-size", Text(good.Record.KeySize), "--sector-size", Text(good.Record.SectorSize),
            "--offset", Text((int)good.Record.DataOffset), "--blob", _bed["blob"]));
        Assert.Contains("the file of the first boot", Tool.Run("debugfs", "-R", "cat /file", _bed["plain"]), StringComparison.Ordinal);
        File.Delete(_bed["plain"]);
        File.Delete(_bed["blob"]);

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>What is wrong with a state, or null.</summary>
    private string? Violation(IReadOnlyList<StorageOperation> operations, Instant at, CrashState state, (Observed Observed, Plan Plan) look)
    {
        var (observed, plan) = look;
        var good = observed.Record.Outcome as RecordOutcome.Good;
        var certain = _rules.Blanks ? null : Look(at.Certain).Observed.Record.Outcome as RecordOutcome.Good;
        var problem = (certain, good, plan) switch
        {
            (_, _, { Kind: PlanKind.Refusal }) when !_rules.MayStop => $"stops: {plan.Refusal!.Message}",
            ({ } was, null, _) => $"the record of generation {was.Record.Generation} is lost",
            ({ } was, { } now, _) when was.Record.SealedKey != now.Record.SealedKey || was.Record.Uuid != now.Record.Uuid => "another key than the one that was on the medium",
            ({ } was, { } now, _) when now.Record.Generation < was.Record.Generation && !_rules.GoesBack => $"generation {now.Record.Generation} after generation {was.Record.Generation}",
            (_, _, { Kind: PlanKind.FirstBoot }) when good is not null => "a new key, and a record is there",
            (_, _, { Kind: PlanKind.FirstBoot }) when HoldsData(state) => "a new key and filesystem over data",
            (_, { Record.State: VolumeState.Ready }, _) when state.Lost < ReadySince(operations, good!.Record) => "it says that it is ready, and its filesystem is not there",
            (_, { Record.State: VolumeState.Provisioning }, _) when _rules.HadData => "a filesystem will be made over data",
            _ => null,
        };
        return problem is null ? null : $"cut after {at.After} (line {at.Line}): {problem}; {Kind(state, look)}";
    }

    /// <summary>Anything beside the record that is not blank, and was not there before the first boot began.</summary>
    private bool HoldsData(CrashState state) => state.Files.TryGetValue("image", out var image) && (_rules.Blanks
        ? image.ToArray().AsSpan()[(int)((_spec.RecordFile is null ? 2048 : 0) * Sector.Size)..].Slice(0, Bed.MiB).ContainsAnyExcept((byte)0)
        : image.Sectors.Keys.Any(index => !IsRecord("image", index)) || (_rules.HadData && image.Before.Length > 0));

    /// <summary>When the first copy that says so was begun to be written; never, if that was before the trace.</summary>
    private static int ReadySince(IReadOnlyList<StorageOperation> operations, VolumeRecord record) => operations.OfType<StorageOperation.Write>()
        .Where(write => RecordFormat.Read(write.Data) is CopyReading.Valid valid && valid.Record == record).Select(write => write.Begin).DefaultIfEmpty(0).Min();

    private (Observed Observed, Plan Plan) Look(CrashState state)
    {
        var key = KeyOf(state);
        if (_looked.TryGetValue(key, out var known))
            return known;
        _image.Become(state.Files.GetValueOrDefault("image"));
        _record.Become(state.Files.GetValueOrDefault("record"));
        var observed = Observer.Look(_spec);
        return _looked[key] = (observed, Planner(_spec, observed));
    }

    private bool IsRecord(string file, long sector) => file switch
    {
        "image" => _spec.RecordFile is null && sector is (>= 0 and < 8) or (>= 1024 and < 1032),
        _ => true,
    };

    private static ulong KeyOf(CrashState state)
    {
        var key = 0UL;
        foreach (var (name, file) in state.Files)
        {
            var hash = name.Aggregate(14695981039346656037UL, (sum, letter) => (sum ^ letter) * 1099511628211);
            key += (file.Key + hash) * (hash | 1);
        }
        return key;
    }

    /// <summary>All that the product can tell a state by: names, both copies, content, and so the plan.</summary>
    private static string Kind(CrashState state, (Observed Observed, Plan Plan) look)
    {
        var record = look.Observed.Record;
        var steps = look.Plan.Refusal is { } refusal ? Digits().Replace(refusal.Message, "#") : string.Join(' ', look.Plan.Steps.Select(step => step.GetType().Name));
        return $"{string.Join(' ', state.Files.Keys.Order(StringComparer.Ordinal))}; A {RecordReading.Describe(record.A)}; B {RecordReading.Describe(record.B)}; {look.Observed.Content?.GetType().Name}; {look.Plan.Kind}: {steps}";
    }

    private static void Overwrite(string path, byte[] content)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, content, 0);
        RandomAccess.FlushToDisk(file);
    }

    [GeneratedRegex("[0-9a-f-]{8,}|[0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex Digits();
}
