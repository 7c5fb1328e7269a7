using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

/// <summary>Compares our structs, numbers and flags with the kernel's headers, by a C program compiled for each architecture.</summary>
[Trait("needs", "native")]
public sealed class KernelHeadersTests
{
    [Fact]
    public void This_machines_headers_agree()
    {
        using var folder = new TemporaryDirectory();
        Agree(folder, "gcc", [folder["headers"]], RuntimeInformation.ProcessArchitecture);
    }

    [Fact]
    public void The_headers_of_arm64_agree()
    {
        var isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        Assert.SkipUnless(isX64, "this machine is arm64 itself: the other test covers it");
        using var folder = new TemporaryDirectory();
        Agree(folder, "aarch64-linux-gnu-gcc", ["qemu-aarch64", folder["headers"]], Architecture.Arm64);
    }

    private static void Agree(TemporaryDirectory folder, string compiler, string[] command, Architecture architecture)
    {
        var ours = Ours(architecture);
        var program = new StringBuilder();
        string[] general = ["stddef.h", "stdio.h", "sys/ioctl.h", "sys/syscall.h", "sys/epoll.h"];
        string[] kernel = ["linux/aio_abi.h", "linux/dm-ioctl.h", "linux/keyctl.h", "linux/major.h"];
        foreach (var header in (string[])[.. general, .. kernel])
            program.Append(CultureInfo.InvariantCulture, $"#include <{header}>\n");
        program.Append("int main(void)\n{\n");
        foreach (var expression in ours.Keys)
            program.Append(CultureInfo.InvariantCulture, $"    printf(\"%lld\\n\", (long long)({expression}));\n");
        program.Append("    return 0;\n}\n");
        File.WriteAllText(folder["headers.c"], program.ToString());

        string[] arguments = ["-static", "-Wall", "-Werror", "-o", folder["headers"], folder["headers.c"]];
        var compiled = NativeBinary.Run(new ProcessStartInfo(compiler, arguments));
        Assert.True(compiled.Exit == 0, compiled.Stderr);
        var printed = NativeBinary.Run(new ProcessStartInfo(command[0], command[1..]));
        Assert.True(printed.Exit == 0, printed.Stderr);
        var lines = printed.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var theirs = lines.Select(line => long.Parse(line, CultureInfo.InvariantCulture));
        Assert.Equal(ours, ours.Keys.Zip(theirs).ToDictionary(pair => pair.First, pair => pair.Second));
    }

    /// <summary>C expressions and what we take them for.</summary>
    private static Dictionary<string, long> Ours(Architecture architecture)
    {
        var ours = new Dictionary<string, long>
        {
            ["sizeof(struct dm_ioctl)"] = Unsafe.SizeOf<DmIoctl>(),
            ["sizeof(struct dm_target_spec)"] = Unsafe.SizeOf<DmTargetSpec>(),
            ["offsetof(struct dm_ioctl, version)"] = Offset<DmIoctl>(nameof(DmIoctl.VersionMajor)),
            ["offsetof(struct dm_ioctl, version[2])"] = Offset<DmIoctl>(nameof(DmIoctl.VersionPatch)),
            ["offsetof(struct dm_ioctl, data_size)"] = Offset<DmIoctl>(nameof(DmIoctl.DataSize)),
            ["offsetof(struct dm_ioctl, data_start)"] = Offset<DmIoctl>(nameof(DmIoctl.DataStart)),
            ["offsetof(struct dm_ioctl, target_count)"] = Offset<DmIoctl>(nameof(DmIoctl.TargetCount)),
            ["offsetof(struct dm_ioctl, open_count)"] = Offset<DmIoctl>(nameof(DmIoctl.OpenCount)),
            ["offsetof(struct dm_ioctl, flags)"] = Offset<DmIoctl>(nameof(DmIoctl.Flags)),
            ["offsetof(struct dm_ioctl, event_nr)"] = Offset<DmIoctl>(nameof(DmIoctl.EventNumber)),
            ["offsetof(struct dm_ioctl, dev)"] = Offset<DmIoctl>(nameof(DmIoctl.Device)),
            ["offsetof(struct dm_ioctl, name)"] = Offset<DmIoctl>(nameof(DmIoctl.Name)),
            ["offsetof(struct dm_ioctl, uuid)"] = Offset<DmIoctl>(nameof(DmIoctl.Uuid)),
            ["offsetof(struct dm_target_spec, sector_start)"] = Offset<DmTargetSpec>(nameof(DmTargetSpec.SectorStart)),
            ["offsetof(struct dm_target_spec, length)"] = Offset<DmTargetSpec>(nameof(DmTargetSpec.Length)),
            ["offsetof(struct dm_target_spec, status)"] = Offset<DmTargetSpec>(nameof(DmTargetSpec.Status)),
            ["offsetof(struct dm_target_spec, next)"] = Offset<DmTargetSpec>(nameof(DmTargetSpec.Next)),
            ["offsetof(struct dm_target_spec, target_type)"] = Offset<DmTargetSpec>(nameof(DmTargetSpec.TargetType)),
            ["offsetof(struct dm_name_list, dev)"] = DmNameList.DeviceOffset,
            ["offsetof(struct dm_name_list, next)"] = DmNameList.NextOffset,
            ["offsetof(struct dm_name_list, name)"] = DmNameList.NameOffset,
            ["offsetof(struct dm_target_versions, next)"] = DmTargetVersions.NextOffset,
            ["offsetof(struct dm_target_versions, version)"] = DmTargetVersions.VersionOffset,
            ["offsetof(struct dm_target_versions, name)"] = DmTargetVersions.NameOffset,
            ["offsetof(struct dm_target_deps, count)"] = DmTargetDeps.CountOffset,
            ["offsetof(struct dm_target_deps, dev)"] = DmTargetDeps.DevicesOffset,
            ["offsetof(struct dm_target_msg, sector)"] = DmTargetMessage.SectorOffset,
            ["offsetof(struct dm_target_msg, message)"] = DmTargetMessage.TextOffset,
            ["DM_NAME_LEN - 1"] = DmRequest.MaxName,
            ["DM_UUID_LEN - 1"] = DmRequest.MaxUuid,
            ["DM_MAX_TYPE_NAME - 1"] = DmRequest.MaxType,
            ["MISC_MAJOR"] = DmControl.MiscMajor,
            ["__NR_add_key"] = Keyring.AddKeyNumber(architecture),
            ["__NR_request_key"] = Keyring.RequestKeyNumber(architecture),
            ["__NR_keyctl"] = Keyring.KeyctlNumber(architecture),
            ["__NR_io_setup"] = AsyncTransfers.SetupNumber(architecture),
            ["__NR_io_destroy"] = AsyncTransfers.DestroyNumber(architecture),
            ["__NR_io_submit"] = AsyncTransfers.SubmitNumber(architecture),
            ["__NR_io_getevents"] = AsyncTransfers.EventsNumber(architecture),
            ["EPOLLIN"] = AsyncTransfers.EPOLLIN,
            ["EPOLLEXCLUSIVE"] = AsyncTransfers.EPOLLEXCLUSIVE,
            ["(unsigned int)EPOLLET"] = AsyncTransfers.EPOLLET,
            ["offsetof(struct epoll_event, events)"] = 0,
            ["IOCB_FLAG_RESFD"] = AsyncTransfers.IOCB_FLAG_RESFD,
            ["IOCB_CMD_PREAD"] = (long)TransferKind.Read,
            ["IOCB_CMD_PWRITE"] = (long)TransferKind.Write,
            ["IOCB_CMD_FDSYNC"] = (long)TransferKind.DataSync,
            ["sizeof(struct iocb)"] = Unsafe.SizeOf<AsyncTransfers.IoControlBlock>(),
            ["offsetof(struct iocb, aio_lio_opcode)"] =
                Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.Operation)),
            ["offsetof(struct iocb, aio_fildes)"] = Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.File)),
            ["offsetof(struct iocb, aio_buf)"] = Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.Memory)),
            ["offsetof(struct iocb, aio_nbytes)"] = Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.Length)),
            ["offsetof(struct iocb, aio_offset)"] = Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.Offset)),
            ["offsetof(struct iocb, aio_flags)"] = Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.Flags)),
            ["offsetof(struct iocb, aio_resfd)"] = Offset<AsyncTransfers.IoControlBlock>(nameof(AsyncTransfers.IoControlBlock.Event)),
            ["sizeof(struct io_event)"] = Unsafe.SizeOf<AsyncTransfers.IoEvent>(),
            ["offsetof(struct io_event, res)"] = Offset<AsyncTransfers.IoEvent>(nameof(AsyncTransfers.IoEvent.Result)),
            ["KEY_SPEC_THREAD_KEYRING"] = KeySerial.ThreadKeyring.Value,
            ["KEY_SPEC_PROCESS_KEYRING"] = KeySerial.ProcessKeyring.Value,
            ["KEY_SPEC_SESSION_KEYRING"] = KeySerial.SessionKeyring.Value,
            ["KEY_SPEC_USER_KEYRING"] = KeySerial.UserKeyring.Value,
            ["KEY_SPEC_USER_SESSION_KEYRING"] = KeySerial.UserSessionKeyring.Value,
        };
        foreach (var command in Enum.GetValues<DmCommand>())
            ours[command.ToString()] = (uint)command;
        foreach (var flag in Enum.GetValues<DmFlags>().Where(flag => flag != DmFlags.None))
            ours[flag == DmFlags.DM_DEFERRED_REMOVE ? "DM_DEFERRED_REMOVE" : $"{flag}_FLAG"] = (uint)flag;
        foreach (var operation in Enum.GetValues<KeyctlOperation>())
            ours[operation.ToString()] = (int)operation;
        return ours;
    }

    private static long Offset<T>(string field) => Marshal.OffsetOf<T>(field);
}
