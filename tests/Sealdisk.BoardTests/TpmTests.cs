using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>A volume whose key a TPM seals, on the x86-64 board: a real kernel, swtpm, and the published linux-x64 binary.</summary>
[Trait(BoardNeeded.Trait, "x86-64")]
public sealed class TpmTests
{
    private const uint Parent = 0x81000001;

    [Fact]
    public void A_volume_opens_after_power_off_and_not_with_another_TPM()
    {
        using var work = new Workplace();
        var options = TpmBoard.Options(work);
        using (var first = Machine.Boot(options))
        {
            TpmBoard.Configure(first);
            Assert.Contains("make the TPM's parent key 0x81000001", first.Succeed("sealdisk plan"), StringComparison.Ordinal);
            Assert.Empty(TpmBoard.Persistent(first));
            var up = first.Run("sealdisk up");
            Assert.True(up.ExitCode == 0, up.All);
            Assert.Contains("source tpm, mapping dm", up.Output, StringComparison.Ordinal);
            Assert.Contains("first boot", up.Error, StringComparison.Ordinal);
            Assert.Equal("", first.Succeed("grep trusted /proc/keys || true"));
            Assert.Matches(
                "^0 [0-9]+ crypt aes-xts-plain64 :64:trusted:sealdisk:data 0 25[34]:0 2048",
                first.Succeed("dmsetup table --showkeys data"));
            // The parent that it made is kept, and nothing else is left in the TPM.
            Assert.Equal([Parent], TpmBoard.Persistent(first));
            Assert.Empty(TpmBoard.Loaded(first));
            first.Succeed("echo 'written at the first boot' > /data/file && sealdisk down");
            Volume.AssertNothingOpen(first);
            first.Succeed("sealdisk up && sealdisk down");
            Assert.Equal([Parent], TpmBoard.Persistent(first));
            first.PowerOff();
        }

        using (var second = Machine.Boot(options))
        {
            TpmBoard.Configure(second);
            Assert.Contains("the key unseals", second.Succeed("sealdisk check"), StringComparison.Ordinal);
            var up = second.Run("sealdisk up");
            Assert.True(up.ExitCode == 0, up.All);
            Assert.Contains("later boot", up.Error, StringComparison.Ordinal);
            Assert.Equal("written at the first boot", second.Succeed("cat /data/file"));
            second.Succeed("sealdisk down");
            second.PowerOff();
        }

        using var other = Machine.Boot(options with { Tpm = new Tpm(work["another"]) });
        TpmBoard.Configure(other);
        RefusedUnchanged(other, "another TPM sealed it", "take the disk back");
        Assert.Empty(TpmBoard.Persistent(other));
    }

    [Fact]
    public void A_cleared_tpm_and_a_damaged_blob_are_refused_and_a_lost_parent_is_made_again()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work));
        TpmBoard.Configure(machine);
        machine.Succeed("sealdisk up && echo kept > /data/file && sealdisk down");

        // Somebody tidied up in the TPM: the same parent comes of the same seed. 'check' says so and changes nothing.
        TpmBoard.Evict(machine, Parent);
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk check", "its parent key 0x81000001 was removed", "sealdisk up data");
        Assert.Empty(TpmBoard.Persistent(machine));
        Assert.Contains("made again", machine.Run("sealdisk up --verbose").All, StringComparison.Ordinal);
        Assert.Equal("kept", machine.Succeed("cat /data/file && sealdisk down >/dev/null"));
        Assert.Equal([Parent], TpmBoard.Persistent(machine));

        // Any byte of the private part or of the public part.
        machine.Succeed(
            "sealdisk key new kmk --size 64 --blob /tmp/blob --source tpm --keyring @u && "
            + "keyctl unlink $(keyctl search @u trusted kmk) @u");
        var blob = machine.Succeed("cat /tmp/blob");
        foreach (var at in new[] { blob.Length - 1, blob.Length - 100, blob.Length / 2 })
        {
            machine.Put("/tmp/broken", System.Text.Encoding.ASCII.GetBytes(blob[..at] + (blob[at] == '0' ? '1' : '0') + blob[(at + 1)..]));
            Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk key load broken --blob /tmp/broken --keyring @u", "cannot unseal");
            Assert.Equal("", machine.Succeed("grep broken /proc/keys || true"));
        }
        machine.Put("/tmp/short", System.Text.Encoding.ASCII.GetBytes(blob[..^20]));
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk key load broken --blob /tmp/short --keyring @u", "cannot unseal");

        TpmBoard.Clear(machine);
        RefusedUnchanged(machine, "was cleared since", "sealdisk erase data");
        Assert.Empty(TpmBoard.Persistent(machine));
        // Somebody else's parent under the handle, as a first boot of another volume makes one: the reason is still the right one.
        machine.Succeed("sealdisk key new other --blob /tmp/other --source tpm --keyring @u");
        RefusedUnchanged(machine, "was cleared since", "sealdisk erase data");
        machine.Succeed("sealdisk erase data --yes data && sealdisk up && sealdisk down");
    }

    [Fact]
    public void Keys_move_between_keyctl_and_sealdisk_and_decrypt_the_same()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work));
        machine.Succeed(
            "sealdisk key new kmk --size 32 --blob /tmp/kmk.blob --source tpm --keyring @u && "
            + "keyctl unlink $(keyctl search @u trusted kmk) @u");
        var inspected = machine.Succeed("sealdisk blob inspect /tmp/kmk.blob --json");
        Assert.Contains("\"fixed_tpm\": \"yes\"", inspected, StringComparison.Ordinal);
        Assert.Contains("\"fixed_parent\": \"yes\"", inspected, StringComparison.Ordinal);
        machine.Succeed(
            "keyctl add trusted kmk \"load $(cat /tmp/kmk.blob)\" @u && "
            + "dmsetup create byhand --table '0 2048 crypt aes-cbc-essiv:sha256 :32:trusted:kmk 0 /dev/vda 0'");
        machine.Succeed(
            "dmsetup mknodes && yes sealed | dd of=/dev/mapper/byhand bs=1k count=8 conv=fsync 2>/dev/null; "
            + "dmsetup remove byhand && keyctl unlink $(keyctl search @u trusted kmk) @u");
        machine.Succeed("sealdisk key load kmk --blob /tmp/kmk.blob --source tpm --keyring @u");
        machine.Succeed("sealdisk map open secret /dev/vda --cipher aes-cbc-essiv:sha256 --key trusted:kmk --key-size 32 --length 2048");
        Assert.Equal("sealed", machine.Succeed("head -n 1 /dev/mapper/secret"));
        Assert.NotEqual("sealed", machine.Succeed("head -c 6 /dev/vda | od -An -c | tr -d ' '"));
        machine.Succeed("sealdisk map close secret && keyctl unlink $(keyctl search @u trusted kmk) @u");

        machine.Succeed(
            "keyctl add trusted theirs 'new 32 keyhandle=81000001' @u && "
            + "keyctl pipe $(keyctl search @u trusted theirs) > /tmp/theirs && "
            + "keyctl unlink $(keyctl search @u trusted theirs) @u");
        machine.Succeed("sealdisk key load theirs --blob /tmp/theirs --source tpm --keyring @u");
        Assert.Contains("\"kind\": \"tpm2\"", machine.Succeed("sealdisk blob inspect /tmp/theirs --json"), StringComparison.Ordinal);
        Volume.ExitsWith(
            machine, ExitCode.Done, "sealdisk doctor", "✓ hardware keys: the kernel's trusted keys are sealed by tpm",
            "✓ trusted.source: not set, so the kernel took the first");
    }

    [Fact]
    public void An_object_under_the_parent_s_handle_that_is_no_storage_key_is_left_alone()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work));
        TpmBoard.Configure(machine);
        // The same template as a signing key: ECDSA with SHA-256, not restricted.
        var template = "0023 000b 00040072 0000 0010 0018 000b 0003 0010 0000 0000".Replace(" ", "", StringComparison.Ordinal);
        var size = template.Length / 2;
        var made = TpmBoard.Send(
            machine,
            $"8002 {10 + 4 + 4 + 9 + 6 + 2 + size + 2 + 4:x8} 00000131 40000001 00000009 40000009 0000 00 0000 0004 0000 "
            + $"0000 {size:x4} {template} 0000 00000000");
        Assert.StartsWith("8002", made, StringComparison.Ordinal);
        var loaded = made.AsSpan(20, 8);
        Assert.EndsWith(
            "00000000",
            TpmBoard.Send(machine, $"8002 00000023 00000120 40000001 {loaded} 00000009 40000009 0000 00 0000 {Parent:x8}")[..20],
            StringComparison.Ordinal);
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up", "0x81000001", "no storage key", "was not changed");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Assert.Equal([Parent], TpmBoard.Persistent(machine));
    }

    private static void RefusedUnchanged(Machine machine, params string[] words)
    {
        var before = Volume.Hash(machine, "/dev/vda");
        foreach (var verb in new[] { "up", "check" })
            Volume.ExitsWith(machine, ExitCode.DoesNotOpen, $"sealdisk {verb}", words);
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Volume.AssertNothingOpen(machine);
    }
}
