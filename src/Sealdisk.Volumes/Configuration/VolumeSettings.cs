using Sealdisk.Crypto;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>The settings of one [volume.NAME], each of its own type and with its place, before the rules over several of them.</summary>
internal sealed class VolumeSettings
{
    private static readonly CipherSpec DefaultCipher = CipherSpec.Parse("aes-xts-plain64");

    public required Setting<string?> Device { get; init; }
    public required Setting<long?> Size { get; init; }
    public required Setting<string?> Record { get; init; }
    public required Setting<TrustSource> Source { get; init; }
    public required Setting<KeyKind> Key { get; init; }
    public required Setting<byte[]?> Recovery { get; init; }
    public required Setting<CipherSpec> Cipher { get; init; }
    public required Setting<int> KeySize { get; init; }
    public required Setting<int?> SectorSize { get; init; }
    public required Setting<bool> IvLargeSectors { get; init; }
    public required Setting<FilesystemType> Filesystem { get; init; }
    public required Setting<string?> Mount { get; init; }
    public required Setting<IReadOnlyList<string>> MountOptions { get; init; }
    public required Setting<MappingKind> Mapping { get; init; }
    public required Setting<FirstBoot> FirstBoot { get; init; }
    public required Setting<IReadOnlyList<string>> Require { get; init; }
    public required Setting<bool> Discard { get; init; }
    public required Setting<bool> SameCpuCrypt { get; init; }
    public required Setting<bool> SubmitFromCryptCpus { get; init; }
    public required Setting<bool> NoReadWorkqueue { get; init; }
    public required Setting<bool> NoWriteWorkqueue { get; init; }

    /// <summary>Reads every key of the table, in the order of docs/configuration.md. A wrong value is reported at its place.</summary>
    /// <param name="table">The table.</param>
    /// <param name="requirable">The ids of the checks that 'require' may name.</param>
    public static VolumeSettings Read(TableReader table, IReadOnlyList<string> requirable) => new()
    {
        Device = table.Require("device", null, "\"/dev/mmcblk0p4\"", SettingTypes.AbsolutePath),
        Size = table.Read("size", null, SettingTypes.Size),
        Record = table.Read("record", null, SettingTypes.RecordPlace),
        Source = table.Read("source", TrustSource.Auto, SettingTypes.Word<TrustSource>(TrustSourceText.Words)),
        Key = table.Read("key", KeyKind.Trusted, SettingTypes.Word<KeyKind>(KeyKindText.Words)),
        Recovery = table.Read("recovery", null, SettingTypes.RecoveryPublicKey),
        Cipher = table.Read("cipher", DefaultCipher, SettingTypes.Cipher),
        KeySize = table.Read("key-size", 0, SettingTypes.Count),
        SectorSize = table.Read("sector-size", null, SettingTypes.OneOf(512, 1024, 2048, 4096)),
        IvLargeSectors = table.Read("iv-large-sectors", false, SettingTypes.Boolean),
        Filesystem = table.Read("filesystem", FilesystemType.Default, SettingTypes.Filesystem),
        Mount = table.Read("mount", null, SettingTypes.AbsolutePath),
        MountOptions = table.ReadList("mount-options", "[\"noatime\"]", SettingTypes.MountOption),
        Mapping = table.Read("mapping", MappingKind.Auto, SettingTypes.Word<MappingKind>(["auto", "dm", "fuse"])),
        FirstBoot = table.Read("first-boot", Configuration.FirstBoot.Blank, SettingTypes.Word<FirstBoot>(["blank", "replace"])),
        Require = table.ReadList("require", "[\"closed\", \"huk-unknown\"]", SettingTypes.Requirement(requirable)),
        Discard = table.Read("discard", false, SettingTypes.Boolean),
        SameCpuCrypt = table.Read("same-cpu-crypt", false, SettingTypes.Boolean),
        SubmitFromCryptCpus = table.Read("submit-from-crypt-cpus", false, SettingTypes.Boolean),
        NoReadWorkqueue = table.Read("no-read-workqueue", false, SettingTypes.Boolean),
        NoWriteWorkqueue = table.Read("no-write-workqueue", false, SettingTypes.Boolean),
    };
}
