using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>The walk-through of board/run's greeting, step for step, with Sealdisk in the place of keyctl, losetup and dmsetup.</summary>
public sealed class WalkThroughTests
{
    private const string Map =
        "sealdisk map open secret /disk/image --cipher aes-cbc-plain --key trusted:kmk --key-size 32 --sector-size 512";

    [Theory]
    [InlineData(SessionKeyring.Login)]
    [InlineData(SessionKeyring.Fresh)]
    [InlineData(SessionKeyring.None)]
    public void A_key_made_at_the_first_boot_opens_the_image_at_the_second(SessionKeyring session)
    {
        using var work = new Workplace();
        var options = new BootOptions { Session = session, Disks = [new FileDisk(work.Disk("disk", 96))] };
        using (var first = Machine.Boot(options))
        {
            first.Succeed("mkfs.ext4 -q /dev/vda && mkdir -p /disk && mount /dev/vda /disk");
            var made = first.Succeed("sealdisk key new kmk --size 32 --blob /disk/kmk.blob --source tee");
            Assert.Contains("sealed by tee", made, StringComparison.Ordinal);
            first.Succeed("truncate -s 32M /disk/image");
            Assert.Contains("/dev/mapper/secret", first.Succeed(Map), StringComparison.Ordinal);
            Assert.Equal("0 65536 crypt aes-cbc-plain :32:trusted:kmk 0 7:0 0", first.Succeed("dmsetup table --showkeys secret"));
            first.Succeed(
                "mkfs.ext4 -q /dev/mapper/secret && mount /dev/mapper/secret /mnt && "
                + "echo 'written at the first boot' > /mnt/file && umount /mnt");
            first.Succeed("sealdisk map close secret");
            Assert.Equal("", first.Succeed("losetup -a"));
            first.Succeed("umount /disk");
            first.PowerOff();
        }

        using var second = Machine.Boot(options);
        second.Succeed("mkdir -p /disk && mount /dev/vda /disk");
        var serial = second.Succeed("sealdisk key load kmk --blob /disk/kmk.blob --source tee");
        Assert.Matches("^[0-9]+$", serial);
        // Another process finds it, with the blob that is in the file, so it has outlived the one that loaded it.
        Assert.Contains("trusted;", second.Succeed($"keyctl rdescribe {serial}"), StringComparison.Ordinal);
        second.Succeed(Map);
        second.Succeed("mount /dev/mapper/secret /mnt");
        Assert.Equal("written at the first boot", second.Succeed("cat /mnt/file"));
        Assert.NotEqual(0, second.Run("grep -q 'written at the first' /disk/image").ExitCode);
        second.Succeed("umount /mnt && sealdisk map close secret && umount /disk");
        second.PowerOff();
    }

    [Fact]
    public void A_key_goes_only_to_a_keyring_that_outlives_the_process()
    {
        using var machine = Machine.Boot(new BootOptions { Session = SessionKeyring.None });
        Volume.ExitsWith(
            machine, ExitCode.Lacking, "sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @s",
            "no session keyring of its own", "--keyring @u");
        Volume.ExitsWith(
            machine, ExitCode.Usage, "sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @t",
            "ends with this process");
        Volume.ExitsWith(
            machine, ExitCode.Usage, "sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @x",
            "is not a keyring");
        Assert.Equal("", machine.Succeed("ls /tmp/kmk.blob 2>/dev/null; grep kmk /proc/keys || true"));

        machine.Succeed("sealdisk key new kmk --blob /tmp/kmk.blob --source tee --keyring @u");
        Assert.Equal(machine.Succeed("cat /tmp/kmk.blob"), machine.Succeed("keyctl pipe $(keyctl search @u trusted kmk)"));
        Volume.ExitsWith(
            machine, ExitCode.Failed, "sealdisk key load kmk --blob /tmp/kmk.blob --keyring @u",
            "a trusted key of that name already");
        Volume.ExitsWith(
            machine, ExitCode.Refused, "sealdisk key new other --blob /tmp/kmk.blob --keyring @u", "may be the only copy of a key");
        Assert.Equal("", machine.Succeed("grep other /proc/keys || true"));
    }

    [Fact]
    public void A_key_of_the_soft_source_becomes_a_logon_key_that_cannot_be_read_back()
    {
        using var machine = Machine.Boot();
        machine.Succeed(
            "sealdisk huk new /tmp/huk && sealdisk key new x --size 64 --blob /tmp/blob --source soft --huk /tmp/huk && "
            + "truncate -s 8M /tmp/image");
        var serial = machine.Succeed("sealdisk key load sealdisk:x --blob /tmp/blob --source soft --huk /tmp/huk");
        Assert.Contains("logon;", machine.Succeed($"keyctl rdescribe {serial}"), StringComparison.Ordinal);
        Assert.NotEqual(0, machine.Run($"keyctl print {serial}").ExitCode);
        machine.Succeed("sealdisk map open x /tmp/image --cipher aes-xts-plain64 --key-size 64 --key logon:sealdisk:x");
        Assert.Contains(":64:logon:sealdisk:x", machine.Succeed("dmsetup table --showkeys x"), StringComparison.Ordinal);
        machine.Succeed("mkfs.ext4 -q -L inside /dev/mapper/x && sealdisk map close x");
        // The user-space path reads what dm-crypt wrote.
        machine.Succeed(
            "sealdisk image decrypt /tmp/image /tmp/plain --cipher aes-xts-plain64 --key-size 64 --blob /tmp/blob --source "
            + "soft --huk /tmp/huk");
        Assert.Equal("inside", machine.Succeed("blkid -p -o value -s LABEL /tmp/plain"));
    }
}
