using System.Text;
using Sealdisk.Board;
using Sealdisk.OpTee;

namespace Sealdisk.BoardTests;

/// <summary>The real chain, OP-TEE to dm-crypt, driven by the kernel's own tools; what Sealdisk is measured against.</summary>
public sealed class TrustedKeyTests
{
    private static readonly BootOptions Bare = new() { Sealdisk = false };

    [Fact]
    public void A_volume_of_the_first_boot_opens_at_the_second_and_not_on_another_board()
    {
        using var work = new Workplace();
        var options = Bare with { Disks = [new FileDisk(work.Disk("root", 64))] };
        using (var first = Machine.Boot(options))
        {
            first.Succeed("mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && cd /mnt && keyctl add trusted kmk 'new 32' @u");
            first.Succeed("cd /mnt && keyctl pipe $(keyctl search @u trusted kmk) > kmk.blob && truncate -s 32M image");
            Map(first);
            first.Succeed("mkfs.ext4 -q /dev/mapper/volume && mkdir -p /run/data && mount /dev/mapper/volume /run/data");
            Assert.Equal("0 65536 crypt aes-cbc-plain :32:trusted:kmk 0 7:0 0", first.Succeed("dmsetup table --showkeys volume"));
            first.Succeed(
                "echo 'a secret of the first boot' > /run/data/file && umount /run/data && DM_DISABLE_UDEV=1 dmsetup remove volume");
            first.PowerOff();
        }

        using (var second = Machine.Boot(options))
        {
            second.Succeed("mount /dev/vda /mnt && keyctl add trusted kmk \"load $(cat /mnt/kmk.blob)\" @u");
            Map(second);
            second.Succeed("mkdir -p /run/data && mount /dev/mapper/volume /run/data");
            Assert.Equal("a secret of the first boot", second.Succeed("cat /run/data/file"));
            Assert.NotEqual(0, second.Run("grep -q 'secret of the first' /mnt/image").ExitCode);
            second.PowerOff();
        }

        using var other = Machine.Boot(options with { Firmware = Firmware.Second });
        other.Succeed("mount -o ro /dev/vda /mnt");
        var answer = other.Run("strace -e trace=add_key -s 8 keyctl add trusted kmk \"load $(cat /mnt/kmk.blob)\" @u");
        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("EFAULT", answer.Error, StringComparison.Ordinal);
        Assert.Contains("key_unseal failed (-14)", other.Succeed("dmesg"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Firmware.Default, "huk-default.hex")]
    [InlineData(Firmware.Second, "huk-second.hex")]
    public void Blobs_move_both_ways_between_the_board_and_the_software_model(Firmware firmware, string hukFile)
    {
        var huk = new byte[HukText.MaxBytes];
        Assert.Equal(16, HukText.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, hukFile)), huk));
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk.AsSpan(0, 16), taKey);
        using var machine = Machine.Boot(Bare with { Firmware = firmware });

        machine.Succeed("keyctl add trusted of-board 'new 32' @u");
        var blob = BlobText.Parse(Encoding.ASCII.GetBytes(machine.Succeed("keyctl pipe $(keyctl search @u trusted of-board)")));
        var key = new byte[32];
        Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(taKey, blob, key));
        Assert.NotEqual(new byte[32], key);

        // The board encrypts zeros with the key that the model opened: the same ciphertext as with the key sealed in hardware.
        var sealedHere = new byte[32 + TrustedKeysTa.Overhead];
        TrustedKeysTa.Seal(taKey, "a test's only IV"u8, key, sealedHere);
        machine.Succeed($"keyctl add trusted of-model 'load {BlobText.Write(sealedHere)}' @u");
        machine.Succeed("truncate -s 1M /tmp/image && losetup /dev/loop0 /tmp/image");
        string Ciphertext(string name)
        {
            machine.Succeed(
                $"DM_DISABLE_UDEV=1 dmsetup create volume --table '0 2048 crypt aes-cbc-plain :32:trusted:{name} 0 /dev/loop0 0'");
            machine.Succeed(
                "dd if=/dev/zero of=/dev/mapper/volume bs=4096 count=4 oflag=direct 2>/dev/null && "
                + "DM_DISABLE_UDEV=1 dmsetup remove volume && sync");
            return machine.Succeed("sha256sum < /tmp/image");
        }

        Assert.Equal(Ciphertext("of-board"), Ciphertext("of-model"));
    }

    [Fact]
    public void Keys_differ_from_boot_to_boot()
    {
        string NewKey()
        {
            using var machine = Machine.Boot(Bare);
            return machine.Succeed("keyctl pipe $(keyctl add trusted kmk 'new 32' @u)");
        }

        Assert.NotEqual(NewKey(), NewKey());
    }

    // Nobody runs udev on the board: dmsetup makes the node itself, if told.
    private static void Map(Machine machine)
    {
        machine.Succeed("losetup /dev/loop0 /mnt/image");
        machine.Succeed(
            "DM_DISABLE_UDEV=1 dmsetup create volume --table '0 65536 crypt aes-cbc-plain :32:trusted:kmk 0 /dev/loop0 0 1 "
            + "sector_size:512'");
    }
}
