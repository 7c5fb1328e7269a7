using System.Collections.Concurrent;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// Power fails at every write and flush of a rotation of two volumes under one root key that the hardware seals: each opens
/// with its old record or its new one.
/// </summary>
public sealed class RotationCutTests(ITestOutputHelper output)
{
    private const long HeaderSectors = 2048;

    [Theory]
    [InlineData("tpm", Traits = [BoardNeeded.Trait, "x86-64"])]
    [InlineData("tee")]
    public void Two_volumes_open_after_a_power_cut_at_any_write_of_a_rotation(string source)
    {
        using var work = new Workplace();
        var device = Files(work, "device");
        work.Disk("device/data", 8);
        work.Disk("device/logs", 8);
        using (var first = Machine.Boot(Board(source, device, path => new FileDisk(path))))
        {
            TwoVolumes.Configure(first, source, "");
            first.Succeed("sealdisk up && echo of-data > /data/file && echo of-logs > /logs/file && sealdisk down");
            first.PowerOff();
        }

        var requests = Rotate(source, Copy(work, device, "whole"), cutAt: null);
        // Two copies of two records, each written and flushed.
        Assert.InRange(requests, 8, 24);
        var generations = new ConcurrentBag<string>();
        Parallel.For(1, requests + 1, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, number =>
        {
            var files = Copy(work, device, $"cut-{number}");
            Rotate(source, files, number);
            using var machine = Machine.Boot(Board(source, files, path => new FileDisk(path)));
            TwoVolumes.Configure(machine, source, "");
            generations.Add(
                machine.Succeed(
                    "for volume in data logs; do sealdisk record show $volume --json | grep '\"generation\"' | head -n 1; "
                    + "done | tr -dc '0-9\\n' | paste -sd ' '"));
            machine.Succeed("sealdisk up");
            Assert.Equal("of-data\nof-logs", machine.Succeed("cat /data/file /logs/file"));
            // And once more, to its end.
            machine.Succeed("sealdisk down && sealdisk rotate && sealdisk check");
            Assert.Equal("1", machine.Succeed("(sealdisk record show data; sealdisk record show logs) | grep root-key= | sort -u | wc -l"));
            if (source == "tpm")
                Assert.Empty(TpmBoard.Loaded(machine));
            machine.PowerOff();
        });
        output.WriteLine(
            $"{requests} cuts; generations of the two records after them: {string.Join(", ", generations.Order(StringComparer.Ordinal))}");
        // Some cuts came before the first record was changed, some between the two, some after.
        Assert.Equal(["2 2", "3 2", "3 3"], generations.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// Rotates both; how many writes and flushes that made of the records. Power fails in place of one of them where a number
    /// is given.
    /// </summary>
    private static int Rotate(string source, string folder, int? cutAt)
    {
        var (counted, disks) = (0, new List<VolatileDisk>());
        using var machine = Machine.Boot(Board(source, folder, path =>
        {
            disks.Add(new VolatileDisk(path) { Loss = Loss.Some, Seed = cutAt ?? 0 });
            return disks[^1];
        }));
        TwoVolumes.Configure(machine, source, "");
        foreach (var disk in disks)
            disk.CutWhen = request =>
                (request.Kind == DiskRequestKind.Flush || request.Sector < HeaderSectors) && Interlocked.Increment(ref counted) == cutAt;
        if (cutAt is null)
        {
            machine.Succeed("sealdisk rotate");
            machine.PowerOff();
            return counted;
        }
        try
        {
            machine.Run("sealdisk rotate");
            machine.PowerCut(); // fewer requests this time: right after its end
        }
        catch (BoardException) when (machine.HasLostPower)
        {
            // As it was to be.
        }
        return counted;
    }

    private static BootOptions Board(string source, string folder, Func<string, Disk> disk)
    {
        var options = new BootOptions { Disks = [disk(Path.Combine(folder, "data")), disk(Path.Combine(folder, "logs"))] };
        return source == "tpm" ? options with { Board = BoardImage.X64, Tpm = new Tpm(Path.Combine(folder, "tpm")) } : options;
    }

    private static string Files(Workplace work, string name) => Directory.CreateDirectory(work[name]).FullName;

    /// <summary>The device as it is, with its TPM where it has one, to lose power at another instant.</summary>
    private static string Copy(Workplace work, string from, string name)
    {
        var to = Files(work, name);
        foreach (var folder in Directory.EnumerateDirectories(from))
            Directory.CreateDirectory(Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        return to;
    }
}
