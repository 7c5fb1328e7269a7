using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>What the doctor says of the whole board, and of one without each piece.</summary>
public sealed class DoctorTests
{
    [Fact]
    public void Doctor_misses_nothing_on_the_whole_board()
    {
        using var machine = Machine.Boot();
        var text = Volume.ExitsWith(
            machine, ExitCode.Done, "sealdisk doctor",
            "✓ hardware keys: the kernel's trusted keys are sealed by tee",
            "✓ TEE: OP-TEE answers, and its trusted-keys TA is bound",
            "✓ dm mappings: device-mapper 4.", "target crypt 1.",
            "✓ kernel cipher xts(aes): xts-aes-ce",
            "✓ loop devices", "✓ fuse mappings",
            "✓ encrypted keys: this kernel has the key type 'encrypted', and it takes keys from outside",
            "✓ session keyring", "✓ random numbers");
        Assert.DoesNotContain("✗", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Firmware.NoTa, "", "tee", "without the trusted-keys TA")]
    [InlineData(Firmware.NoTa, "", "trusted-keys", "OP-TEE is there, but not its trusted-keys TA")]
    [InlineData(Firmware.Default, BootOptions.NoTrustedKeys, "trusted-keys", "has not registered the 'trusted' key type")]
    [InlineData(Firmware.Default, BootOptions.NoDmCrypt, "dm-crypt", "no target 'crypt'")]
    [InlineData(Firmware.Default, BootOptions.NoDeviceMapper, "dm-crypt", "no device-mapper")]
    public void A_missing_piece_is_a_finding_with_a_remedy(Firmware firmware, string append, string id, string words)
    {
        using var machine = Machine.Boot(new BootOptions { Firmware = firmware, Append = append });
        var json = Volume.ExitsWith(machine, ExitCode.Findings, "sealdisk doctor --json");
        using var report = System.Text.Json.JsonDocument.Parse(json);
        var finding = Assert.Single(
            report.RootElement.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("id").GetString() == id);
        Assert.Equal("missing", finding.GetProperty("level").GetString());
        Assert.Contains(words, finding.GetProperty("finding").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("", finding.GetProperty("remedy").GetString());
    }

    [Fact]
    public void Missing_encrypted_keys_are_a_finding_only_if_a_volume_needs_them()
    {
        using var machine = Machine.Boot(new BootOptions { Append = BootOptions.NoEncryptedKeys });
        Volume.ExitsWith(
            machine, ExitCode.Done, "sealdisk doctor", "· encrypted keys: this kernel has no key type 'encrypted'",
            "CONFIG_ENCRYPTED_KEYS");
        Volume.Configure(machine);
        Assert.DoesNotContain("encrypted keys", Volume.ExitsWith(machine, ExitCode.Done, "sealdisk doctor"), StringComparison.Ordinal);
        Volume.Configure(machine, ("key", "\"encrypted\""));
        Volume.ExitsWith(
            machine, ExitCode.Findings, "sealdisk doctor",
            "✗ encrypted keys: this kernel has no key type 'encrypted', which data cannot do without");
    }

    [Fact]
    public void Doctor_names_a_missing_loop_driver_fuse_driver_mkfs_and_session_keyring()
    {
        using var machine = Machine.Boot(new BootOptions { Session = SessionKeyring.None });
        machine.Succeed("rm /dev/fuse /dev/loop-control && mv $(which mkfs.ext4) /tmp");
        Volume.ExitsWith(
            machine, ExitCode.Done, "sealdisk doctor",
            "· fuse mappings: no driver answers", "· loop devices: no driver answers", "· mkfs.ext4: not on this system",
            "· session keyring: this process has none of its own");
        Volume.Configure(machine);
        Volume.ExitsWith(
            machine, ExitCode.Findings, "sealdisk doctor", "✗ mkfs.ext4: not on this system",
            "✓ volume data: this system has what source tee");
    }
}
