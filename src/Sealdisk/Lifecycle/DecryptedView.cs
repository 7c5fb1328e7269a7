using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// The beginning of a volume's plaintext, to see what is there without mounting or writing anything: in this process if the key may be
/// here, else through a dm mapping that refuses writes and goes when this is disposed.
/// </summary>
internal sealed class DecryptedView : IDisposable
{
    private readonly IBlockDevice? _volume;
    private readonly string? _mapping;

    private DecryptedView(IBlockDevice? volume, string? mapping)
    {
        _volume = volume;
        _mapping = mapping;
    }

    /// <param name="spec">The volume.</param>
    /// <param name="record">Its record, or what is to become one.</param>
    /// <param name="key">Loaded; stays the caller's.</param>
    internal static DecryptedView Open(VolumeSpec spec, VolumeRecord record, VolumeKey key)
    {
        if (!record.Source.IsKernel())
            return new DecryptedView(InProcess(spec, record), null);
        var request = VolumeRequest.From(spec, record) with { Name = $"{spec.Name}.check", ReadOnly = true, Discard = false };
        // One that was killed has left its own.
        DmMapping.Close(request.Name, isDeferred: false);
        key.OpenMapping(request);
        return new DecryptedView(null, request.Name);
    }

    /// <summary>The first bytes; as many as there are, the rest zeros.</summary>
    internal void ReadStart(Span<byte> start)
    {
        start.Clear();
        if (_volume is not null)
        {
            _volume.Read(0, start[..(int)Math.Min(start.Length, _volume.Size)]);
            return;
        }
        using var block = FileDescriptor.Open(DmNode.PathOf(DmName.Parse(_mapping!)), OpenFlags.Read);
        block.ReadAt(start, 0);
    }

    public void Dispose()
    {
        _volume?.Dispose();
        if (_mapping is not null)
            DmMapping.Close(_mapping, isDeferred: false);
    }

    private static CryptDevice InProcess(VolumeSpec spec, VolumeRecord record)
    {
        using var source = SoftSource.Open(spec.Huk!);
        using var key = source.UnsealHere(record.Key, record.Format.KeySize, KeySources.SubjectOf(spec));
        return record.Format.Decrypt(FileDescriptor.Open(spec.Device, OpenFlags.Read), key);
    }
}
