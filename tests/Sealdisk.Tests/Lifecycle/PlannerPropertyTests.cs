using CsCheck;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Records;
using static Sealdisk.Tests.Lifecycle.Situation;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>Whatever is observed, in any combination, also in ones that no sound system shows.</summary>
public sealed class PlannerPropertyTests
{
    private static readonly Gen<CopyReading> Copy = Gen.OneOf<CopyReading>(
        Blank, new CopyReading.Absent(Blank: false), new CopyReading.Bad("the checksum is wrong"), new CopyReading.OtherVersion(4),
        new CopyReading.Valid(Ready), new CopyReading.Valid(Provisioning), new CopyReading.Valid(Provisioning with { Generation = 1 }),
        new CopyReading.Claim(ClaimKind.FirstBoot), new CopyReading.Valid(Ready.WithData(0, Ready.Format.Length.Count)),
        new CopyReading.Valid(Ready with { Uuid = Guid.Empty }));

    private static readonly Gen<Content> AnyContent = Gen.OneOf<Content>(
        new Content.Blank(), PlainExt4,
        new Content.PlainFilesystem(new Signature("vfat", "1234-5678", "filesystem", null, false)),
        new Content.Other("a LUKS volume"), new Content.Other("data of unknown kind", IsUnknown: true));

    private static readonly Gen<VolumeSpec> AnySpec =
        from size in Gen.OneOf<long?>(null, Bytes)
        from record in Gen.OneOf<string?>(null, "/etc/data.record")
        from mount in Gen.OneOf<string?>(null, "/data")
        from first in Gen.Enum<FirstBoot>()
        from filesystem in Gen.OneOf(FilesystemType.Named("ext4"), FilesystemType.Named("xfs"))
        select Volume with { Size = size, RecordFile = record, Mount = mount, FirstBoot = first, Filesystem = filesystem };

    private static readonly Gen<Observed> AnyObserved =
        from size in Gen.OneOf<long?>(null, 0, 1 << 20, Bytes, Bytes, Bytes, Bytes)
        from a in Copy
        from b in Copy
        from content in AnyContent
        from planted in Rarely("a plain ext4 filesystem")
        from mapping in Gen.OneOf(
            null, null, null,
            Mapped(), Mapped(server: null), Mapped(block: null), Mapped() with { Device = "/dev/vdc" })
        from mounted in Gen.OneOf<string?>(null, "/data", "/mnt")
        from inTheWay in Rarely("/dev/sdb1")
        from usedBy in Rarely("it is mounted on /mnt")
        from lacking in Rarely("this system has no /dev/fuse")
        from outOfReach in Rarely("/boot is not mounted")
        select new Observed
        {
            DeviceSize = size,
            Record = new RecordReading(a, b),
            Content = content,
            PlantedInHeader = planted,
            Mapping = mapping,
            MapsOtherDevice = mapping?.Device == "/dev/vdc",
            MountedAt = mapping is null ? null : mounted,
            OtherMount = inTheWay,
            UsedBy = usedBy,
            Lacking = lacking is null ? null : (lacking, "load the module"),
            Unreachable = outOfReach is null ? null : (outOfReach, "mount it"),
        };

    private static Gen<string?> Rarely(string text) => Gen.Int[0, 9].Select(dice => dice == 0 ? text : null);

    [Fact]
    public void A_key_or_filesystem_is_made_only_if_nothing_can_be_lost() =>
        Gen.Select(AnySpec, AnyObserved).Sample(
            (spec, observed) =>
            {
                var steps = Planner.For(spec, observed).Steps;
                var replace = spec.FirstBoot == FirstBoot.Replace;
                var nothing = observed.Record.Outcome is RecordOutcome.None none && observed.Unreachable is null
                    && (observed.DeviceSize is null
                        ? spec.Size is not null
                        : observed.Content is Content.Blank
                            || (observed.Content is Content.PlainFilesystem && replace)
                            || (observed.Content is Content.Other { IsUnknown: true } && replace && none.Claimed));
                var unfinished = observed.Record.Outcome is RecordOutcome.Good { Record.State: VolumeState.Provisioning }
                    && observed.DeviceSize is not null;
                // A missing device may come with any header: there is nothing that could have been read.
                if (observed.DeviceSize is null && spec.RecordFile is null)
                    nothing = spec.Size is not null && observed.Unreachable is null;
                return (nothing || !steps.Any(step => step is Step.SealNewKey or Step.WriteProvisioning or Step.CreateImage))
                    && (nothing || unfinished || !steps.Any(step => step is Step.MakeFilesystem));
            },
            iter: 20_000);

    [Fact]
    public void Nothing_is_written_or_mounted_before_it_is_verified() =>
        Gen.Select(AnySpec, AnyObserved).Sample(
            (spec, observed) =>
            {
                var plan = Planner.For(spec, observed);
                var words = Words(plan).Split(' ').ToList();
                var verified = words.IndexOf("VerifyFilesystem");
                var unused = words.IndexOf("VerifyUnused");
                var made = words.IndexOf("WriteReady");
                return (plan.Kind == PlanKind.Refusal) == (plan.Refusal is not null)
                    && (plan.Steps.Count > 0) == (plan.Kind is not (PlanKind.Refusal or PlanKind.AlreadyUp))
                    && (!words.Contains("Mount") || (words[^1] == "Mount" && (verified >= 0 || made >= 0)))
                    && (!words.Contains("CheckFilesystem") || verified < words.IndexOf("CheckFilesystem"))
                    && (!words.Contains("RepairRecord")
                        || words.IndexOf("RepairRecord") > Math.Max(words.IndexOf("Unseal"), Math.Max(verified, unused)))
                    && (!words.Contains("MakeFilesystem")
                        || words.Contains("SealNewKey")
                        || (unused >= 0 && unused < words.IndexOf("MakeFilesystem")))
                    && (verified < 0 || (!words.Contains("MakeFilesystem") && !words.Contains("SealNewKey")))
                    && (!words.Contains("OpenMapping")
                        || words.Contains("Unseal")
                        || words.IndexOf("WriteProvisioning") < words.IndexOf("OpenMapping"));
            },
            iter: 20_000);
}
