using Sealdisk.Crypto;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A volume, and where the settings stand that may clash with another volume's.</summary>
internal sealed record PlacedVolume(VolumeSpec Spec, TextPosition DeviceAt, TextPosition RecordAt, TextPosition MountAt);

/// <summary>Reads one [volume.NAME] and refuses what cannot be.</summary>
internal sealed class VolumeReader(string name, TomlTable table, IReadOnlyList<string> requirable, Problems problems)
{
    private const long SmallestWithHeader = 2 << 20; // 1 MiB of header, and as much again for a filesystem

    // MIN_KEY_SIZE and MAX_KEY_SIZE of the kernel's include/keys/trusted-type.h.
    private const int TrustedKeyMin = 32;
    private const int TrustedKeyMax = 128;

    private static readonly string[] Filesystems = ["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat"];
    private static readonly CipherSpec DefaultCipher = CipherSpec.TryParse("aes-xts-plain64", out var spec, out _)
        ? spec!
        : throw new InvalidOperationException("the default cipher is unknown");

    private static readonly string[] Mappings = ["auto", "dm", "fuse"];
    private static readonly string[] FirstBoots = ["blank", "replace"];

    /// <summary>The volume; null after a report.</summary>
    /// <param name="huk">The soft source's HUK file.</param>
    /// <param name="tpm">How a TPM seals.</param>
    public PlacedVolume? Read(TextPosition nameAt, Setting<string?> huk, TpmSettings tpm)
    {
        var earlier = problems.Count;
        if (VolumeName.Problem(name) is { } reason)
            problems.Report(nameAt, $"volume name {TomlNode.Quote(name)} {reason}");

        var reader = new TableReader(table, $"[volume.{TomlTree.Name(name)}]", problems);
        var device = reader.Require("device", null, "\"/dev/mmcblk0p4\"", SettingTypes.AbsolutePath);
        var size = reader.Read("size", null, SettingTypes.Size);
        var record = reader.Read("record", null, SettingTypes.RecordPlace);
        var source = Cast<TrustSource>(reader.Read("source", (int)TrustSource.Auto, SettingTypes.Word(TrustSourceText.Words)));
        var key = Cast<KeyKind>(reader.Read("key", (int)KeyKind.Trusted, SettingTypes.Word(KeyKindText.Words)));
        var recovery = reader.Read("recovery", null, SettingTypes.RecoveryPublicKey);
        var cipher = reader.Read("cipher", DefaultCipher, SettingTypes.Cipher);
        var keySize = reader.Read("key-size", 0, SettingTypes.Count);
        var sectorSize = reader.Read("sector-size", null, SettingTypes.OneOf(512, 1024, 2048, 4096));
        var ivLargeSectors = reader.Read("iv-large-sectors", false, SettingTypes.Boolean);
        var filesystem = reader.Read("filesystem", Array.IndexOf(Filesystems, "ext4"), SettingTypes.Word(Filesystems));
        var mount = reader.Read("mount", null, SettingTypes.AbsolutePath);
        var options = reader.ReadList("mount-options", "[\"noatime\"]", SettingTypes.MountOption);
        var mapping = Cast<MappingKind>(reader.Read("mapping", (int)MappingKind.Auto, SettingTypes.Word(Mappings)));
        var firstBoot = Cast<FirstBoot>(reader.Read("first-boot", (int)FirstBoot.Blank, SettingTypes.Word(FirstBoots)));
        var require = reader.ReadList("require", "[\"closed\", \"huk-unknown\"]", SettingTypes.Requirement(requirable));
        var discard = reader.Read("discard", false, SettingTypes.Boolean);
        var cryptOptions = ReadCryptOptions(reader, mapping);
        reader.RefuseUnknown();

        CheckSize(size, device, record);
        var keyBytes = CheckKeySize(keySize, cipher, source, key);
        CheckSource(source, mapping, huk);
        if (ivLargeSectors.Value && sectorSize.Value == 512)
            problems.Report(ivLargeSectors.At, "iv-large-sectors needs a sector-size above 512");
        if (recovery is { Given: true, Valid: true } && key is { Valid: true, Value: KeyKind.Trusted })
            problems.Report(recovery.At, "recovery needs key = \"encrypted\": a trusted key opens in the device that sealed it, or nowhere");
        if (mount is { Given: true, Value: "/" })
            problems.Report(mount.At, "mount \"/\" would cover the running system");
        if (options.Given && !mount.Given)
            problems.Report(options.At, "mount-options needs mount");

        if (problems.Count > earlier)
            return null;
        var spec = new VolumeSpec
        {
            Name = name,
            Device = device.Value!,
            Size = size.Value,
            RecordFile = record.Value,
            Source = source.Value,
            Key = key.Value,
            Recovery = recovery.Value,
            Cipher = cipher.Value,
            KeySize = keyBytes,
            SectorSize = sectorSize.Value,
            IvLargeSectors = ivLargeSectors.Value,
            Filesystem = Filesystems[filesystem.Value],
            Mount = mount.Value,
            MountOptions = options.Value,
            Mapping = mapping.Value,
            FirstBoot = firstBoot.Value,
            Require = require.Value,
            Discard = discard.Value,
            CryptOptions = cryptOptions,
            Huk = source.Value == TrustSource.Soft ? huk.Value : null,
            Tpm = source.Value is TrustSource.Tpm or TrustSource.Auto ? tpm : TpmSettings.Default,
        };
        return new PlacedVolume(spec, device.At, record.At, mount.At);
    }

    private CryptOptions ReadCryptOptions(TableReader reader, Setting<MappingKind> mapping)
    {
        return new CryptOptions(Flag("same-cpu-crypt"), Flag("submit-from-crypt-cpus"), Flag("no-read-workqueue"), Flag("no-write-workqueue"));

        bool Flag(string key)
        {
            var setting = reader.Read(key, false, SettingTypes.Boolean);
            if (setting.Value && mapping.Value == MappingKind.Fuse)
                problems.Report(setting.At, $"{key} is an option of dm-crypt, and mapping is \"fuse\"");
            return setting.Value;
        }
    }

    private void CheckSize(Setting<long?> size, Setting<string?> device, Setting<string?> record)
    {
        if (size.Value is not { } bytes)
            return;
        if (record is { Valid: true, Value: null } && bytes < SmallestWithHeader)
            problems.Report(size.At, "size is too small: with the record in the header at least 2MiB");
        if (device.Value is { } path && path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal))
            problems.Report(size.At, $"size is for image files only, and {path} is a device");
    }

    /// <summary>The key size, by default the largest that the cipher takes (AES-256).</summary>
    private int CheckKeySize(Setting<int> keySize, Setting<CipherSpec> cipher, Setting<TrustSource> source, Setting<KeyKind> key)
    {
        if (!keySize.Valid || !cipher.Valid || !source.Valid || !key.Valid)
            return 0;
        var isEncrypted = key.Value == KeyKind.Encrypted;
        var (least, most) = isEncrypted ? (EncryptedKeyText.MinKey, EncryptedKeyText.MaxKey) : source.Value.IsKernel() ? (TrustedKeyMin, TrustedKeyMax) : (1, int.MaxValue);
        int[] possible = [.. cipher.Value.KeySizes.Where(bytes => bytes >= least && bytes <= most)];
        if (!keySize.Given && possible.Length > 0)
            return possible.Max();
        if (possible.Contains(keySize.Value))
            return keySize.Value;

        var choice = possible.Length > 0 ? SettingTypes.Or(possible) : "none";
        var with = isEncrypted ? "key \"encrypted\"" : $"source \"{source.Value.Text()}\"";
        if (!keySize.Given)
            problems.Report(cipher.At, $"cipher {cipher.Value.Text} is not possible with {with}: no key size fits both");
        else if (cipher.Value.AcceptsKeySize(keySize.Value))
            problems.Report(keySize.At, $"key-size {keySize.Value} is not possible with {with}: the kernel's {(isEncrypted ? "encrypted" : "trusted")} keys have {least} to {most} bytes; for {cipher.Value.Text} {choice}");
        else
            problems.Report(keySize.At, $"key-size {keySize.Value} is not possible for {cipher.Value.Text}: {choice}{(possible.Contains(keySize.Value / 8) ? " bytes" : "")}");
        return 0;
    }

    private void CheckSource(Setting<TrustSource> source, Setting<MappingKind> mapping, Setting<string?> huk)
    {
        if (!source.Valid)
            return;
        if (source.Value == TrustSource.Soft && !huk.Given)
            problems.Report(source.At, "source \"soft\" needs a HUK: add [source.soft] with huk = \"/etc/sealdisk/huk.hex\"");
        if (source.Value.IsKernel() && mapping.Value == MappingKind.Fuse)
            problems.Report(mapping.At, $"mapping \"fuse\" is impossible with source \"{source.Value.Text()}\": its key never leaves the kernel; use \"dm\" or \"auto\"");
    }

    private static Setting<T> Cast<T>(Setting<int> word)
        where T : struct, Enum => new((T)Enum.ToObject(typeof(T), word.Value), word.At, word.Given, word.Valid);
}
