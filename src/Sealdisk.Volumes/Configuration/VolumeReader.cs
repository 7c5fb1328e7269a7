using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A volume, and where the settings stand that may clash with another volume's.</summary>
internal sealed record PlacedVolume(VolumeSpec Spec, TextPosition DeviceAt, TextPosition RecordAt, TextPosition MountAt);

/// <summary>Reads one [volume.NAME].</summary>
/// <param name="name">Its name, as written.</param>
/// <param name="nameAt">Where that stands.</param>
/// <param name="table">Its settings.</param>
/// <param name="problems">Gets what is wrong with them.</param>
internal sealed class VolumeReader(string name, TextPosition nameAt, TomlTable table, Problems problems)
{
    /// <summary>The volume; null after a report.</summary>
    /// <param name="sources">What [source] says.</param>
    /// <param name="requirable">The ids of the checks that 'require' may name.</param>
    public PlacedVolume? Read(SourceSettings sources, IReadOnlyList<string> requirable)
    {
        var earlier = problems.Count;
        if (VolumeName.Problem(name) is { } reason)
            problems.Report(nameAt, $"volume name {TomlNode.Quote(name)} {reason}");

        var reader = new TableReader(table, $"[volume.{TomlTree.Name(name)}]", problems);
        var settings = VolumeSettings.Read(reader, requirable);
        reader.RefuseUnknown();
        var keySize = new VolumeRules(settings, problems).Check(sources);

        return problems.Count > earlier
            ? null
            : new PlacedVolume(Spec(settings, keySize, sources), settings.Device.At, settings.Record.At, settings.Mount.At);
    }

    private VolumeSpec Spec(VolumeSettings settings, int keySize, SourceSettings sources)
    {
        var source = settings.Source.Value;
        return new VolumeSpec
        {
            Name = name,
            Device = settings.Device.Value!,
            Size = settings.Size.Value,
            RecordFile = settings.Record.Value,
            Source = source,
            Key = settings.Key.Value,
            Recovery = settings.Recovery.Value,
            Cipher = settings.Cipher.Value,
            KeySize = keySize,
            SectorSize = settings.SectorSize.Value,
            IvLargeSectors = settings.IvLargeSectors.Value,
            Filesystem = settings.Filesystem.Value,
            Mount = settings.Mount.Value,
            MountOptions = MountOptions.Parse(settings.MountOptions.Value),
            Mapping = settings.Mapping.Value,
            FirstBoot = settings.FirstBoot.Value,
            Require = settings.Require.Value,
            Discard = settings.Discard.Value,
            CryptOptions = new CryptOptions(
                settings.SameCpuCrypt.Value,
                settings.SubmitFromCryptCpus.Value,
                settings.NoReadWorkqueue.Value,
                settings.NoWriteWorkqueue.Value),
            Huk = source.UsesHukFile() ? sources.Huk.Value : null,
            Tpm = source.UsesTpmSettings() ? sources.Tpm : TpmSettings.Default,
        };
    }
}
