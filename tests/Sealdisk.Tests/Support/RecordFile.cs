using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Support;

/// <summary>The two copies of a record (0 is A, 1 is B) in a file of a test, to be damaged.</summary>
internal sealed class RecordFile(string path, bool isHeader)
{
    public string Path => path;

    /// <summary>The bytes of a copy.</summary>
    public byte[] this[int copy]
    {
        get => File.ReadAllBytes(path)[Offset(copy)..(Offset(copy) + RecordFormat.BlockSize)];
        set => Put(Offset(copy), value);
    }

    public int Offset(int copy) => copy * (isHeader ? (int)RecordStore.HeaderCopyB : RecordFormat.BlockSize);

    public VolumeRecord Read(int copy) => Assert.IsType<CopyReading.Valid>(RecordFormat.Read(this[copy])).Record;

    /// <summary>Changes copies and corrects their checksums, as another version or an attacker would.</summary>
    public void Rewrite(Func<VolumeRecord, VolumeRecord> change, params ReadOnlySpan<int> copies)
    {
        foreach (var copy in copies)
        {
            var block = new byte[RecordFormat.BlockSize];
            RecordFormat.Write(change(Read(copy)), block);
            this[copy] = block;
        }
    }

    /// <summary>Leaves the magic of a copy and spoils every byte behind it.</summary>
    public void Spoil(params ReadOnlySpan<int> copies)
    {
        foreach (var copy in copies)
            this[copy] = [.. this[copy].Select((value, at) => at < 8 ? value : (byte)~value)];
    }

    public void Put(int at, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, at);
    }
}
