using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// No power cut costs data: devices that lose power again and again, in first boots, later boots, repairs, under write load, with a disk that loses what was not
/// flushed. 20 cuts; the environment variable SEALDISK_CUTS asks for more, SEALDISK_CUTS_SEED for others.
/// </summary>
public sealed class PowerCutTests(ITestOutputHelper output)
{
    private const int CutsOfALife = 10;

    private static readonly DeviceKind[] Kinds =
    [
        new("header"), new("detached"), new("header", Discard: true), new("image"), new("detached", Discard: true), new("header"), new("image", Discard: true),
    ];

    /// <summary>Sealdisk without its fsync: strace answers in the kernel's place. mkfs and the kernel sync as ever.</summary>
    private const string WithoutSync = "exec strace -o /dev/null -e trace=fsync,fdatasync,syncfs,sync_file_range -e inject=fsync,fdatasync,syncfs,sync_file_range:retval=0 sealdisk up";

    /// <summary>The place of copy B leads to that of copy A.</summary>
    private const string OneCopy =
        "export DM_DISABLE_UDEV=1; printf '0 1024 linear /dev/vda 0\\n1024 8 linear /dev/vda 0\\n1032 23544 linear /dev/vda 1032\\n' | dmsetup create onecopy";

    /// <summary>As vendors' scripts do: what does not come up is wiped and set up anew.</summary>
    private const string MakesAnew =
        "sealdisk up && exit; f=$(ls /boot/data.record 2>/dev/null || echo /dev/vda); rm -f /boot/data.record; dd if=/dev/zero of=/dev/vda bs=1M 2>/dev/null; exec sealdisk up";

    [Fact]
    public void Every_promise_outlives_every_power_cut()
    {
        var cuts = Setting("SEALDISK_CUTS", 20);
        var seed = Setting("SEALDISK_CUTS_SEED", 4);
        var clock = Stopwatch.StartNew();
        var failures = new ConcurrentQueue<string>();
        var (done, midway) = (0, 0);
        Parallel.For(0, (cuts + CutsOfALife - 1) / CutsOfALife, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, life =>
        {
            var number = Math.Min(CutsOfALife, cuts - (life * CutsOfALife));
            if (Live(Kinds[life % Kinds.Length], unchecked((seed * 1000) + life), number) is var (lived, within, problem))
            {
                Interlocked.Add(ref done, lived);
                Interlocked.Add(ref midway, within);
                if (problem is not null)
                    failures.Enqueue($"seed {seed}, life {life}, cut {lived}: {problem}");
            }
        });
        var figures = string.Create(
            CultureInfo.InvariantCulture, $"{done} power cuts, {midway} of them midway, seed {seed}: {failures.Count} failures; {done / clock.Elapsed.TotalMinutes:0.0} cuts a minute");
        output.WriteLine(figures);
        if (cuts > 20)
            Console.WriteLine(figures);
        Assert.True(failures.IsEmpty, string.Join("\n\n", failures));
        Assert.Equal(cuts, done);
    }

    /// <summary>The test is worth something only if it sees what it is there for.</summary>
    [Theory]
    [InlineData("no fsync", "header")]
    [InlineData("no fsync", "detached")]
    [InlineData("one copy of the record", "header")]
    [InlineData("makes anew what does not come up", "header")]
    public void A_broken_variant_is_caught(string variant, string record)
    {
        const int Limit = 40;
        var kind = variant switch
        {
            "no fsync" => new DeviceKind(record, Up: WithoutSync),
            "one copy of the record" => new DeviceKind(record, Before: OneCopy, Device: "/dev/mapper/onecopy"),
            _ => new DeviceKind(record, Up: MakesAnew),
        };
        var done = 0;
        for (var life = 0; done < Limit; life++)
        {
            var (lived, _, problem) = Live(kind, 7000 + life, CutsOfALife);
            done += lived;
            if (problem is null)
                continue;
            output.WriteLine($"{variant}, {record}: caught after {done} cuts: {problem.Split('\n')[0]}");
            return;
        }
        Assert.Fail($"'{variant}' went unnoticed through {done} power cuts");
    }

    /// <summary>Cuts that were made, how many of them midway, and what went wrong, if anything did.</summary>
    private static (int Cuts, int Midway, string? Problem) Live(DeviceKind kind, int seed, int cuts)
    {
        using var life = new DeviceLife(kind, seed);
        string? problem = null;
        try
        {
            while (life.Cuts < cuts)
                life.Cut();
            life.End();
        }
        catch (Exception broken) when (broken is BrokenPromise or BoardException)
        {
            problem = broken.Message;
        }
        return (life.Cuts, life.MidwayCuts, problem);
    }

    private static int Setting(string name, int usual) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
}
