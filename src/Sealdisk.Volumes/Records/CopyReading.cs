namespace Sealdisk.Volumes.Records;

/// <summary>What one of the two copies of a record turned out to be.</summary>
public abstract record CopyReading
{
    private CopyReading()
    {
    }

    /// <summary>The copy in a few words.</summary>
    public sealed override string ToString() => RecordReading.Describe(this);

    /// <summary>A whole and well-formed copy.</summary>
    public sealed record Valid(VolumeRecord Record) : CopyReading;

    /// <summary>
    /// No magic: there is no copy here. <paramref name="Blank"/>: all 00, all FF, or nothing at all; otherwise foreign content.
    /// </summary>
    public sealed record Absent(bool Blank) : CopyReading;

    /// <summary>
    /// No copy yet, but the announcement that the first ones are about to be written: see <see cref="RecordFormat.WriteClaim"/>.
    /// </summary>
    public sealed record Claim(ClaimKind Kind) : CopyReading;

    /// <summary>The magic of a record and something wrong behind it, or nothing that could be read.</summary>
    public sealed record Bad(string Reason) : CopyReading;

    /// <summary>
    /// A whole copy in another format version, of a later Sealdisk or of one that was never released, which must neither be used nor
    /// overwritten.
    /// </summary>
    public sealed record OtherVersion(uint Version) : CopyReading;
}
