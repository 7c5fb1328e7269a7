namespace Sealdisk.Tests.Durability;

/// <summary>A real file that becomes one state after the other, writing only what differs.</summary>
internal sealed class WorkingFile(string path)
{
    private StoredFile? _now;

    public void Become(StoredFile? wanted)
    {
        if (wanted is null)
        {
            File.Delete(path);
        }
        else if (_now is null || _now.Size != wanted.Size)
        {
            File.WriteAllBytes(path, wanted.ToArray());
        }
        else if (_now.Key != wanted.Key)
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            foreach (var index in _now.Indices.Union(wanted.Indices).Where(index => !wanted[index].AsSpan().SequenceEqual(_now[index])))
            {
                var at = index * Sector.Size;
                if (at < wanted.Size)
                    RandomAccess.Write(file, wanted[index].AsSpan(0, (int)Math.Min(Sector.Size, wanted.Size - at)), at);
            }
        }
        _now = wanted;
    }
}
