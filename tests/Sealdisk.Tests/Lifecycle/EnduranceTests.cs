using System.Diagnostics;
using System.Globalization;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>
/// fio writes blocks that carry their own checksums through the mount and reads them back, also after down and up, also after the server
/// was killed. SEALDISK_ENDURANCE_MIB says how much is written; a hundred and some MiB without it.
/// </summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class EnduranceTests
{
    private static readonly int Total = int.Parse(
        Environment.GetEnvironmentVariable("SEALDISK_ENDURANCE_MIB") ?? "128",
        CultureInfo.InvariantCulture);

    [Fact]
    public void Every_block_written_reads_back()
    {
        using var volume = Volume(Total);
        foreach (var (sizes, eighths) in new[] { ("4k-4k", 1), ("4k-64k", 2), ("1M-1M", 5) })
        {
            var job = Job(volume, sizes, Total * eighths / 8, $"--bsrange={sizes}", "--rw=randrw", "--rwmixwrite=75");
            Fio([.. job, "--fsync=64", "--do_verify=1"]);
            volume.Down();
            volume.Up();
            Fio([.. job, "--verify_only"]);
        }
        volume.Down();
        volume.AssertFilesystemClean();
    }

    /// <summary>
    /// The server dies while fio writes: what fsync had promised before is there when the volume is up again, and the filesystem is sound.
    /// </summary>
    [Fact]
    public void A_server_killed_while_writing_loses_nothing_that_was_synced()
    {
        using var volume = Volume(Total / 2);
        var synced = Job(volume, "synced", Total / 4, "--bs=16k", "--rw=randwrite");
        Fio([.. synced, "--end_fsync=1", "--do_verify=0"]);
        Tool.Run("sync", "-f", volume.Mount);

        var log = volume["log"];
        using (var writer = Process.Start(new ProcessStartInfo(
            "sh",
            [
                "-c", "exec \"$@\" > $0 2>&1", log, "fio",
                .. Job(volume, "lost", Total / 8, "--bs=4k", "--rw=randwrite"),
                "--fsync=16", "--do_verify=0", "--loops=1000",
            ]))!)
        {
            // In the middle: a part has reached the image, whose blocks beyond the synced ones are still being allocated.
            var file = volume["mnt/lost.0.0"];
            Assert.True(SpinWait.SpinUntil(() => File.Exists(file) && Blocks(file) > Total * 16, Patience.Limit), "fio writes nothing");
            volume.KillServer();
            writer.WaitForExit();
            Assert.NotEqual(0, writer.ExitCode);
        }
        Assert.Equal("degraded", volume.State);
        volume.Up();
        Fio([.. synced, "--verify_only"]);
        volume.Down();
        volume.AssertFilesystemClean();
    }

    private static TestVolume Volume(int dataMiB)
    {
        var volume = TestVolume.With(("size", $"{dataMiB + (dataMiB / 8) + 64}MiB"), ("mount-options", new[] { "noatime" }));
        volume.Up();
        return volume;
    }

    private static string[] Job(TestVolume volume, string name, int mebibytes, params string[] more) =>
    [
        $"--name={name}", $"--directory={volume.Mount}", string.Create(CultureInfo.InvariantCulture, $"--size={mebibytes}M"),
        "--direct=1", "--ioengine=libaio", "--iodepth=8",
        "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0", "--randseed=7", "--allrandrepeat=1",
        "--group_reporting", "--minimal", .. more,
    ];

    /// <summary>As long as it takes: gigabytes do not fit the time that other programs are given.</summary>
    private static void Fio(string[] arguments)
    {
        using var fio = Process.Start(new ProcessStartInfo("fio", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/tmp",
        })!;
        var output = fio.StandardOutput.ReadToEndAsync();
        var errors = fio.StandardError.ReadToEnd();
        fio.WaitForExit();
        Assert.True(fio.ExitCode == 0, $"fio {string.Join(' ', arguments)} ended with {fio.ExitCode}: {output.Result}{errors}");
        TestContext.Current.SendDiagnosticMessage(output.Result);
    }

    /// <summary>Blocks of 512 bytes that a file has by now.</summary>
    private static long Blocks(string file) =>
        Tool.Try("stat", "-c", "%b", file) is (0, var text) ? long.Parse(text, CultureInfo.InvariantCulture) : 0;
}
