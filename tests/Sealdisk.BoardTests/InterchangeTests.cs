using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// Volumes move both ways: between Sealdisk and the kernel's own tools, and between the board and a host with the soft source.
/// </summary>
public sealed class InterchangeTests
{
    [Theory]
    [InlineData("aes-cbc-plain", 32, 512, "detached")]
    [InlineData("aes-xts-plain64", 64, 4096, "detached")]
    [InlineData("aes-xts-plain64", 64, 512, "header")]
    public void A_volume_made_by_hand_is_adopted_only_with_its_own_key(string cipher, int keySize, int sectorSize, string record)
    {
        using var work = new Workplace();
        var options = new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32))] };
        var offset = record == "header" ? 2048 : 0;
        using var machine = Machine.Boot(options);
        machine.Succeed($"keyctl add trusted kmk 'new {keySize}' @u && keyctl pipe $(keyctl search @u trusted kmk) > /tmp/kmk.blob");
        machine.Succeed(
            $"dmsetup create byhand --table '0 {65536 - offset} crypt {cipher} :{keySize}:trusted:kmk 0 /dev/vda {offset} 1 "
            + $"sector_size:{sectorSize}' && dmsetup mknodes");
        machine.Succeed("mkfs.ext4 -q /dev/mapper/byhand && mount /dev/mapper/byhand /mnt && echo 'made by hand' > /mnt/file");
        (string, string)[] settings =
        [
            ("cipher", $"\"{cipher}\""), ("key-size", $"{keySize}"), ("sector-size", $"{sectorSize}"),
            .. record == "header" ? [] : new[] { ("record", "\"/tmp/data.record\"") },
        ];
        Volume.Configure(machine, settings);

        Volume.ExitsWith(machine, ExitCode.Failed, "sealdisk adopt data --blob /tmp/kmk.blob", "in use");
        machine.Succeed("umount /mnt && dmsetup remove byhand && rm /dev/mapper/byhand");
        var before = Volume.Hash(machine, "/dev/vda");
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk up", "has no record");
        machine.Succeed($"keyctl add trusted other 'new {keySize}' @u && keyctl pipe $(keyctl search @u trusted other) > /tmp/other.blob");
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk adopt data --blob /tmp/other.blob", "does not decrypt to ext4");
        machine.Succeed(
            "sed 's/./0/60' /tmp/kmk.blob > /tmp/bad.blob; cmp -s /tmp/bad.blob /tmp/kmk.blob && "
            + "sed 's/./1/60' /tmp/kmk.blob > /tmp/bad.blob; true");
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk adopt data --blob /tmp/bad.blob", "this hardware does not open it");
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));

        Assert.Contains("data is adopted", machine.Succeed("sealdisk adopt data --blob /tmp/kmk.blob"), StringComparison.Ordinal);
        if (record == "detached")
            Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Volume.ExitsWith(machine, ExitCode.Refused, "sealdisk adopt data --blob /tmp/kmk.blob", "holds a record already");
        machine.Succeed("sealdisk up");
        Assert.Equal("made by hand", machine.Succeed("cat /data/file"));
        machine.Succeed("sealdisk down");
        Volume.AssertNothingOpen(machine);
    }

    [Fact]
    public void A_volume_made_by_Sealdisk_opens_with_keyctl_and_dmsetup()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(work.Disk("volume", 32))] });
        Volume.Configure(machine, ("record", "\"/tmp/data.record\""), ("sector-size", "512"));
        machine.Succeed("sealdisk up && echo 'made by Sealdisk' > /data/file && sealdisk down");
        machine.Succeed(
            "blob=$(grep -a -m1 -o 'sealed-key=[0-9a-f]*' /tmp/data.record | cut -d= -f2) && keyctl add trusted kmk \"load $blob\" @u");
        machine.Succeed(
            "dmsetup create byhand --table '0 65536 crypt aes-xts-plain64 :64:trusted:kmk 0 /dev/vda 0' && "
            + "dmsetup mknodes && mount -o ro /dev/mapper/byhand /mnt");
        Assert.Equal("made by Sealdisk", machine.Succeed("cat /mnt/file"));
    }

    [Theory]
    [InlineData(Firmware.Default, "huk-default.hex")]
    [InlineData(Firmware.Second, "huk-second.hex")]
    public void A_board_s_disk_opens_on_a_host_with_its_HUK_and_a_host_s_disk_on_the_board(Firmware firmware, string hukFile)
    {
        using var work = new Workplace();
        var options = new BootOptions
        {
            Firmware = firmware,
            Disks = [new FileDisk(work.Disk("volume", 32)), new FileDisk(work.Disk("of-host", 32))],
        };
        using var host = new Host(work, hukFile);
        using (var machine = Machine.Boot(options))
        {
            Volume.Configure(machine);
            machine.Succeed("sealdisk up && echo 'written on the board' > /data/file && sealdisk down");
            machine.PowerOff();
        }

        // The record in the header says everything else; only who unseals is told otherwise.
        host.Succeed("image", "decrypt", work["volume"], work["plain"], "--huk", host.Huk, "--source", "soft");
        Assert.Equal("written on the board\n", host.Debugfs(work["plain"], "cat file"));

        // A volume that the host made with the soft source, with a file in it, is the board's own tee volume.
        host.MakeVolume(work["of-host"], "written on the host");
        using var again = Machine.Boot(options);
        Volume.Configure(again, ("device", "\"/dev/vdb\""), ("record", "\"/tmp/data.record\""), ("sector-size", "4096"));
        again.Put("/tmp/blob", File.ReadAllBytes(host.Blob));
        again.Succeed("sealdisk adopt data --blob /tmp/blob && sealdisk up");
        Assert.Equal("written on the host", again.Succeed("cat /data/file"));
    }
}
