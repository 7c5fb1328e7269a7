using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// The audit on a real system: a HUK of zeros is caught from the volume's own record, and a HUK of its own is not called
/// anything.
/// </summary>
public sealed class AuditTests
{
    [Fact]
    public void A_huk_of_zeros_is_caught()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine);
        machine.Succeed("sealdisk up");
        var finding = Huk(machine, ExitCode.Findings, "sealdisk audit --fail-on critical");
        Assert.Equal(("fails", "critical", "data"), (Word(finding, "status"), Word(finding, "severity"), Word(finding, "subject")));
        Assert.Contains(
            finding.GetProperty("evidence").EnumerateArray(),
            seen => seen.GetProperty("path").GetString() == "HUK" && seen.GetProperty("what").GetString() == "all-zero");
        Volume.ExitsWith(
            machine, ExitCode.Findings, "sealdisk audit", "No: in volume data, the sealed key opens under a HUK that is public",
            "fix first: huk-unknown [data]", "linux,dummy-virt");
        machine.Succeed("sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @u");
        Volume.ExitsWith(machine, ExitCode.Findings, "sealdisk blob audit /tmp/kmk.blob", "known: all-zero", "Proven by the 128-bit tag");

        // What the audit read here, audited elsewhere, says the same.
        machine.Succeed(
            "sealdisk audit --fail-on never --json > /tmp/here.json; "
            + "sealdisk audit --fail-on never --capture /tmp/tree > /dev/null && "
            + "sealdisk audit --fail-on never --root /tmp/tree --json > /tmp/there.json");
        machine.Succeed("cmp /tmp/here.json /tmp/there.json");
        Assert.Contains("OP-TEE 4.", machine.Succeed("cat /tmp/here.json"), StringComparison.Ordinal);
        machine.Succeed("tar -C /tmp -czf /tmp/tree.tar.gz tree");
        if (Environment.GetEnvironmentVariable("SEALDISK_UPDATE_ROOTS") is "1")
            KeepAsTestData(machine.Get("/tmp/tree.tar.gz"));
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    /// <summary>
    /// The recovery path: a board's disk, read on the bench with the HUK that its maker can compute, here OP-TEE's own zeros.
    /// </summary>
    [Fact]
    public void A_board_s_disk_opens_on_the_bench_with_the_HUK_that_its_maker_computes()
    {
        using var work = new Workplace();
        var options = new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))] };
        using (var machine = Machine.Boot(options))
        {
            Volume.Configure(machine);
            machine.Succeed("sealdisk up && echo 'what the customer had' > /data/file && sealdisk down");
            machine.PowerOff();
        }
        using var host = new Host(work, "huk-default.hex");
        host.Succeed("huk", "derive", work["bench.hex"], "--family", "qemu");
        host.Succeed("image", "decrypt", work["volume"], work["plain"], "--source", "soft", "--huk", work["bench.hex"]);
        Assert.Equal("what the customer had\n", host.Debugfs(work["plain"], "cat file"));
    }

    [Fact]
    public void A_huk_of_its_own_matches_no_candidate_and_is_not_called_secret()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Firmware = Firmware.Second, Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine);
        machine.Succeed("sealdisk up");
        var finding = Huk(machine, ExitCode.Done, "sealdisk audit --fail-on critical");
        Assert.Equal("unknown", Word(finding, "status"));
        Assert.Contains("that does not prove that its HUK is secret", Word(finding, "text"), StringComparison.Ordinal);
        Volume.ExitsWith(machine, ExitCode.Findings, "sealdisk audit --strict --fail-on critical");
        machine.Succeed("sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @u");
        Volume.ExitsWith(machine, ExitCode.Done, "sealdisk blob audit /tmp/kmk.blob", "no candidate matched", "does not prove");
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void A_required_check_that_fails_keeps_the_first_boot_from_sealing()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine, ("require", "[\"huk-unknown\"]"));
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(
            machine, ExitCode.Refused, "sealdisk up",
            "'huk-unknown' is required, but the sealed key opens under a HUK that is public", "nothing was written");
        Volume.Configure(machine, ("require", "[\"closed\"]"));
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up", "'closed' is required, but is not known to be met");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Volume.AssertNothingOpen(machine);
    }

    /// <summary>
    /// Closing a chip gives it another HUK. The board stands in for such a chip: it is made to look like an STM32MP15, open and
    /// then closed, and is booted with the other HUK the second time.
    /// </summary>
    [Fact]
    public void A_key_that_stopped_opening_when_the_chip_was_closed_is_explained()
    {
        using var work = new Workplace();
        var disk = work.Disk("volume", 16);
        using (var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(disk)] }))
        {
            LookLikeStm32Mp15(machine, "\\000");
            Volume.Configure(machine, ("require", "[\"closed\"]"));
            Volume.ExitsWith(
                machine, ExitCode.Refused, "sealdisk up", "'closed' is required, but STM32MP15 is open", "nothing was written");
            Volume.Configure(machine);
            machine.Succeed("sealdisk up && sealdisk down");
            Assert.Contains(
                "\"life_cycle\": \"open (stm32mp15: /sys/bus/nvmem/devices/stm32-romem0/nvmem offset 0x0: 0x00000000, mask 0x40)\"",
                machine.Succeed("sealdisk status --json"), StringComparison.Ordinal);
            machine.PowerOff();
        }
        using var closed = Machine.Boot(new BootOptions { Firmware = Firmware.Second, Disks = [new FileDisk(disk)] });
        Volume.Configure(closed);
        var before = Volume.Hash(closed, "/dev/vda");
        Assert.DoesNotContain("closed now", Volume.ExitsWith(closed, ExitCode.DoesNotOpen, "sealdisk check"), StringComparison.Ordinal);
        LookLikeStm32Mp15(closed, "\\100");
        foreach (var verb in new[] { "check", "up" })
            Volume.ExitsWith(
                closed, ExitCode.DoesNotOpen, $"sealdisk {verb}",
                "the chip was open when the key was sealed and is closed now, which on many chips changes the hardware key",
                "restore the data from a backup");
        Volume.ExitsWith(closed, ExitCode.Findings, "sealdisk audit", "closed [data]: the chip was open when the key was sealed");
        Assert.Equal(before, Volume.Hash(closed, "/dev/vda"));
        Volume.AssertNothingOpen(closed);
    }

    [Fact]
    public void A_required_check_that_is_met_lets_the_first_boot_go_on()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Firmware = Firmware.Second, Disks = [new FileDisk(work.Disk("volume", 16))] });
        Volume.Configure(machine, ("require", "[\"huk-unknown\"]"));
        Volume.ExitsWith(machine, ExitCode.Done, "sealdisk plan", "verify that the device meets huk-unknown");
        machine.Succeed("sealdisk up && sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    /// <summary>Lays another device tree's name and a fuse word over /sys; the byte is the word's lowest, as printf(1) takes it.</summary>
    private static void LookLikeStm32Mp15(Machine machine, string fuse) => machine.Succeed($"""
        mkdir -p /tmp/bus/nvmem/devices/stm32-romem0
        printf 'st,stm32mp157c-dk2\000st,stm32mp157\000' > /tmp/compatible
        (printf '{fuse}'; head -c 95 /dev/zero) > /tmp/bus/nvmem/devices/stm32-romem0/nvmem
        mount --bind /tmp/compatible /sys/firmware/devicetree/base/compatible
        mount --bind /tmp/bus /sys/bus
        """);

    private static void KeepAsTestData(byte[] tarGz)
    {
        var folder = Path.Combine(Checkout.Root, "tests", "roots", "board");
        if (Directory.Exists(Path.Combine(folder, "tree")))
            Directory.Delete(Path.Combine(folder, "tree"), recursive: true);
        using var tar = new GZipStream(new MemoryStream(tarGz), CompressionMode.Decompress);
        TarFile.ExtractToDirectory(tar, folder, overwriteFiles: true);
    }

    private static JsonElement Huk(Machine machine, ExitCode code, string command)
    {
        var answer = machine.Run(command + " --json");
        Assert.True(answer.ExitCode == (int)code, answer.All);
        using var report = JsonDocument.Parse(answer.Output);
        return Assert.Single(
            report.RootElement.GetProperty("findings").EnumerateArray(),
            finding => finding.GetProperty("id").GetString() == "huk-unknown").Clone();
    }

    private static string? Word(JsonElement finding, string name) => finding.GetProperty(name).GetString();
}
