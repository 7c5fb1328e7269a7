using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>A TPM 1.2, swtpm's: the kernel seals under its storage root key.</summary>
[Trait(BoardNeeded.Trait, "x86-64")]
public sealed class Tpm12Tests
{
    [Theory]
    [InlineData("trusted")]
    [InlineData("encrypted")]
    public void A_volume_opens_after_power_off_and_on_another_TPM_only_by_recovery(string key)
    {
        using var work = new Workplace();
        var options = TpmBoard.Options(work) with { Tpm = Tpm12Owner.Take(work["tpm12"]) };
        var (recovery, settings) = ("", new List<(string, string)> { ("key", $"\"{key}\"") });
        using (var first = Machine.Boot(options))
        {
            if (key == "encrypted")
            {
                settings.Add(("recovery", first.Succeed("sealdisk recovery new /tmp/recovery.key").Split(" = ")[1]));
                recovery = first.Succeed("cat /tmp/recovery.key");
            }
            TpmBoard.Configure(first, [.. settings]);
            // The owner's password for the storage root key is not the well-known one.
            Volume.ExitsWith(first, ExitCode.Failed, "sealdisk up", "the trust source refused (EPERM)", "nothing was changed");
            Tpm12Owner.MakeStorageRootKeyWellKnown(first);
            Assert.DoesNotContain("parent key", first.Succeed("sealdisk plan"), StringComparison.Ordinal);
            first.Succeed("sealdisk up && echo 'written at the first boot' > /data/file && sealdisk down");
            if (key == "encrypted")
                first.Succeed("sealdisk rotate");
            first.Succeed("sealdisk key new kmk --size 32 --blob /tmp/blob --source tpm --keyring @u && keyctl clear @u");
            Assert.Contains("\"kind\": \"tpm12\"", first.Succeed("sealdisk blob inspect /tmp/blob --json"), StringComparison.Ordinal);
            Volume.AssertNothingOpen(first);
            first.PowerOff();
        }

        using (var second = Machine.Boot(options))
        {
            TpmBoard.Configure(second, [.. settings]);
            second.Succeed("sealdisk check && sealdisk up");
            Assert.Equal("written at the first boot", second.Succeed("cat /data/file"));
            second.Succeed("sealdisk down");
            second.PowerOff();
        }

        using var other = Machine.Boot(options with { Tpm = Tpm12Owner.Take(work["another"]) });
        Tpm12Owner.MakeStorageRootKeyWellKnown(other);
        TpmBoard.Configure(other, [.. settings]);
        var before = Volume.Hash(other, "/dev/vda");
        foreach (var verb in new[] { "up", "check" })
            Volume.ExitsWith(other, ExitCode.DoesNotOpen, $"sealdisk {verb}", "this hardware does not open it (EPERM)");
        Assert.Equal(before, Volume.Hash(other, "/dev/vda"));
        if (key == "encrypted")
        {
            other.Put("/tmp/recovery.key", System.Text.Encoding.ASCII.GetBytes(recovery));
            Assert.Contains("is recovered", other.Succeed("sealdisk recover data --key /tmp/recovery.key"), StringComparison.Ordinal);
            other.Succeed("sealdisk check && sealdisk up");
            Assert.Equal("written at the first boot", other.Succeed("cat /data/file"));
            other.Succeed("sealdisk down");
        }
        Volume.AssertNothingOpen(other);
    }

    [Fact]
    public void A_TPM_without_an_owner_is_refused_with_the_reason()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work) with { Tpm = new Tpm(work["tpm12"]) { Version = "1.2" } });
        TpmBoard.Configure(machine);
        Assert.Equal("1", machine.Succeed("cat /sys/class/tpm/tpm0/tpm_version_major"));
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk up", "cannot make the key of data: the trust source refused (EPERM)",
            "nothing was changed");
        machine.Succeed($"printf '[source.tpm]\\npcrs = [7]\\n' >> {Volume.Config}");
        Volume.ExitsWith(machine, ExitCode.Usage, "sealdisk up", "this is a TPM 1.2");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Volume.AssertNothingOpen(machine);
    }
}
