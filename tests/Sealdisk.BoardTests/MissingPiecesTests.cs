using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>The board's variants really lack what they are said to lack, and nothing else.</summary>
public sealed class MissingPiecesTests
{
    private const string TaDriver = "ls /sys/bus/tee/devices";
    private const string Ta = "optee-ta-f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c";

    private static readonly BootOptions Bare = new() { Sealdisk = false };

    [Fact]
    public void The_whole_board_has_everything()
    {
        using var machine = Machine.Boot(Bare);
        Assert.Contains(Ta, machine.Succeed(TaDriver), StringComparison.Ordinal);
        Assert.Equal("trusted-key-tee", machine.Succeed($"basename $(readlink /sys/bus/tee/devices/{Ta}/driver)"));
        Assert.Contains("crypt", machine.Succeed("dmsetup targets"), StringComparison.Ordinal);
        machine.Succeed("keyctl add trusted kmk 'new 32' @u && keyctl add encrypted e 'new trusted:kmk 32' @u");
        Assert.Contains("aes-ce", machine.Succeed("cat /proc/crypto"), StringComparison.Ordinal);
        Assert.Equal(BoardVersions(), machine.Succeed("cat /etc/board-versions"));
    }

    [Fact]
    public void Without_the_TA_OP_TEE_is_there_and_the_key_type_is_not()
    {
        using var machine = Machine.Boot(Bare with { Firmware = Firmware.NoTa });
        Assert.DoesNotContain(Ta, machine.Succeed(TaDriver), StringComparison.Ordinal);
        machine.Succeed("test -e /dev/tee0");
        Assert.Contains("No such device", machine.Run("keyctl add trusted kmk 'new 32' @u").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BootOptions.NoTrustedKeys, "trusted", "encrypted")]
    [InlineData(BootOptions.NoEncryptedKeys, "encrypted", "trusted")]
    public void A_key_type_can_be_absent(string append, string absent, string present)
    {
        using var machine = Machine.Boot(Bare with { Append = append });
        Assert.Contains("No such device", machine.Run($"keyctl add {absent} kmk 'new 32' @u").Error, StringComparison.Ordinal);
        Assert.DoesNotContain("No such device", machine.Run($"keyctl add {present} kmk x @u").Error, StringComparison.Ordinal);
        Assert.Contains("crypt", machine.Succeed("dmsetup targets"), StringComparison.Ordinal);
    }

    [Fact]
    public void Dm_crypt_can_be_absent()
    {
        using var machine = Machine.Boot(Bare with { Append = BootOptions.NoDmCrypt });
        Assert.DoesNotContain("crypt", machine.Succeed("dmsetup targets"), StringComparison.Ordinal);
        machine.Succeed("keyctl add trusted kmk 'new 32' @u && truncate -s 1M /tmp/image && losetup /dev/loop0 /tmp/image");
        Assert.NotEqual(0, machine.Run("dmsetup create v --table '0 2048 crypt aes-cbc-plain :32:trusted:kmk 0 /dev/loop0 0'").ExitCode);
        machine.Succeed("dmsetup create v --table '0 2048 linear /dev/loop0 0'");
    }

    [Fact]
    public void Device_mapper_can_be_absent()
    {
        using var machine = Machine.Boot(Bare with { Append = BootOptions.NoDeviceMapper });
        machine.Succeed("test ! -e /dev/mapper/control");
        machine.Succeed("keyctl add trusted kmk 'new 32' @u");
    }

    private static string BoardVersions() => BoardImage.Arm64.Versions.TrimEnd('\n');
}
