namespace Sealdisk.Volumes.Records;

/// <summary>What both copies together mean.</summary>
public abstract record RecordOutcome
{
    private RecordOutcome()
    {
    }

    /// <summary>There is no record. What else the device holds, blank or foreign, is for the caller to look at.</summary>
    /// <param name="Claimed">A first boot was cut while it wrote the first copy. Copy A may be torn, and there were never any data.</param>
    public sealed record None(bool Claimed = false) : RecordOutcome;

    /// <summary>The record, from the newest valid copy.</summary>
    /// <param name="Record">To be used.</param>
    /// <param name="CopiesToRepair">Copies (0 is A, 1 is B) that are missing, bad or older; empty if all is well.</param>
    /// <param name="Why">What is wrong with those; null if all is well.</param>
    public sealed record Good(VolumeRecord Record, IReadOnlyList<int> CopiesToRepair, string? Why) : RecordOutcome;

    /// <summary>There was a record, and neither copy can be relied on. Nothing may be written.</summary>
    public sealed record Damaged(string Reason) : RecordOutcome;

    /// <summary>A record in another format version. Nothing may be written.</summary>
    public sealed record OtherVersion(uint Version) : RecordOutcome;
}

/// <summary>Both copies as read. The newest valid one wins; anything doubtful is damage.</summary>
public sealed record RecordReading(CopyReading A, CopyReading B)
{
    /// <summary>No record, and nothing else in its place either.</summary>
    public static RecordReading Nothing { get; } = new(new CopyReading.Absent(Blank: true), new CopyReading.Absent(Blank: true));

    /// <summary>Neither copy was ever there: all 00 or all FF in the place of both.</summary>
    public bool IsBlank => (A, B) is (CopyReading.Absent { Blank: true }, CopyReading.Absent { Blank: true });

    /// <summary>Something else is in the place of the copies, and no trace of a record.</summary>
    public bool IsForeign => (A, B) is (CopyReading.Absent, CopyReading.Absent) && !IsBlank;

    /// <summary>An adoption was cut while it wrote the first copy; adopting once more goes on with it.</summary>
    public bool IsAdoption =>
        this is { A: not (CopyReading.Valid or CopyReading.OtherVersion), B: CopyReading.Claim { Kind: ClaimKind.Adoption } };

    /// <summary>What both copies together mean.</summary>
    public RecordOutcome Outcome => (A, B) switch
    {
        (CopyReading.OtherVersion a, CopyReading.OtherVersion b) => new RecordOutcome.OtherVersion(Math.Max(a.Version, b.Version)),
        (CopyReading.OtherVersion a, _) => new RecordOutcome.OtherVersion(a.Version),
        (_, CopyReading.OtherVersion b) => new RecordOutcome.OtherVersion(b.Version),
        (CopyReading.Valid a, CopyReading.Valid b) => Compare(a.Record, b.Record),
        (CopyReading.Valid a, _) => new RecordOutcome.Good(a.Record, [1], $"copy B is {Describe(B)}"),
        (_, CopyReading.Valid b) => new RecordOutcome.Good(b.Record, [0], $"copy A is {Describe(A)}"),
        (_, CopyReading.Claim { Kind: ClaimKind.FirstBoot }) => new RecordOutcome.None(Claimed: true),
        (_, CopyReading.Claim) => new RecordOutcome.Damaged("it was being adopted when power failed; its data are as they were"),
        (CopyReading.Absent, CopyReading.Absent) => new RecordOutcome.None(),
        _ => new RecordOutcome.Damaged($"copy A is {Describe(A)}; copy B is {Describe(B)}"),
    };

    private static RecordOutcome Compare(VolumeRecord a, VolumeRecord b)
    {
        if (a == b)
            return new RecordOutcome.Good(a, [], null);
        if (a.Uuid != b.Uuid)
            return new RecordOutcome.Damaged($"the copies are of two volumes, {a.Uuid} and {b.Uuid}");
        if (a.Generation == b.Generation)
            return new RecordOutcome.Damaged($"both copies have generation {a.Generation}, and they differ");
        return a.Generation > b.Generation
            ? new RecordOutcome.Good(a, [1], $"copy B is older: generation {b.Generation}, not {a.Generation}")
            : new RecordOutcome.Good(b, [0], $"copy A is older: generation {a.Generation}, not {b.Generation}");
    }

    /// <summary>One copy in a few words.</summary>
    public static string Describe(CopyReading copy) => copy switch
    {
        CopyReading.Valid valid => $"generation {valid.Record.Generation}, {valid.Record.State.Text()}",
        CopyReading.OtherVersion other => $"format version {other.Version}",
        CopyReading.Bad bad => $"bad: {bad.Reason}",
        CopyReading.Absent { Blank: true } => "missing: blank",
        CopyReading.Claim => "missing: not written yet",
        _ => "missing: other content in its place",
    };
}
