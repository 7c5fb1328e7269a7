using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>What the settings of one volume must not say together. A setting that was refused on its own is left out of account.</summary>
internal sealed class VolumeRules(VolumeSettings settings, Problems problems)
{
    private const long SmallestWithHeader = 2 << 20; // 1 MiB of header, and as much again for a filesystem

    // MIN_KEY_SIZE and MAX_KEY_SIZE of the kernel's include/keys/trusted-type.h.
    private const int TrustedKeyMin = 32;
    private const int TrustedKeyMax = 128;

    /// <summary>Reports every impossible combination. Returns the size of the key in bytes; 0 after a report about it.</summary>
    /// <param name="sources">What [source] says.</param>
    public int Check(SourceSettings sources)
    {
        CheckSize();
        CheckSource(sources);
        CheckSectors();
        CheckRecovery();
        CheckMount();
        CheckCryptOptions();
        return CheckKeySize();
    }

    private void CheckSize()
    {
        var (size, device, record) = (settings.Size, settings.Device, settings.Record);
        if (size.Value is not { } bytes)
            return;
        if (record is { Valid: true, Value: null } && bytes < SmallestWithHeader)
            problems.Report(size.At, "size is too small: with the record in the header it must be at least 2MiB");
        if (device.Value is { } path && IsBelow(path, "/dev") && !IsBelow(path, "/dev/shm"))
            problems.Report(size.At, $"size is only for image files, but {path} is a device");
    }

    private void CheckSource(SourceSettings sources)
    {
        var (source, mapping) = (settings.Source, settings.Mapping);
        if (!source.Valid)
            return;
        if (source.Value.UsesHukFile() && !sources.Huk.Given)
            problems.Report(source.At, "source \"soft\" needs a HUK: add [source.soft] with huk = \"/etc/sealdisk/huk.hex\"");
        if (source.Value.IsKernel() && mapping.Value == MappingKind.Fuse)
        {
            var with = $"source \"{source.Value.Text()}\", whose key never leaves the kernel";
            problems.Report(mapping.At, $"mapping \"fuse\" is impossible with {with}: use \"dm\" or \"auto\"");
        }
    }

    private void CheckSectors()
    {
        if (settings.IvLargeSectors.Value && settings.SectorSize.Value == 512)
            problems.Report(settings.IvLargeSectors.At, "iv-large-sectors needs a sector-size larger than 512");
    }

    private void CheckRecovery()
    {
        if (settings.Recovery is { Given: true, Valid: true, At: var at } && settings.Key is { Valid: true, Value: KeyKind.Trusted })
            problems.Report(at, "recovery needs key = \"encrypted\": a trusted key opens only on the device that sealed it");
    }

    private void CheckMount()
    {
        if (settings.Mount is { Given: true, Value: "/" })
            problems.Report(settings.Mount.At, "mount \"/\" would cover the running system");
        if (settings.MountOptions.Given && !settings.Mount.Given)
            problems.Report(settings.MountOptions.At, "mount-options needs mount");
    }

    private void CheckCryptOptions()
    {
        if (settings.Mapping.Value != MappingKind.Fuse)
            return;
        Check("same-cpu-crypt", settings.SameCpuCrypt);
        Check("submit-from-crypt-cpus", settings.SubmitFromCryptCpus);
        Check("no-read-workqueue", settings.NoReadWorkqueue);
        Check("no-write-workqueue", settings.NoWriteWorkqueue);

        void Check(string key, Setting<bool> option)
        {
            if (option.Value)
                problems.Report(option.At, $"{key} is an option of dm-crypt, but mapping is \"fuse\"");
        }
    }

    /// <summary>The key size, by default the largest that the cipher takes (AES-256).</summary>
    private int CheckKeySize()
    {
        var (keySize, cipher, source, key) = (settings.KeySize, settings.Cipher, settings.Source, settings.Key);
        if (!keySize.Valid || !cipher.Valid || !source.Valid || !key.Valid)
            return 0;
        var (least, most) = KeySizes(source.Value, key.Value);
        int[] possible = [.. cipher.Value.KeySizes.Where(bytes => bytes >= least && bytes <= most)];
        if (!keySize.Given && possible.Length > 0)
            return possible.Max();
        if (possible.Contains(keySize.Value))
            return keySize.Value;

        var isEncrypted = key.Value == KeyKind.Encrypted;
        var with = isEncrypted ? "key \"encrypted\"" : $"source \"{source.Value.Text()}\"";
        if (!keySize.Given)
            problems.Report(cipher.At, $"cipher {cipher.Value.Text} is not possible with {with}: no key size fits both");
        else if (cipher.Value.AcceptsKeySize(keySize.Value))
            problems.Report(keySize.At, $"key-size {keySize.Value} is not possible with {with}: {KernelKeys()}; {Choice()}");
        else
            problems.Report(keySize.At, $"key-size {keySize.Value} is not possible for {cipher.Value.Text}: {Choice()}{InBits()}");
        return 0;

        string KernelKeys() => $"the kernel's {(isEncrypted ? "encrypted" : "trusted")} keys have {least} to {most} bytes";

        string Choice() => possible.Length > 0 ? $"use {SettingTypes.Or(possible)}" : "no key size fits both";

        string InBits() => possible.Contains(keySize.Value / 8) ? " (bytes, not bits)" : "";
    }

    private static (int Least, int Most) KeySizes(TrustSource source, KeyKind key)
    {
        if (key == KeyKind.Encrypted)
            return (EncryptedKeyText.MinKey, EncryptedKeyText.MaxKey);
        return source.IsKernel() ? (TrustedKeyMin, TrustedKeyMax) : (1, int.MaxValue);
    }

    private static bool IsBelow(string path, string folder) => path.StartsWith(folder + "/", StringComparison.Ordinal);
}
