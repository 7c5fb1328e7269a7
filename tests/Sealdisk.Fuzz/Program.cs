using System.CommandLine;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sealdisk.Fuzz;

var seconds = new Option<int>("--seconds")
{
    Description = "Time for all targets together, shared evenly",
    DefaultValueFactory = _ => 60,
};
var executions = new Option<long>("--executions")
{
    Description = "The most executions of each target",
    DefaultValueFactory = _ => long.MaxValue,
};
var seed = new Option<int>("--seed")
{
    Description = "The seed of the random numbers: the same seed makes the same changes",
    DefaultValueFactory = _ => 1,
};
var save = new Option<bool>("--save")
{
    Description = "Keep in tests/corpus the fewest inputs that reach every branch that was reached",
};
var instrument = new Option<bool>("--instrument")
{
    Description = "Only prepare the assemblies next to this program, so that they count their branches",
};
var names = new Argument<string[]>("TARGET")
{
    Description = "The targets to fuzz; all if none is named",
    Arity = ArgumentArity.ZeroOrMore,
};
var command = new RootCommand("Feeds changed inputs to everything in Sealdisk that reads what others wrote, and looks for a wrong end")
{
    seconds, executions, seed, save, instrument, names,
};
command.SetAction(parsed =>
{
    if (parsed.GetValue(instrument))
        return Instrumentation.Run();
    var time = TimeSpan.FromSeconds(parsed.GetValue(seconds));
    return Fuzz(parsed.GetValue(names)!, time, parsed.GetValue(executions), parsed.GetValue(seed), parsed.GetValue(save));
});
Coverage.Attach();
return command.Parse(args).Invoke();

// Not before they are instrumented may the assemblies under test be loaded.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Fuzz(string[] names, TimeSpan time, long executions, int seed, bool save)
{
    var targets = names.Length == 0 ? Targets.All : [.. Targets.All.Append(Targets.Planted).Where(target => names.Contains(target.Name))];
    if (targets.Length < Math.Max(names.Length, 1))
    {
        Console.Error.WriteLine($"targets: {string.Join(' ', Targets.All.Select(target => target.Name))}");
        return 2;
    }
    var failed = 0;
    var total = 0L;
    Console.WriteLine("target            executions   per second  branches  inputs");
    foreach (var target in targets)
    {
        using var campaign = new Campaign(target, Saved.Read(target.Name), seed);
        var clock = Stopwatch.StartNew();
        var wrong = campaign.Run(time / targets.Length, executions);
        total += campaign.Executions;
        var speed = campaign.Executions / clock.Elapsed.TotalSeconds;
        var row = $"{target.Name,-16} {campaign.Executions,11} {speed,12:0} {campaign.Edges,9} {campaign.Corpus.Count,7}";
        Console.WriteLine(wrong is null ? row : row + "  WRONG");
        if (campaign.Edges == 0)
            wrong ??= "no branch was counted: run with --instrument first";
        if (save)
        {
            foreach (var input in campaign.Smallest())
                Saved.Write(target.Name, input);
        }
        if (wrong is null)
            continue;
        failed++;
        Console.Error.WriteLine($"{target.Name}: {wrong}\nthe input is {Saved.Crash(target.Name, campaign.Current)}");
    }
    Console.WriteLine($"{total} executions; {targets.Length - failed} targets held, {failed} did not");
    return failed == 0 ? 0 : 1;
}
