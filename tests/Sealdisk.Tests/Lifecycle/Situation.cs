using Sealdisk.Crypto;
using Sealdisk.Lifecycle;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>Specifications and observations to plan from, made without looking at any system.</summary>
internal static class Situation
{
    public const long Bytes = 16 << 20;
    public const string Uuid = "3b1f1e9a-52b5-4f1e-8e2c-9d1f6c1f6a77";

    public static readonly VolumeSpec Volume = new()
    {
        Name = "data",
        Device = "/dev/vdb",
        Size = null,
        RecordFile = null,
        Source = TrustSource.Soft,
        Cipher = CipherSpec.Parse("aes-xts-plain64"),
        KeySize = 64,
        SectorSize = null,
        IvLargeSectors = false,
        Filesystem = FilesystemType.Named("ext4"),
        Mount = "/data",
        MountOptions = MountOptions.None,
        Mapping = MappingKind.Auto,
        FirstBoot = FirstBoot.Blank,
        Discard = false,
        Huk = "/etc/sealdisk/huk.hex",
    };

    public static readonly VolumeRecord Ready = RecordSamples.Ready with
    {
        Source = TrustSource.Soft,
        FilesystemUuid = Uuid,
        Format = RecordSamples.Ready.Format with { Layout = new SectorLayout(4096, false, 0), Length = new Sectors((Bytes / 512) - 2048) },
    };

    public static readonly VolumeRecord Provisioning = Ready with { State = VolumeState.Provisioning, FilesystemUuid = null };

    public static readonly CopyReading Blank = new CopyReading.Absent(Blank: true);

    public static readonly Content.PlainFilesystem PlainExt4 = new(new Signature("ext4", Uuid, "filesystem", null, false));

    public static Observed Holding(RecordReading record, Content? content = null) =>
        new() { DeviceSize = Bytes, PhysicalSectorSize = 4096, Record = record, Content = content };

    public static Observed Holding(VolumeRecord record) => Holding(Both(record));

    public static Observed Holding(Content content) => Holding(RecordReading.Nothing, content);

    public static RecordReading Both(VolumeRecord record) => new(new CopyReading.Valid(record), new CopyReading.Valid(record));

    /// <summary>A fuse mapping of the volume with some of its parts missing.</summary>
    public static MappingState Mapped(int? server = 4711, string? block = "/dev/loop7") => new("data", MappingKind.Fuse, block)
    {
        Device = "/dev/vdb",
        VolumePath = "/run/sealdisk/data/volume",
        Server = server,
        Problem = server is null ? "its server process has died" : block is null ? "its loop device is gone" : null,
    };

    /// <summary>The steps' words: "key record mapping filesystem record mount".</summary>
    public static string Words(Plan plan) => string.Join(' ', plan.Steps.Select(step => step.GetType().Name));
}
