using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

/// <summary>
/// Opening the device-mapper, also in a kernel that has none, and the nodes of its devices. The board tests prove what it does with
/// real mappings.
/// </summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class DeviceMapperTests : IDisposable
{
    private readonly DmName _name = DmName.Parse($"sealdisk-test-{Guid.NewGuid():N}");

    private string Node => DmNode.PathOf(_name);

    public void Dispose() => DirectoryEntries.Unlink(Node);

    [Fact]
    public void A_kernel_without_device_mapper_says_ENODEV()
    {
        var had = FileStatus.TryOf(DmControl.Path);
        if (File.ReadAllText("/proc/misc").Contains(" device-mapper\n", StringComparison.Ordinal))
        {
            using var mapper = DeviceMapper.Open();
            Assert.Equal(4u, mapper.Version().Major);
            Assert.Null(mapper.Find(_name));
            Assert.Equal(Errno.ENXIO, KeyringThread.Refusal(() => mapper.Remove(_name)));
        }
        else
        {
            var refused = Assert.Throws<LinuxException>(DeviceMapper.Open);
            Assert.Equal("cannot open /dev/mapper/control: No such device (ENODEV)", refused.Message);
            Assert.Equal(had is null, FileStatus.TryOf(DmControl.Path) is null); // no new node is left behind
        }
    }

    [Fact]
    public void A_node_is_made_replaced_and_removed()
    {
        var device = Device(77);
        Assert.Equal(Node, DmNode.Settle(device));
        var status = FileStatus.Of(Node);
        Assert.Equal((FileKind.BlockDevice, new DeviceNumber(254, 77), 0x180), (status.Kind, status.RawDevice, status.Mode));
        DmNode.Settle(device); // a second time is harmless
        DmNode.Settle(Device(78));
        Assert.Equal(new DeviceNumber(254, 78), FileStatus.Of(Node).RawDevice);
        DmNode.Remove(_name, new DeviceNumber(254, 77)); // it belongs to another device by now
        Assert.NotNull(FileStatus.TryOf(Node));
        DmNode.Remove(_name, new DeviceNumber(254, 78));
        Assert.Null(FileStatus.TryOf(Node));
        DmNode.Remove(_name, new DeviceNumber(254, 78));
    }

    [Fact]
    public void A_link_of_udev_stays_and_a_dangling_one_is_replaced()
    {
        using var folder = new TemporaryDirectory();
        DirectoryEntries.MakeBlockDevice(folder["dm-77"], new DeviceNumber(254, 77));
        File.CreateSymbolicLink(Node, folder["dm-77"]);
        DmNode.Settle(Device(77));
        Assert.Equal(folder["dm-77"], new FileInfo(Node).LinkTarget);
        File.Delete(folder["dm-77"]);
        DmNode.Settle(Device(77));
        Assert.Null(new FileInfo(Node).LinkTarget);
        Assert.Equal(FileKind.BlockDevice, FileStatus.Of(Node).Kind);

        DirectoryEntries.Unlink(Node);
        File.CreateSymbolicLink(Node, folder["dm-77"]);
        DmNode.Remove(_name, new DeviceNumber(254, 77));
        Assert.Null(new FileInfo(Node).LinkTarget);
    }

    [Fact]
    public void A_file_that_is_not_a_device_node_is_left_alone()
    {
        File.WriteAllText(Node, "mine");
        Assert.Equal(Errno.EEXIST, KeyringThread.Refusal(() => DmNode.Settle(Device(77))));
        DmNode.Remove(_name, new DeviceNumber(254, 77));
        Assert.Equal("mine", File.ReadAllText(Node));
    }

    private DmDevice Device(uint minor) => new(_name, null, new DeviceNumber(254, minor), 0, 0, 1, false, false, true, false, false);
}
