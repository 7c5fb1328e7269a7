using System.Diagnostics;
using System.Text.RegularExpressions;
using Sealdisk.Audit.Device;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Durability;

/// <summary>What may be made of the states that a cut leaves.</summary>
/// <param name="MayStop">The next `up` may refuse, as long as nothing was changed and the same verb once more ends what it began.</param>
/// <param name="HadData">A file is on the volume before; it must be there after every later boot.</param>
/// <param name="Erases">The verb itself wipes the data, so that a first boot may follow.</param>
/// <param name="GoesBack">The verb was told to go back to an older record.</param>
/// <param name="Rotates">The verb seals the key anew: old seal or new, but always one that opens the data.</param>
internal sealed record Rules(bool MayStop = false, bool HadData = false, bool Erases = false, bool GoesBack = false, bool Rotates = false);

/// <summary>What an exploration has seen.</summary>
/// <param name="Operations">Storage operations between which, and within which, the power failed.</param>
/// <param name="States">Different contents of the medium that a cut may leave; each was looked at and judged.</param>
/// <param name="Kinds">What the product can tell apart among them.</param>
/// <param name="Runs">Times that the binary was run to the end.</param>
internal sealed record Seen(int Operations, int States, int Kinds, int Runs);

/// <summary>
/// One verb of the published binary, cut at every instant. Its storage operations are traced; every state that a power cut may leave is
/// laid out as real files, looked at, planned and decrypted by the product's own code, and judged. One state of each kind that the product
/// can tell apart is then brought `up` to the end by the binary, and since that run writes too, it is cut at every instant as well, until
/// no new kind of state turns up.
/// </summary>
internal sealed partial class CutPoints : IDisposable
{
    public const string Content = TestVolume.FileContent;

    private static readonly bool s_every = Environment.GetEnvironmentVariable("SEALDISK_CUT_POINTS") == "all";
    private static readonly byte[] s_zeros = new byte[Sector.Size];
    private static readonly string[] s_names = ["image", "record", ".image.new", ".record.new"];

    private readonly TestVolume _volume;
    private readonly Rules _rules;
    private readonly VolumeSpec _spec;
    private readonly string? _device;
    private readonly WorkingFile _image;
    private readonly WorkingFile _record;
    private readonly Plaintext _plaintext;
    private readonly Dictionary<ulong, Observation> _seen = [];
    private readonly HashSet<string> _kinds = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> _states = [];
    private readonly Queue<Next> _next = [];
    private bool _again;
    private int _operations;
    private int _runs;

    /// <param name="volume">One volume; stays the caller's.</param>
    /// <param name="rules">What may come of it.</param>
    /// <param name="device">The loop device on the image that the volume is configured with, or null.</param>
    public CutPoints(TestVolume volume, Rules rules, string? device = null)
    {
        (_volume, _rules, _device) = (volume, rules, device);
        Directory.CreateDirectory(volume["look"]);
        _image = new WorkingFile(volume["look/image"]);
        _record = new WorkingFile(volume["look/record"]);
        _plaintext = new Plaintext(volume["huk.hex"]);
        var spec = SealdiskConfiguration.Load(volume.Config, Checks.Requirable).Volumes[0];
        _spec = spec with { Device = volume["look/image"], RecordFile = spec.RecordFile is null ? null : volume["look/record"] };
    }

    /// <summary>Replaces the product's judgement, to show that a wrong one is noticed.</summary>
    public Func<VolumeSpec, Observed, Plan> Planner { get; init; } = Sealdisk.Lifecycle.Planner.For;

    public void Dispose() => File.Delete(_volume["look/image"]);

    /// <summary>Cuts a verb at every instant, and what follows from each cut; fails at the first state that breaks the rules.</summary>
    /// <param name="verb">The verb, with what it is given.</param>
    /// <param name="again">Whether the power fails during the next `up` as well, and in the one after that.</param>
    public Seen Explore(string verb, bool again = true)
    {
        _again = again;
        Cut(verb, _rules, onTheMedium: null);
        while (_next.TryDequeue(out var next))
            Follow(next, verb);
        return new Seen(_operations, _states.Count, _kinds.Count, _runs);
    }

    /// <summary>The first state of a trace that breaks the rules, or null; follows none of them.</summary>
    public string? FirstViolation(IReadOnlyDictionary<string, byte[]> before, IReadOnlyList<StorageOperation> operations) =>
        new CrashModel(before, operations, IsRecord).Instants()
            .SelectMany(instant => instant.Possible.Take(100_000).Select(state => Violation(_rules, operations, instant, state)))
            .FirstOrDefault(violation => violation is not null);

    /// <summary>The files that matter, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Files() =>
        s_names.Where(name => File.Exists(_volume[name]))
            .ToDictionary(name => name, name => File.ReadAllBytes(_volume[name]), StringComparer.Ordinal);

    /// <summary>
    /// Runs a verb and `down`, and returns what they did to the files. After `up` the volume's file is synced,
    /// or read if it is there already.
    /// </summary>
    public (ProgramResult Result, IReadOnlyList<StorageOperation> Operations) Trace(
        string verb,
        bool hadData = false,
        string? inject = null)
    {
        var devices = new Dictionary<string, string>(StringComparer.Ordinal);
        if (_device is not null)
            devices[_device] = "image";
        _runs++;
        return StorageTrace.Of(Path.GetDirectoryName(_volume.Image)!, devices, inject, Script(verb, hadData));
    }

    /// <summary>The server of the mapping lives on until 'down', and strace waits for it.</summary>
    private string Script(string verb, bool hadData)
    {
        var file = hadData
            ? $"grep -qx '{Content}' {_volume.MountedFile}"
            : $"printf '{Content}' > {_volume.MountedFile} && sync -f {_volume.MountedFile}";
        var data = verb == "up" ? $"&& {file} && : > {_volume[StorageTrace.Mark + nameof(Promised.Data)]}" : "";
        var done = $"{NativeBinary.Path} --config {_volume.Config} {verb} && : > {_volume[StorageTrace.Mark + nameof(Promised.Done)]}";
        return $"{done} {data}; code=$?; {NativeBinary.Path} --config {_volume.Config} --quiet down >/dev/null; exit $code";
    }

    private void Cut(string verb, Rules rules, RecordOutcome.Good? onTheMedium)
    {
        var before = Files();
        var (result, operations) = Trace(verb, rules.HadData);
        AssertCameTrue(verb, result, onTheMedium);
        _operations += operations.Count;
        foreach (var instant in new CrashModel(before, operations, IsRecord).Instants())
        {
            foreach (var state in instant.Possible)
            {
                if (Violation(rules, operations, instant, state) is { } violation)
                    Assert.Fail(violation);
                var isNew = _states.Add(state.Key());
                var hasData = rules.HadData || instant.Promised == Promised.Data;
                var isNewKind = _kinds.Add($"{hasData} {Kind(state)}");
                if (isNewKind || (isNew && s_every))
                    _next.Enqueue(new Next(state, hasData, IsOneOfAKind: isNewKind));
            }
        }
    }

    /// <summary>Goes on from a state as the next boot would.</summary>
    private void Follow(Next next, string verb)
    {
        foreach (var name in s_names)
            LayOut(name, next.State.Files.GetValueOrDefault(name));
        var (observed, plan, _) = Observe(next.State);
        if (plan.Refusal is { } refusal)
        {
            var before = _volume.Snapshot();
            TestVolume.AssertFailure(
                _volume.Run("up"),
                refusal.Code,
                refusal.Message.Replace(_volume["look/"], _volume[""] + "/", StringComparison.Ordinal),
                "  hint: ");
            Assert.Equal(before, _volume.Snapshot());
            _volume.AssertNothingOpen();
            // The way out of such a stop.
            Go(verb, _rules with { HadData = next.HasData }, next.IsOneOfAKind, onTheMedium: null);
            return;
        }
        var onTheMedium = observed.Record.Outcome as RecordOutcome.Good;
        // Only an erase may lead from data to a first boot.
        var hasData = next.HasData && plan.Kind != PlanKind.FirstBoot;
        Go("up", new Rules(HadData: hasData), next.IsOneOfAKind, onTheMedium);
    }

    private void Go(string verb, Rules rules, bool isOneOfAKind, RecordOutcome.Good? onTheMedium)
    {
        if (isOneOfAKind && _again)
        {
            Cut(verb, rules, onTheMedium);
            return;
        }
        _runs++;
        AssertCameTrue(verb, NativeBinary.Run(new ProcessStartInfo("sh", ["-uc", Script(verb, rules.HadData)])), onTheMedium);
    }

    private void LayOut(string name, StoredFile? file)
    {
        if (_device is not null && name == "image")
        {
            using var image = File.OpenHandle(_volume[name], FileMode.Open, FileAccess.Write);
            RandomAccess.Write(image, file!.ToArray(), 0);
            RandomAccess.FlushToDisk(image);
            return;
        }
        File.Delete(_volume[name]);
        if (file is not null)
            File.WriteAllBytes(_volume[name], file.ToArray());
    }

    /// <summary>After a verb has run to its end.</summary>
    private void AssertCameTrue(string verb, ProgramResult result, RecordOutcome.Good? onTheMedium)
    {
        Assert.True(result.Exit == 0, $"{verb}: {result.Stdout}{result.Stderr}");
        _volume.AssertNothingOpen();
        if (verb != "up")
            return;
        var spec = SealdiskConfiguration.Load(_volume.Config, Checks.Requirable).Volumes[0];
        var good = Assert.IsType<RecordOutcome.Good>(Observer.StoreOf(spec).Read().Outcome);
        Assert.Empty(good.CopiesToRepair);
        Assert.Equal(VolumeState.Ready, good.Record.State);
        if (onTheMedium is { Record: var record })
            Assert.Equal(
                (record.Uuid, record.Key.Text, record.FilesystemUuid ?? good.Record.FilesystemUuid),
                (good.Record.Uuid, good.Record.Key.Text, good.Record.FilesystemUuid));
    }

    /// <summary>What is wrong with a state, or null.</summary>
    private string? Violation(Rules rules, IReadOnlyList<StorageOperation> operations, Instant at, CrashState state)
    {
        var (observed, plan, inside) = Observe(state);
        var good = observed.Record.Outcome as RecordOutcome.Good;
        var certain = Observe(at.Certain);
        var before = rules.Erases ? null : certain.Observed.Record.Outcome as RecordOutcome.Good;
        var problem = (before, good, plan) switch
        {
            (_, _, { Kind: PlanKind.Refusal }) when !rules.MayStop || at.Promised != Promised.Nothing => $"stops: {plan.Refusal!.Message}",
            _ when at.Promised != Promised.Nothing && !IsDone(rules, certain) =>
                "it has said that it is done, and not all of that is on the medium",
            (_, _, { Kind: PlanKind.FirstBoot }) when good is not null => "a new key, and a record is there",
            (_, _, { Kind: PlanKind.FirstBoot }) when HoldsData(rules, at.Start, state) => "a new key and filesystem over data",
            ({ } was, null, _) => $"the record of generation {was.Record.Generation} is lost",
            ({ } was, { } now, _) when was.Record.Uuid != now.Record.Uuid
                || (was.Record.Key.Text != now.Record.Key.Text && !rules.Rotates) =>
                "another key than the one that was on the medium",
            ({ } was, { } now, _) when now.Record.Generation < was.Record.Generation && !rules.GoesBack =>
                $"generation {now.Record.Generation} after generation {was.Record.Generation}",
            (_, { Record.State: VolumeState.Ready }, _) when state.Lost < ReadySince(operations, good!.Record)
                || inside.Uuid != good.Record.FilesystemUuid =>
                "it says that it is ready, and its filesystem is not there",
            (_, { Record.State: VolumeState.Ready }, _) when rules.Erases && IsWritten(at.Start, state) =>
                "it says that it is ready, and its data are half erased",
            (_, { Record.State: VolumeState.Provisioning }, _) when rules.HadData || inside.WasMounted =>
                "a filesystem will be made over data",
            _ => null,
        };
        return problem is null ? null : $"cut after {at.After} (line {at.Line}): {problem}; {Kind(state)}";
    }

    /// <summary>Both copies say the same, or, after an erase, there is nothing left of them.</summary>
    private static bool IsDone(Rules rules, Observation certain) => rules.Erases
        ? certain.Plan.Kind == PlanKind.FirstBoot
        : certain.Observed.Record.Outcome is RecordOutcome.Good { CopiesToRepair.Count: 0, Record.State: VolumeState.Ready };

    /// <summary>Data of before, or anything that this very boot has written beside the record.</summary>
    private bool HoldsData(Rules rules, CrashState start, CrashState state) => rules switch
    {
        { Erases: true } => Enumerable.Range(_spec.RecordFile is null ? 2048 : 0, 2048)
            .Any(index => state.Files["image"][index].AsSpan().ContainsAnyExcept((byte)0)),
        { HadData: true } => true,
        _ => IsWritten(start, state),
    };

    /// <summary>Whether anything on the image is not as it was, beside the record.</summary>
    private bool IsWritten(CrashState start, CrashState state) =>
        state.Files.TryGetValue("image", out var image)
        && (start.Files.TryGetValue("image", out var before) ? before.Indices.Union(image.Indices) : image.Indices)
            .Any(index => !IsRecord("image", index) && !image[index].AsSpan().SequenceEqual(before is null ? s_zeros : before[index]));

    /// <summary>When the first copy that says so was begun to be written; never, if that was before the trace.</summary>
    private static int ReadySince(IReadOnlyList<StorageOperation> operations, VolumeRecord record) =>
        operations.OfType<StorageOperation.Write>()
        .Where(write => RecordFormat.Read(write.Data) is CopyReading.Valid valid && valid.Record == record)
        .Select(write => write.Begin)
        .DefaultIfEmpty(0)
        .Min();

    private Observation Observe(CrashState state)
    {
        var key = state.Key();
        if (_seen.TryGetValue(key, out var known))
            return known;
        _image.Become(state.Files.GetValueOrDefault("image"));
        _record.Become(state.Files.GetValueOrDefault("record"));
        var observed = Observer.Look(_spec);
        var plan = Planner(_spec, observed);
        var inside = observed.Record.Outcome is RecordOutcome.Good { Record: var record } && plan.Refusal is null
            ? _plaintext.Of(record, _spec.Device)
            : default;
        return _seen[key] = new Observation(observed, plan, inside);
    }

    private bool IsRecord(string file, long sector) =>
        file != "image" || (_spec.RecordFile is null && sector is (>= 0 and < 8) or (>= 1024 and < 1032));

    /// <summary>All that the product can tell a state by: names, both copies, content, what is inside, and so the plan.</summary>
    private string Kind(CrashState state)
    {
        var (observed, plan, inside) = Observe(state);
        var (a, b) = (RecordReading.Describe(observed.Record.A), RecordReading.Describe(observed.Record.B));
        var steps = plan.Refusal is { } refusal
            ? Digits().Replace(refusal.Message, "#")
            : string.Join(' ', plan.Steps.Select(step => step.GetType().Name));
        var names = string.Join(' ', state.Files.Keys.Order(StringComparer.Ordinal));
        var content = inside.Uuid is null ? "nothing" : inside.WasMounted ? "used" : "new";
        return $"{names}; A {a}; B {b}; {observed.Content?.GetType().Name}; {content} inside; {plan.Kind}: {steps}";
    }

    [GeneratedRegex("[0-9a-f-]{8,}|[0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex Digits();

    /// <summary>What the product makes of a state; of what is inside nothing where it would not look.</summary>
    private sealed record Observation(Observed Observed, Plan Plan, (string? Uuid, bool WasMounted) Inside);

    /// <summary>A state to go on from.</summary>
    private sealed record Next(CrashState State, bool HasData, bool IsOneOfAKind);
}
