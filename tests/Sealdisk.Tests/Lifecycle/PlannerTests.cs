using Sealdisk.Crypto;
using Sealdisk.Cli;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;
using static Sealdisk.Tests.Lifecycle.Situation;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>The table of the life cycle, row by row: what is observed, and what is planned or refused.</summary>
public sealed class PlannerTests
{
    private const string First = "SealNewKey WriteProvisioning OpenMapping MakeFilesystem WriteReady Mount";
    private const string Resumed = "Unseal OpenMapping VerifyUnused MakeFilesystem WriteReady Mount";
    private const string Later = "Unseal OpenMapping VerifyFilesystem CheckFilesystem Mount";

    private static readonly VolumeSpec Image = Volume with { Size = Bytes };
    private static readonly VolumeSpec Detached = Volume with { RecordFile = "/etc/data.record" };
    private static readonly VolumeSpec Replacing = Volume with { FirstBoot = FirstBoot.Replace };
    private static readonly VolumeRecord ReadyDetached = Ready.WithData(0, Bytes / 512);
    private static readonly CopyReading BadCopy = new CopyReading.Bad("the checksum is wrong");
    private static readonly CopyReading ReadyCopy = new CopyReading.Valid(Ready);
    private static readonly Observed Missing = new() { DeviceSize = null };
    private static readonly Content Unknown = new Content.Other("data of unknown kind", IsUnknown: true);
    private static readonly RecordReading Torn = new(BadCopy, new CopyReading.Claim(ClaimKind.FirstBoot));
    private static readonly (string, string) Unmounted = (
        "its record /etc/data.record is not there, and /etc is not mounted",
        "mount /etc");

    private static readonly Dictionary<string, (VolumeSpec Spec, Observed Observed, PlanKind Kind, string Steps)> Planned = new()
    {
        ["blank device"] = (Volume, Holding(new Content.Blank()), PlanKind.FirstBoot, First),
        ["blank device, detached record"] = (Detached, Holding(new Content.Blank()), PlanKind.FirstBoot, First),
        ["blank device, no mount point"] = (Volume with { Mount = null }, Holding(new Content.Blank()), PlanKind.FirstBoot, First[..^6]),
        ["plain filesystem that may be replaced"] = (Replacing, Holding(PlainExt4), PlanKind.FirstBoot, First),
        ["no image yet"] = (Image, Missing, PlanKind.FirstBoot, "CreateImage " + First),
        ["no image yet, detached record"] = (Detached with { Size = Bytes }, Missing, PlanKind.FirstBoot, "CreateImage " + First),
        ["first record torn"] = (Volume, Holding(Torn, new Content.Blank()), PlanKind.FirstBoot, First),
        ["first record not begun, but claimed"] = (
            Volume,
            Holding(new RecordReading(Blank, new CopyReading.Claim(ClaimKind.FirstBoot)), new Content.Blank()),
            PlanKind.FirstBoot,
            First),
        ["first record torn over a plain filesystem that may be replaced"] = (
            Replacing,
            Holding(Torn, PlainExt4),
            PlanKind.FirstBoot,
            First),
        ["first record torn over the very signature of one"] = (Replacing, Holding(Torn, Unknown), PlanKind.FirstBoot, First),
        ["first copy whole, the other only claimed"] = (
            Volume,
            Holding(new RecordReading(new CopyReading.Valid(Provisioning), new CopyReading.Claim(ClaimKind.FirstBoot))),
            PlanKind.Resume,
            "Unseal OpenMapping VerifyUnused RepairRecord MakeFilesystem WriteReady Mount"),
        ["provisioning"] = (Volume, Holding(Provisioning), PlanKind.Resume, Resumed),
        ["provisioning, no mount point"] = (Volume with { Mount = null }, Holding(Provisioning), PlanKind.Resume, Resumed[..^6]),
        ["provisioning, one copy"] = (
            Volume,
            Holding(new RecordReading(new CopyReading.Valid(Provisioning), Blank)),
            PlanKind.Resume,
            "Unseal OpenMapping VerifyUnused RepairRecord MakeFilesystem WriteReady Mount"),
        ["provisioning, mapped by an up that was killed"] = (
            Volume,
            Holding(Provisioning) with { Mapping = Mapped() },
            PlanKind.Resume,
            "CloseMapping " + Resumed),
        ["provisioning, half mapped"] = (
            Volume,
            Holding(Provisioning) with { Mapping = Mapped(block: null) },
            PlanKind.Resume,
            "ClearDeadMapping " + Resumed),
        ["ready"] = (Volume, Holding(Ready), PlanKind.LaterBoot, Later),
        ["ready, record names the source that auto found"] = (
            Volume with { Source = TrustSource.Auto },
            Holding(Ready),
            PlanKind.LaterBoot,
            Later),
        ["ready, no mount point"] = (
            Volume with { Mount = null },
            Holding(Ready),
            PlanKind.LaterBoot,
            "Unseal OpenMapping VerifyFilesystem"),
        ["ready, detached"] = (Detached, Holding(ReadyDetached), PlanKind.LaterBoot, Later),
        ["ready, and replacing is allowed"] = (Replacing, Holding(Ready), PlanKind.LaterBoot, Later),
        ["ready on a device that has grown"] = (Volume, Holding(Ready) with { DeviceSize = 2 * Bytes }, PlanKind.LaterBoot, Later),
        ["copy A bad"] = (
            Volume,
            Holding(new RecordReading(BadCopy, ReadyCopy)),
            PlanKind.LaterBoot,
            "Unseal OpenMapping VerifyFilesystem RepairRecord CheckFilesystem Mount"),
        ["copy B bad"] = (
            Volume,
            Holding(new RecordReading(ReadyCopy, BadCopy)),
            PlanKind.LaterBoot,
            "Unseal OpenMapping VerifyFilesystem RepairRecord CheckFilesystem Mount"),
        ["copy B older"] = (
            Volume,
            Holding(new RecordReading(ReadyCopy, new CopyReading.Valid(Provisioning with { Generation = 1 }))),
            PlanKind.LaterBoot,
            "Unseal OpenMapping VerifyFilesystem RepairRecord CheckFilesystem Mount"),
        ["dead server"] = (
            Volume,
            Holding(Ready) with { Mapping = Mapped(server: null), MountedAt = "/data" },
            PlanKind.LaterBoot,
            "ClearDeadMapping " + Later),
        ["mapped, not mounted"] = (
            Volume,
            Holding(Ready) with { Mapping = Mapped() },
            PlanKind.LaterBoot,
            "VerifyFilesystem CheckFilesystem Mount"),
        ["up"] = (Volume, Holding(Ready) with { Mapping = Mapped(), MountedAt = "/data" }, PlanKind.AlreadyUp, ""),
        ["up, record damaged meanwhile"] = (
            Volume,
            Holding(new RecordReading(BadCopy, BadCopy)) with { Mapping = Mapped(), MountedAt = "/data" },
            PlanKind.AlreadyUp,
            ""),
        ["up, no mount point"] = (Volume with { Mount = null }, Holding(Ready) with { Mapping = Mapped() }, PlanKind.AlreadyUp, ""),
    };

    private static readonly Dictionary<string, RefusalCase> Refused = new()
    {
        ["plain filesystem"] = new(
            Volume,
            Holding(PlainExt4),
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has no record and holds a plain ext4 filesystem",
            "first-boot = \"replace\""),
        ["unknown data"] = new(
            Volume,
            Holding(Unknown),
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has no record and is not blank: data of unknown kind",
            "sealdisk record import data FILE"),
        ["unknown data, although replacing is allowed"] = new(
            Replacing,
            Holding(Unknown),
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has no record and is not blank: data of unknown kind",
            "sealdisk erase data"),
        ["something known"] = new(
            Volume,
            Holding(new Content.Other("a LUKS volume")),
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has no record and is not blank: a LUKS volume",
            "blank yourself"),
        ["first record torn, and data where there can be none"] = new(
            Volume,
            Holding(Torn, Unknown),
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has no record and is not blank: data of unknown kind",
            "sealdisk erase data"),
        ["first record torn, and a container"] = new(
            Replacing,
            Holding(Torn, new Content.Other("a LUKS volume")),
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has no record and is not blank: a LUKS volume",
            "blank yourself"),
        ["a detached record that is out of reach"] = new(
            Detached,
            Holding(Unknown) with { Unreachable = Unmounted },
            ExitCode.Failed,
            "cannot bring up data: its record /etc/data.record is not there, and /etc is not mounted",
            "mount /etc"),
        ["a detached record that is out of reach, and a blank device"] = new(
            Detached,
            Holding(new Content.Blank()) with { Unreachable = Unmounted },
            ExitCode.Failed,
            "cannot bring up data: its record /etc/data.record is not there, and /etc is not mounted",
            "mount /etc"),
        ["an image that is out of reach"] = new(
            Image,
            Missing with { Unreachable = ("its device /dev/vdb is not there, and /dev is not mounted", "mount /dev") },
            ExitCode.Failed,
            "cannot bring up data: its device /dev/vdb is not there, and /dev is not mounted",
            "mount /dev"),
        ["no device"] = new(Volume, Missing, ExitCode.Failed, "cannot bring up data: /dev/vdb does not exist (ENOENT)", "'size'"),
        ["no image, but a detached record of it"] = new(
            Detached with { Size = Bytes },
            Missing with { Record = Both(ReadyDetached) },
            ExitCode.Refused,
            "cannot bring up data: there is a record in /etc/data.record, but its image /dev/vdb does not exist",
            "put the image back"),
        ["no image, but a damaged detached record"] = new(
            Detached with { Size = Bytes },
            Missing with { Record = new RecordReading(BadCopy, BadCopy) },
            ExitCode.Refused,
            "cannot bring up data: there is a record in /etc/data.record, but its image /dev/vdb does not exist",
            "put the image back"),
        ["too small for a header"] = new(
            Volume,
            Holding(new Content.Blank()) with { DeviceSize = 1 << 20 },
            ExitCode.Usage,
            "cannot bring up data: /dev/vdb has 1048576 bytes; the header record takes 1048576, and at least 262144 are needed for data",
            ""),
        ["both copies damaged"] = new(
            Volume,
            Holding(new RecordReading(BadCopy, BadCopy)),
            ExitCode.Refused,
            "cannot bring up data: its record is damaged: copy A is bad: the checksum is wrong; copy B is bad: the checksum is wrong",
            "nothing was changed; restore its record from a backup with 'sealdisk record import data FILE'"),
        ["one copy damaged, the other gone"] = new(
            Replacing,
            Holding(new RecordReading(BadCopy, Blank)),
            ExitCode.Refused,
            "cannot bring up data: its record is damaged: copy A is bad: the checksum is wrong; copy B is missing: blank",
            "nothing was changed"),
        ["copies of two volumes"] = new(
            Volume,
            Holding(new RecordReading(ReadyCopy, new CopyReading.Valid(Ready with { Uuid = Guid.NewGuid() }))),
            ExitCode.Refused,
            "cannot bring up data: its record is damaged: the copies are of two volumes",
            "sealdisk repair data"),
        ["newer format"] = new(
            Volume,
            Holding(new RecordReading(new CopyReading.OtherVersion(4), ReadyCopy)),
            ExitCode.Refused,
            "cannot bring up data: its record has format version 4, written by a later Sealdisk; this Sealdisk reads version 3",
            "the Sealdisk that wrote it"),
        ["another source"] = new(
            Volume,
            Holding(Ready with { Source = TrustSource.Tee }),
            ExitCode.Refused,
            "cannot bring up data: the configuration says source soft, its record says tee",
            "correct the configuration"),
        ["another source than the one behind auto"] = new(
            Volume with { Source = TrustSource.Auto },
            Holding(Ready with { Source = TrustSource.Tpm }) with { Source = TrustSource.Tee },
            ExitCode.Refused,
            "cannot bring up data: its key was sealed by tpm, and the trust source of this kernel is tee",
            "trusted.source=tpm"),
        ["a device-mapper device of somebody else's has the name"] = new(
            Volume,
            Holding(Ready) with { NameTaken = "a device-mapper device named data that is not one of Sealdisk's" },
            ExitCode.Failed,
            "cannot bring up data: there is a device-mapper device named data that is not one of Sealdisk's (EBUSY)",
            "dmsetup info data"),
        ["another cipher"] = new(
            Volume with { Cipher = CipherSpec.Parse("aes-cbc-plain64"), KeySize = 32 },
            Holding(Ready),
            ExitCode.Refused,
            "cannot bring up data: the configuration says cipher aes-cbc-plain64, its record says aes-xts-plain64",
            "correct the configuration"),
        ["another key size"] = new(
            Volume with { KeySize = 32 },
            Holding(Ready),
            ExitCode.Refused,
            "cannot bring up data: the configuration says key-size 32, its record says 64",
            "correct the configuration"),
        ["another sector size"] = new(
            Volume with { SectorSize = 512 },
            Holding(Ready),
            ExitCode.Refused,
            "cannot bring up data: the configuration says sector-size 512, its record says 4096",
            "correct the configuration"),
        ["other IVs"] = new(
            Volume with { IvLargeSectors = true },
            Holding(Ready),
            ExitCode.Refused,
            "cannot bring up data: the configuration says iv-large-sectors true, its record says false",
            "correct the configuration"),
        ["another filesystem"] = new(
            Volume with { Filesystem = FilesystemType.Named("xfs") },
            Holding(Ready),
            ExitCode.Refused,
            "cannot bring up data: the configuration says filesystem xfs, its record says ext4",
            "correct the configuration"),
        ["another filesystem, never made"] = new(
            Volume with { Filesystem = FilesystemType.Named("xfs") },
            Holding(Provisioning),
            ExitCode.Refused,
            "cannot bring up data: the configuration says filesystem xfs, its record says ext4",
            "its first boot never finished"),
        ["another data offset"] = new(
            Volume,
            Holding(ReadyDetached),
            ExitCode.Refused,
            "cannot bring up data: its data should begin at sector 2048, its record says 0",
            "correct the configuration"),
        ["the record of a volume of another name"] = new(
            Volume,
            Holding(Ready with { Name = "logs" }),
            ExitCode.Refused,
            "cannot bring up data: its record is of a volume named logs",
            "sealdisk record rename logs data"),
        ["authenticated sectors"] = new(
            Volume,
            Holding(Ready with { Format = Ready.Format with { Integrity = "hmac(sha256)" } }),
            ExitCode.Refused,
            "cannot bring up data: the configuration says integrity none, its record says hmac(sha256)",
            "correct the configuration"),
        ["data half converted"] = new(
            Volume,
            Holding(Ready with { State = VolumeState.Converting }),
            ExitCode.Refused,
            "cannot bring up data: its data were being converted in place, and this version of Sealdisk cannot continue that",
            "use the version that began it"),
        ["truncated device"] = new(
            Volume,
            Holding(Ready) with { DeviceSize = Bytes - 512 },
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb has 16776704 bytes, but its record describes data up to byte 16777216: it was truncated",
            "nothing was changed"),
        ["planted filesystem"] = new(
            Volume,
            Holding(new RecordReading(Blank, ReadyCopy)) with { PlantedInHeader = "a plain ext4 filesystem" },
            ExitCode.Refused,
            "cannot bring up data: /dev/vdb holds a plain ext4 filesystem where its record should be; "
                + "a plain filesystem is never mounted in a volume's place",
            "another program wrote"),
        ["mounted elsewhere"] = new(
            Volume,
            Holding(Ready) with { Mapping = Mapped(), MountedAt = "/mnt" },
            ExitCode.Failed,
            "cannot bring up data: it is mounted on /mnt, not on /data",
            "sealdisk down data"),
        ["mounted, and should not be"] = new(
            Volume with { Mount = null },
            Holding(Ready) with { Mapping = Mapped(), MountedAt = "/mnt" },
            ExitCode.Failed,
            "cannot bring up data: it is mounted on /mnt, but its configuration has no mount point",
            "sealdisk down data"),
        ["something in the way"] = new(
            Volume,
            Holding(Ready) with { OtherMount = "/dev/sdb1" },
            ExitCode.Failed,
            "cannot mount data on /data: /dev/sdb1 is mounted there",
            "umount /data"),
        ["something in the way of a mapped volume"] = new(
            Volume,
            Holding(Ready) with { Mapping = Mapped(), OtherMount = "/dev/sdb1" },
            ExitCode.Failed,
            "cannot mount data on /data: /dev/sdb1 is mounted there",
            "umount /data"),
        ["something in the way of a first boot"] = new(
            Volume,
            Holding(new Content.Blank()) with { OtherMount = "/dev/sdb1" },
            ExitCode.Failed,
            "cannot mount data on /data: /dev/sdb1 is mounted there",
            "umount /data"),
        ["busy"] = new(
            Volume,
            Holding(new Content.Blank()) with { UsedBy = "it is mounted on /mnt" },
            ExitCode.Failed,
            "cannot use /dev/vdb: it is mounted on /mnt (EBUSY)",
            "release"),
        ["a mapping of another device has the name"] = new(
            Volume,
            Holding(Ready) with { Mapping = Mapped() with { Device = "/dev/vdc" }, MapsOtherDevice = true, MountedAt = "/data" },
            ExitCode.Failed,
            "cannot bring up data: the mapping of that name decrypts /dev/vdc, not /dev/vdb",
            "if you do not need it, 'sealdisk map close data' closes it"),
        ["mapped by hand, no record"] = new(
            Volume,
            Holding(Unknown) with { Mapping = Mapped() },
            ExitCode.Failed,
            "cannot bring up data: a mapping of that name is open, and its volume is not ready",
            "sealdisk down data"),
        ["mapped by hand, no mount point, blank"] = new(
            Volume with { Mount = null },
            Holding(new Content.Blank()) with { Mapping = Mapped() },
            ExitCode.Failed,
            "cannot bring up data: a mapping of that name is open, and its volume is not ready",
            "sealdisk down data"),
        ["something is lacking"] = new(
            Volume,
            Holding(new Content.Blank()) with { Lacking = ("this system has no /dev/fuse", "load the 'fuse' module") },
            ExitCode.Lacking,
            "cannot bring up data: this system has no /dev/fuse",
            "load the 'fuse' module"),
    };

    public static TheoryData<string> PlannedRows { get; } = [.. Planned.Keys];

    public static TheoryData<string> RefusedRows { get; } = [.. Refused.Keys];

    [Theory, MemberData(nameof(PlannedRows))]
    public void What_is_observed_leads_to_these_steps(string row)
    {
        var (spec, observed, kind, steps) = Planned[row];
        var plan = Planner.For(spec, observed);
        Assert.Null(plan.Refusal);
        Assert.Equal(kind, plan.Kind);
        Assert.Equal(steps, Words(plan));
    }

    [Theory, MemberData(nameof(RefusedRows))]
    public void What_is_observed_is_refused_with_a_reason_and_a_hint(string row)
    {
        var (spec, observed, code, message, hint) = Refused[row];
        var plan = Planner.For(spec, observed);
        Assert.Equal(PlanKind.Refusal, plan.Kind);
        Assert.Empty(plan.Steps);
        Assert.Equal(code, plan.Refusal!.Code);
        Assert.StartsWith(message, plan.Refusal.Message, StringComparison.Ordinal);
        Assert.Contains(hint, plan.Refusal.Hint ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Each_step_says_what_it_will_do()
    {
        var intents = Planner.For(Image, Missing with { PhysicalSectorSize = 4096 }).Steps.Select(PlanText.Intent);
        Assert.Equal(
            [
                "create /dev/vdb, 16777216 bytes",
                "make a random key of 64 bytes, sealed by soft",
                "write 'provisioning' to both copies (header), read back, unseal",
                "map through fuse: aes-xts-plain64, 4096-byte sectors",
                "make ext4",
                "write 'ready' to both copies (header)",
                "mount on /data",
            ],
            intents);
    }

    [Theory]
    [InlineData(null, 512, 512)]
    [InlineData(null, 4096, 4096)]
    [InlineData(null, 16384, 4096)]
    [InlineData(512, 4096, 512)]
    [InlineData(4096, 512, 4096)]
    public void The_sector_size_is_the_configured_or_else_the_physical_one(int? configured, int physical, int expected) =>
        Assert.Equal(
            expected,
            Planner.SectorSizeOf(
                Volume with { SectorSize = configured },
                Holding(new Content.Blank()) with { PhysicalSectorSize = physical }));

    /// <summary>What was observed, and how the refusal begins and what its hint contains.</summary>
    private sealed record RefusalCase(VolumeSpec Spec, Observed Observed, ExitCode Code, string Message, string Hint);
}
