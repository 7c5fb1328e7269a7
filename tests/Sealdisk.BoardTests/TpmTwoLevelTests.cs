using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Keys on two levels under a TPM: the root key is sealed by swtpm, the volume keys are the kernel's own encrypted keys.</summary>
[Trait(BoardNeeded.Trait, "x86-64")]
public sealed class TpmTwoLevelTests
{
    private const uint Parent = 0x81000001, OtherParent = 0x81000020;

    private const long HeaderBytes = 1 << 20;

    [Fact]
    public void A_volume_opens_after_rotation_and_on_another_TPM_only_by_recovery()
    {
        using var work = new Workplace();
        var options = Options(work);
        string recovery, line;
        using (var first = Machine.Boot(options))
        {
            line = first.Succeed("sealdisk recovery new /tmp/recovery.key");
            recovery = first.Succeed("cat /tmp/recovery.key");
            Configure(first, line);
            var plan = first.Succeed("sealdisk plan");
            Assert.Equal(2, plan.Split("make the TPM's parent key 0x81000001").Length);
            Assert.Equal(2, plan.Split("encrypted under the root key of data").Length);
            Assert.Empty(TpmBoard.Persistent(first));
            first.Succeed("sealdisk up");
            Assert.Matches(
                "^0 [0-9]+ crypt aes-xts-plain64 :64:encrypted:sealdisk:data 0 25[34]:0 2048",
                first.Succeed("dmsetup table --showkeys data"));
            Assert.Equal("", first.Succeed("grep -E 'trusted|encrypted' /proc/keys || true"));
            first.Succeed("echo 'written at the first boot' > /data/file && echo 'of the logs' > /logs/file && sealdisk down");
            Assert.Equal((1, 2), Keys(first));
            Assert.Equal([Parent], TpmBoard.Persistent(first));
            Assert.Empty(TpmBoard.Loaded(first));

            var (root, data) = (Root(first), Data(first));
            first.Succeed("sealdisk rotate");
            Assert.Equal((1, 2), Keys(first));
            Assert.NotEqual(root, Root(first));
            Assert.Equal(data, Data(first));
            Assert.Equal([Parent], TpmBoard.Persistent(first));
            Assert.Empty(TpmBoard.Loaded(first));
            Volume.AssertNothingOpen(first);
            first.PowerOff();
        }

        using (var second = Machine.Boot(options))
        {
            Configure(second, line);
            second.Succeed("sealdisk check && sealdisk up");
            Assert.Equal("written at the first boot", second.Succeed("cat /data/file"));
            Assert.Equal("of the logs", second.Succeed("cat /logs/file"));
            second.Succeed("sealdisk down");
            // A parent that is gone comes back for a key on two levels too.
            TpmBoard.Evict(second, Parent);
            Volume.ExitsWith(second, ExitCode.DoesNotOpen, "sealdisk rotate", "its parent key 0x81000001 was removed", "sealdisk up data");
            second.Succeed("sealdisk up && sealdisk down");
            Assert.Equal([Parent], TpmBoard.Persistent(second));
            second.PowerOff();
        }

        using var other = Machine.Boot(options with { Tpm = new Tpm(work["another"]) });
        Configure(other, line);
        var disks = Volume.Hash(other, "/dev/vda") + Volume.Hash(other, "/dev/vdb");
        foreach (var verb in new[] { "up", "check", "rotate" })
            Volume.ExitsWith(
                other, ExitCode.DoesNotOpen, $"sealdisk {verb}", "cannot unseal the root key above the key of data",
                "another TPM sealed it", "the root key above the key of logs");
        Assert.Equal(disks, Volume.Hash(other, "/dev/vda") + Volume.Hash(other, "/dev/vdb"));
        Assert.Empty(TpmBoard.Persistent(other));
        other.Put("/tmp/recovery.key", System.Text.Encoding.ASCII.GetBytes(recovery));
        var ciphertext = Data(other);
        Assert.Contains("is recovered", other.Succeed("sealdisk recover data --key /tmp/recovery.key"), StringComparison.Ordinal);
        Assert.Equal(ciphertext, Data(other));
        Assert.Equal([Parent], TpmBoard.Persistent(other));
        other.Succeed("sealdisk up data");
        Assert.Equal("written at the first boot", other.Succeed("cat /data/file"));
        other.Succeed("sealdisk down data");
        Volume.ExitsWith(other, ExitCode.DoesNotOpen, "sealdisk up logs", "another TPM sealed it");
        other.Succeed("sealdisk recover logs --key /tmp/recovery.key && sealdisk rotate && sealdisk up");
        Assert.Equal("of the logs", other.Succeed("cat /logs/file"));
        other.Succeed("sealdisk down");
        Assert.Equal((1, 2), Keys(other));
        Assert.Empty(TpmBoard.Loaded(other));
        Volume.AssertNothingOpen(other);
    }

    [Fact]
    public void A_rotation_takes_other_PCRs_another_parent_and_another_password()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(Options(work));
        var line = machine.Succeed("sealdisk recovery new /tmp/recovery.key");
        machine.Succeed(
            "umask 077; echo 00112233445566778899aabbccddeeff00112233 > /tmp/first; "
            + "echo ff112233445566778899aabbccddeeff00112233 > /tmp/second");
        Configure(machine, line, "pcrs = [7, 14]");
        machine.Succeed("sealdisk up && echo kept > /data/file && echo too > /logs/file && sealdisk down");
        var data = Data(machine);

        // Before an update that changes PCR 14: sealed to PCR 7 alone. After it, to both again.
        Configure(machine, line, "pcrs = [7]");
        Volume.ExitsWith(
            machine, ExitCode.Refused, "sealdisk up", "the configuration says pcrs 7, its record says 7, 14", "sealdisk rotate");
        machine.Succeed("sealdisk rotate");
        TpmBoard.Extend(machine, 14);
        machine.Succeed("sealdisk up && sealdisk down");
        Configure(machine, line, "pcrs = [7, 14]");
        machine.Succeed("sealdisk rotate && sealdisk check");
        Assert.Empty(TpmBoard.Loaded(machine));

        // A change that nobody expected: only the recovery key is a way out.
        TpmBoard.Extend(machine, 14);
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(
            machine, ExitCode.DoesNotOpen, "sealdisk up data", "PCR 14 is not what it was when the key was sealed",
            "sealdisk recover");
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk rotate data", "PCR 14 is not what it was when the key was sealed");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        machine.Succeed("sealdisk recover data --key /tmp/recovery.key && sealdisk recover logs --key /tmp/recovery.key && sealdisk check");

        // A password, another one and another parent, and none again. The old password has to be there.
        Configure(machine, line, "pcrs = [7]\nauth = \"/tmp/first\"");
        machine.Succeed("sealdisk rotate --old-auth none && sealdisk check");
        Configure(machine, line, "parent = 0x81000020\nauth = \"/tmp/second\"");
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk rotate data", "this hardware does not open it (EPERM)");
        machine.Succeed("sealdisk rotate --old-auth /tmp/first && sealdisk check");
        Assert.Equal([Parent, OtherParent], TpmBoard.Persistent(machine));
        Configure(machine, line);
        machine.Succeed("sealdisk rotate --old-auth /tmp/second");
        TpmBoard.Evict(machine, OtherParent);
        machine.Succeed("sealdisk up");
        Assert.Equal("kept\ntoo", machine.Succeed("cat /data/file /logs/file"));
        machine.Succeed("sealdisk down");
        Assert.Equal((1, 2), Keys(machine));
        Assert.Empty(TpmBoard.Loaded(machine));
        Assert.DoesNotContain("00112233445566778899aabbccddeeff00112233", machine.KernelLog, StringComparison.Ordinal);
        Volume.AssertNothingOpen(machine);
        Assert.NotEqual(data, Data(machine)); // mounted meanwhile: the hash sees that
    }

    [Fact]
    public void A_key_of_the_soft_source_moves_to_the_TPM_and_never_back()
    {
        using var work = new Workplace();
        var options = Options(work);
        string huk;
        using (var first = Machine.Boot(options))
        {
            first.Succeed("sealdisk huk new /tmp/huk.hex");
            huk = first.Succeed("cat /tmp/huk.hex");
            TwoVolumes.Configure(first, "soft", "");
            first.Succeed("sealdisk up data && echo 'made with soft' > /data/file && sealdisk down data");
            var data = Data(first);
            Assert.Contains("set source = \"tpm\"", first.Run("sealdisk rotate data --source tpm").Error, StringComparison.Ordinal);
            Assert.Equal(data, Data(first));
            Assert.Equal([Parent], TpmBoard.Persistent(first));
            Assert.Empty(TpmBoard.Loaded(first));
            Volume.ExitsWith(first, ExitCode.Refused, "sealdisk up data", "the configuration says source soft, its record says tpm");
            first.PowerOff();
        }

        using var second = Machine.Boot(options);
        Configure(second, "");
        Assert.Contains("source tpm, mapping dm", second.Succeed("sealdisk up data"), StringComparison.Ordinal);
        Assert.Equal("made with soft", second.Succeed("cat /data/file"));
        second.Succeed("sealdisk down data");
        var before = Volume.Hash(second, "/dev/vda");
        second.Put("/tmp/huk.hex", System.Text.Encoding.ASCII.GetBytes(huk));
        second.Succeed("chmod 600 /tmp/huk.hex");
        Volume.ExitsWith(
            second, ExitCode.Refused, "sealdisk rotate data --source soft", "cannot move data from source 'tpm' to 'soft'",
            "nothing was changed");
        Assert.Equal(before, Volume.Hash(second, "/dev/vda"));
        Volume.AssertNothingOpen(second);
    }

    private static BootOptions Options(Workplace work) =>
        TpmBoard.Options(work) with { Disks = [new FileDisk(work.Disk("volume", 8)), new FileDisk(work.Disk("logs", 8))] };

    private static void Configure(Machine machine, string recovery, string tpm = "") =>
        TwoVolumes.Configure(machine, "tpm", recovery, more: tpm.Length == 0 ? "" : $"[source.tpm]\n{tpm}\n");

    /// <summary>How many root keys, and how many keys under them.</summary>
    private static (int Roots, int Keys) Keys(Machine machine) => (Count(machine, "root-key="), Count(machine, "sealed-key="));

    private static int Count(Machine machine, string line) =>
        int.Parse(
            machine.Succeed($"(sealdisk record show data; sealdisk record show logs) | grep {line} | sort -u | wc -l"),
            System.Globalization.CultureInfo.InvariantCulture);

    private static string Root(Machine machine) => machine.Succeed("sealdisk record show data | grep root-key=");

    /// <summary>Of both disks, what the header does not take: no rotation and no recovery touches it.</summary>
    private static string Data(Machine machine) =>
        Volume.Hash(machine, "/dev/vda", HeaderBytes) + Volume.Hash(machine, "/dev/vdb", HeaderBytes);
}
