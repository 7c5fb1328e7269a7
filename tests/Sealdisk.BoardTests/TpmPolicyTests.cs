using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>[source.tpm] against a real kernel: PCRs, a password, a parent elsewhere.</summary>
[Trait(BoardNeeded.Trait, "x86-64")]
public sealed class TpmPolicyTests
{
    private const uint Parent = 0x81000010;

    [Fact]
    public void A_key_bound_to_pcrs_opens_while_they_are_the_same_and_a_changed_one_is_named()
    {
        using var work = new Workplace();
        var options = TpmBoard.Options(work);
        using (var first = Machine.Boot(options))
        {
            Configure(first, "parent = 0x81000010\npcrs = [7, 14]");
            Assert.Contains("parent 0x81000010, PCRs 7 14", first.Succeed("sealdisk plan"), StringComparison.Ordinal);
            first.Succeed("sealdisk up && echo bound > /data/file && sealdisk down");
            Assert.Equal([Parent], TpmBoard.Persistent(first));
            first.Succeed("sealdisk up && sealdisk down && sealdisk check");
            Assert.Empty(TpmBoard.Loaded(first));

            TpmBoard.Extend(first, 14);
            RefusedUnchanged(first, ExitCode.DoesNotOpen, "PCR 14 is not what it was when the key was sealed");
            TpmBoard.Extend(first, 7);
            RefusedUnchanged(first, ExitCode.DoesNotOpen, "PCR 7, 14 are not what they were");
            // It is the TPM that refuses: the kernel alone, with the very blob, gets nothing, and neither would a Sealdisk
            // without that comparison.
            first.Succeed("dd if=/dev/vda bs=4096 count=1 2>/dev/null | grep -a ^sealed-key= | cut -d= -f2 | tr -d '\\n' > /tmp/blob");
            Assert.Contains("\"policy\": \"32 bytes\"", first.Succeed("sealdisk blob inspect /tmp/blob --json"), StringComparison.Ordinal);
            Assert.NotEqual(0, first.Run("keyctl add trusted x \"load $(cat /tmp/blob)\" @u").ExitCode);
            Assert.Empty(TpmBoard.Loaded(first));
            first.PowerOff();
        }

        using var second = Machine.Boot(options);
        Configure(second, "parent = 0x81000010");
        RefusedUnchanged(second, ExitCode.Refused, "the configuration says pcrs none, its record says 7, 14");
        Configure(second, "parent = 0x81000010\npcrs = [7, 14]");
        second.Succeed("sealdisk up");
        Assert.Equal("bound", second.Succeed("cat /data/file"));
        Assert.Empty(TpmBoard.Loaded(second));
        second.Succeed("sealdisk down");
    }

    [Theory]
    [InlineData("hash = \"sha1\"\n")]
    [InlineData("pcrs = [7]\n")]
    public void A_key_with_a_password_opens_only_with_that_password(string more)
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work));
        Configure(machine, more + "auth = \"/tmp/auth\"");
        machine.Succeed(
            "umask 077; echo 00112233445566778899aabbccddeeff00112233 > /tmp/auth; "
            + "echo ff112233445566778899aabbccddeeff00112233 > /tmp/wrong");
        machine.Succeed("sealdisk up && echo kept > /data/file && sealdisk down && sealdisk up && sealdisk down");
        machine.Succeed("mv /tmp/auth /tmp/right && cp -p /tmp/wrong /tmp/auth");
        RefusedUnchanged(machine, ExitCode.DoesNotOpen, "this hardware does not open it (EPERM)");
        machine.Succeed("chmod 644 /tmp/auth");
        RefusedUnchanged(machine, ExitCode.Usage, "its mode 0644 lets others read it");
        machine.Succeed("chmod 600 /tmp/auth && echo 1234 > /tmp/auth");
        RefusedUnchanged(machine, ExitCode.Usage, "it is not hex text of 20 bytes");
        machine.Succeed("mv /tmp/right /tmp/auth && sealdisk up");
        Assert.Equal("kept", machine.Succeed("cat /data/file"));
        Assert.Empty(TpmBoard.Loaded(machine));
        Assert.DoesNotContain("00112233445566778899aabbccddeeff00112233", machine.KernelLog, StringComparison.Ordinal);
        machine.Succeed("sealdisk down");
    }

    private static void Configure(Machine machine, string settings)
    {
        TpmBoard.Configure(machine);
        machine.Succeed($"printf '[source.tpm]\\n%s\\n' '{settings}' >> {Volume.Config}");
    }

    private static void RefusedUnchanged(Machine machine, ExitCode code, params string[] words)
    {
        var before = Volume.Hash(machine, "/dev/vda");
        foreach (var verb in new[] { "up", "check" })
            Volume.ExitsWith(machine, code, $"sealdisk {verb}", words);
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Volume.AssertNothingOpen(machine);
        Assert.Empty(TpmBoard.Loaded(machine));
    }
}
