using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Volumes.Records;

public sealed class RecordReadingTests
{
    private const string OneUuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    private const string OtherUuid = "11111111-2222-3333-4444-555555555555";

    private static readonly VolumeRecord Old = RecordSamples.Ready with
    {
        Generation = 1,
        State = VolumeState.Provisioning,
        FilesystemUuid = null,
    };
    private static readonly VolumeRecord Current = RecordSamples.Ready;

    private static readonly Dictionary<string, CopyReading> Copies = new(StringComparer.Ordinal)
    {
        ["current"] = new CopyReading.Valid(Current),
        ["older"] = new CopyReading.Valid(Old),
        ["twin"] = new CopyReading.Valid(Current with { LifeCycle = "open" }),
        ["other volume"] = new CopyReading.Valid(Current with
        {
            Uuid = Guid.Parse(OtherUuid),
            Generation = 9,
        }),
        ["bad"] = new CopyReading.Bad("the checksum is wrong"),
        ["blank"] = new CopyReading.Absent(Blank: true),
        ["foreign"] = new CopyReading.Absent(Blank: false),
        ["newer"] = new CopyReading.OtherVersion(4),
        ["newest"] = new CopyReading.OtherVersion(4),
        ["claim"] = new CopyReading.Claim(ClaimKind.FirstBoot),
    };

    /// <summary>Every pair, each way round: copy, copy, outcome. "use X" is the record of X, "repair N" the copy at that place.</summary>
    private const string Table = $"""
        current      | current      | use current
        older        | older        | use older
        current      | older        | use current, repair B: copy B is older: generation 1, not 2
        older        | current      | use current, repair A: copy A is older: generation 1, not 2
        current      | bad          | use current, repair B: copy B is bad: the checksum is wrong
        bad          | current      | use current, repair A: copy A is bad: the checksum is wrong
        current      | blank        | use current, repair B: copy B is missing: blank
        blank        | current      | use current, repair A: copy A is missing: blank
        current      | foreign      | use current, repair B: copy B is missing: other content in its place
        foreign      | current      | use current, repair A: copy A is missing: other content in its place
        older        | bad          | use older, repair B: copy B is bad: the checksum is wrong
        current      | twin         | damaged: both copies have generation 2, and they differ
        twin         | current      | damaged: both copies have generation 2, and they differ
        current      | other volume | damaged: the copies are of two volumes, {OneUuid} and {OtherUuid}
        bad          | bad          | damaged: copy A is bad: the checksum is wrong; copy B is bad: the checksum is wrong
        bad          | blank        | damaged: copy A is bad: the checksum is wrong; copy B is missing: blank
        blank        | bad          | damaged: copy A is missing: blank; copy B is bad: the checksum is wrong
        bad          | foreign      | damaged: copy A is bad: the checksum is wrong; copy B is missing: other content in its place
        foreign      | bad          | damaged: copy A is missing: other content in its place; copy B is bad: the checksum is wrong
        blank        | blank        | none
        blank        | foreign      | none
        foreign      | blank        | none
        foreign      | foreign      | none
        newer        | newer        | newer 4
        newer        | newest       | newer 4
        newest       | newer        | newer 4
        newer        | current      | newer 4
        current      | newer        | newer 4
        newer        | bad          | newer 4
        bad          | newer        | newer 4
        newer        | blank        | newer 4
        foreign      | newer        | newer 4
        blank        | claim        | none, claimed
        foreign      | claim        | none, claimed
        bad          | claim        | none, claimed
        older        | claim        | use older, repair B: copy B is missing: not written yet
        current      | claim        | use current, repair B: copy B is missing: not written yet
        newer        | claim        | newer 4
        claim        | claim        | none, claimed
        claim        | blank        | damaged: copy A is missing: not written yet; copy B is missing: blank
        claim        | bad          | damaged: copy A is missing: not written yet; copy B is bad: the checksum is wrong
        claim        | current      | use current, repair A: copy A is missing: not written yet
        """;

    public static IEnumerable<TheoryDataRow<string, string, string>> Rows =>
        Table.Split('\n')
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(row => new TheoryDataRow<string, string, string>(row[0], row[1], row[2]));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Two_copies_have_one_outcome(string a, string b, string expected)
    {
        var outcome = new RecordReading(Copies[a], Copies[b]).Outcome;
        Assert.Equal(expected, outcome switch
        {
            RecordOutcome.Good good => $"use {Copies.Single(copy => copy.Value == new CopyReading.Valid(good.Record)).Key}{Repairs(good)}",
            RecordOutcome.Damaged damaged => $"damaged: {damaged.Reason}",
            RecordOutcome.OtherVersion newer => $"newer {newer.Version}",
            RecordOutcome.None { Claimed: true } => "none, claimed",
            _ => "none",
        });
    }

    private static string Repairs(RecordOutcome.Good good)
    {
        Assert.Equal(good.CopiesToRepair.Count == 0, good.Why is null);
        return good.CopiesToRepair.Count == 0
            ? ""
            : $", repair {string.Join("", good.CopiesToRepair.Select(copy => "AB"[copy]))}: {good.Why}";
    }
}
