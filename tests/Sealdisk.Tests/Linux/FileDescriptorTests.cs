using CsCheck;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class FileDescriptorTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_written_at_an_offset_is_read_there()
    {
        using var file = DirectoryEntries.CreateFile(_directory["data"]);
        file.WriteAt("middle"u8, 1000);
        file.DataSync();
        file.DropCache();

        var buffer = new byte[20];
        Assert.Equal(6, file.ReadAt(buffer, 1000)); // up to the end of the file
        Assert.Equal("middle"u8, buffer.AsSpan(0, 6));
        Assert.Equal(0, file.ReadAt(buffer, 1006));
        Assert.Equal(1006, file.Status().Size);
    }

    [Fact]
    public void A_punched_hole_reads_as_zeros_and_keeps_the_size()
    {
        using var file = DirectoryEntries.CreateFile(_directory["data"]);
        file.WriteAt(Enumerable.Repeat((byte)0xAA, 3 * 4096).ToArray(), 0);
        file.PunchHole(4096, 4096);

        var buffer = new byte[3 * 4096];
        Assert.Equal(buffer.Length, file.ReadAt(buffer, 0));
        Assert.All(buffer[..4096], b => Assert.Equal(0xAA, b));
        Assert.All(buffer[4096..8192], b => Assert.Equal(0, b));
        Assert.All(buffer[8192..], b => Assert.Equal(0xAA, b));
    }

    [Fact]
    public void A_lock_is_held_by_one_at_a_time_and_released_by_closing()
    {
        var path = _directory["lock"];
        using var first = FileDescriptor.Open(path, OpenFlags.ReadWrite | OpenFlags.Create);
        using (var second = FileDescriptor.Open(path, OpenFlags.ReadWrite))
        {
            Assert.True(second.TryLock());
            Assert.False(first.TryLock());
        }
        Assert.True(first.TryLock());
    }

    [Fact]
    public void A_failure_names_the_act_the_path_and_the_kernels_answer()
    {
        var path = _directory["missing/file"];
        var exception = Assert.Throws<LinuxException>(() => FileDescriptor.Open(path, OpenFlags.Read));
        Assert.Equal(Errno.ENOENT, exception.Errno);
        Assert.Equal($"cannot open {path}: No such file or directory (ENOENT)", exception.Message);

        using var readOnly = FileDescriptor.Open("/dev/null", OpenFlags.Read);
        var refused = Assert.Throws<LinuxException>(() => readOnly.WriteAt("x"u8, 0));
        Assert.Equal("cannot write /dev/null: Bad file descriptor (EBADF)", refused.Message);
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => DirectoryEntries.CreateFile("/dev/null")).Errno);
    }

    [Fact]
    public void A_write_that_the_device_has_no_room_for_is_an_error()
    {
        using var full = FileDescriptor.Open("/dev/full", OpenFlags.Write);
        Assert.Equal(Errno.ENOSPC, Assert.Throws<LinuxException>(() => full.Write("x"u8)).Errno);
    }

    [Fact]
    public void Status_tells_kinds_apart_and_follows_links()
    {
        var file = _directory["file"];
        using (var created = DirectoryEntries.CreateFile(file))
            created.WriteAt("12345"u8, 0);
        File.CreateSymbolicLink(_directory["link"], file);

        var status = FileStatus.Of(_directory["link"]);
        Assert.Equal((FileKind.Regular, 5L, 0x180), (status.Kind, status.Size, status.Mode));
        Assert.Equal(FileStatus.Of(file), status);
        Assert.Equal(FileKind.Directory, FileStatus.Of(_directory.Path).Kind);
        var nowhere = FileStatus.Of("/dev/null");
        Assert.Equal((FileKind.CharacterDevice, new DeviceNumber(1, 3)), (nowhere.Kind, nowhere.RawDevice));
        Assert.Null(FileStatus.TryOf(_directory["missing"]));
        Assert.Null(FileStatus.TryOf(_directory["file/below"]));
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => FileStatus.Of(_directory["missing"])).Errno);
    }

    [Fact]
    public void Entries_are_made_renamed_and_removed()
    {
        DirectoryEntries.MakeDirectory(_directory["d"], 0x1C0);
        DirectoryEntries.MakeDirectory(_directory["d"], 0x1C0); // again is harmless
        DirectoryEntries.CreateFile(_directory["d/a"]).Dispose();
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => DirectoryEntries.MakeDirectory(_directory["d/a"], 0x1C0)).Errno);
        DirectoryEntries.Rename(_directory["d/a"], _directory["d/b"]);
        DirectoryEntries.SyncParent(_directory["d/b"]);
        Assert.Equal(["b"], Directory.GetFiles(_directory["d"]).Select(Path.GetFileName));
        Assert.Equal(Errno.ENOTEMPTY, Assert.Throws<LinuxException>(() => DirectoryEntries.RemoveDirectory(_directory["d"])).Errno);
        Assert.True(DirectoryEntries.Unlink(_directory["d/b"]));
        Assert.False(DirectoryEntries.Unlink(_directory["d/b"]));
        Assert.True(DirectoryEntries.RemoveDirectory(_directory["d"]));
        Assert.False(DirectoryEntries.RemoveDirectory(_directory["d"]));
    }

    [Fact]
    public void Device_numbers_survive_their_encoding() =>
        Gen.Select(Gen.UInt, Gen.UInt).Sample((major, minor) =>
        {
            var number = new DeviceNumber(major, minor);
            return DeviceNumber.Decode(number.Encoded) == number;
        });

    [Fact]
    public void Device_numbers_read_as_in_sysfs() =>
        Assert.Equal("259:300", DeviceNumber.Decode(0x11032C).ToString());
}
