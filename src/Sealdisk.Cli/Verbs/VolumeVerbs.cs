using System.CommandLine;
using System.Diagnostics;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>plan</c>, <c>up</c> and <c>down</c>: a volume's day.</summary>
internal static class VolumeVerbs
{
    internal static Command Plan()
    {
        var volumes = VolumeArgument.New();
        var command = new Command("plan", "Show what 'up' would do, and change nothing") { volumes };
        command.SetAction(parsed =>
        {
            // In the order in which 'up' takes them: a later volume finds what an earlier one has made.
            var earlier = new EarlierVolumes();
            return EachVolume.Run(
                parsed, volumes, (terminal, spec) => PlanOne(terminal, spec, earlier), reports => new PlansReport(reports),
                (spec, error) => new PlanReport(spec.Name, PlanText.Word(PlanKind.Refusal), [], error));
        });
        return HelpWithExamples.With(command, "sealdisk plan", "sealdisk plan data --config ./sealdisk.toml");
    }

    internal static Command Up()
    {
        var volumes = VolumeArgument.New();
        var wait = new Option<uint>("--wait")
        {
            Description = "Seconds to wait for devices that are not there yet, for all volumes together",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 0,
        };
        // A failure says which kind of boot it was that failed.
        var kinds = new Dictionary<string, PlanKind>(StringComparer.Ordinal);
        var command = new Command("up", "Do the first boot or a later boot, until mounted; does nothing if it is up") { volumes, wait };
        command.SetAction(parsed =>
        {
            var (limit, since) = (TimeSpan.FromSeconds(parsed.GetValue(wait)), Stopwatch.StartNew());
            return EachVolume.Run(
                parsed, volumes, (terminal, spec) => UpOne(terminal, spec, kinds, limit, since), reports => new UpsReport(reports), Failed);

            UpReport Failed(VolumeSpec spec, ErrorReport error) =>
                new(spec.Name, PlanText.Word(kinds.GetValueOrDefault(spec.Name, PlanKind.Refusal)), "failed", null, error);
        });
        return HelpWithExamples.With(command, "sealdisk up", "sealdisk up data --wait 30");
    }

    internal static Command Down()
    {
        var volumes = VolumeArgument.New();
        var command = new Command("down", "Unmount, unmap and detach; does nothing if it is down") { volumes };
        // In reverse, as one volume may be mounted below another.
        command.SetAction(parsed => EachVolume.Run(
            parsed, volumes, DownOne, reports => new DownsReport(reports),
            (spec, error) => new DownReport(spec.Name, [], error), reverse: true));
        return HelpWithExamples.With(command, "sealdisk down", "sealdisk down data");
    }

    private static PlanReport PlanOne(Terminal terminal, VolumeSpec spec, EarlierVolumes earlier)
    {
        var plan = VolumeLifecycle.Plan(spec, earlier);
        if (!terminal.Json)
        {
            terminal.Result($"{spec.Name}: {PlanText.Title(plan.Kind)}");
            foreach (var (step, index) in plan.Steps.Select((step, index) => (step, index)))
                terminal.Result($"  {index + 1}. {PlanText.Intent(step)}");
        }
        if (plan.Refusal is { } refusal)
            throw refusal;
        var steps = plan.Steps.Select(step => new StepReport(PlanText.Word(step), PlanText.Intent(step))).ToArray();
        return new PlanReport(spec.Name, PlanText.Word(plan.Kind), steps, null);
    }

    private static UpReport UpOne(Terminal terminal, VolumeSpec spec, Dictionary<string, PlanKind> kinds, TimeSpan limit, Stopwatch since)
    {
        if (limit > TimeSpan.Zero)
            DeviceWait.UntilThere(
                spec, limit, since, missing => terminal.Note($"{spec.Name}: waiting for {missing} (limit {limit.TotalSeconds:0} s)"));
        var (plan, source, kind) = VolumeLifecycle.Up(
            spec,
            plan =>
            {
                kinds[spec.Name] = plan.Kind;
                terminal.Note($"{spec.Name}: {PlanText.Title(plan.Kind)}");
            },
            (step, detail) => terminal.Note($"  {Mark(terminal)} {PlanText.Intent(step)}{(detail is null ? "" : $"  ({detail})")}"));
        var where = spec.Mount is { } target ? $"mounted on {target}" : "mapped";
        var state = plan.Kind == PlanKind.AlreadyUp ? "is up already" : "is up";
        if (!terminal.Json)
            terminal.Result($"{spec.Name} {state}: {where}; source {source.Text()}, mapping {kind.Text()}, {spec.Cipher.Text}");
        return new UpReport(spec.Name, PlanText.Word(plan.Kind), "up", spec.Mount, null);
    }

    private static DownReport DownOne(Terminal terminal, VolumeSpec spec)
    {
        var done = VolumeLifecycle.Down(spec);
        foreach (var act in done)
            terminal.Note($"  {Mark(terminal)} {act}");
        if (!terminal.Json)
            terminal.Result(done.Count == 0 ? $"{spec.Name} is down already" : $"{spec.Name} is down");
        return new DownReport(spec.Name, done, null);
    }

    private static string Mark(Terminal terminal) => terminal.IsInteractive ? "\e[32m✓\e[0m" : "✓";
}
