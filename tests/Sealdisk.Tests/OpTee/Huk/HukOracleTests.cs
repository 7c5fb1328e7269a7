using System.Text;
using Sealdisk.OpTee;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Tests.OpTee.Huk;

public sealed class HukOracleTests
{
    public static TheoryData<string> GoldenBlobs =>
        [.. Directory.EnumerateFiles(Golden.File("."), "blob-*.hex").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(GoldenBlobs))]
    public void Blobs_of_an_op_tee_without_huk_are_caught(string file)
    {
        using var oracle = Constants();
        Assert.Equal("all-zero", oracle.Find(BlobText.Read(Golden.File(file)))?.Id);
    }

    [Fact]
    public void Another_huk_matches_nothing()
    {
        using var oracle = Constants();
        for (var seed = 0; seed < 50; seed++)
            Assert.Null(oracle.Find(SealUnder(Random(16, seed), seed)));
    }

    [Fact]
    public void One_altered_bit_matches_nothing()
    {
        using var oracle = Constants();
        var blob = BlobText.Read(Golden.File("blob-32-1.hex"));
        for (var at = 1; at < blob.Length; at++)
        {
            blob[at] ^= 1;
            Assert.Null(oracle.Find(blob));
            blob[at] ^= 1;
        }
        blob[0] = 0xff; // which OP-TEE ignores
        Assert.Equal("all-zero", oracle.Find(blob)?.Id);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    [InlineData(513)]
    public void No_blob_of_any_other_length_is_one(int length)
    {
        using var oracle = Constants();
        Assert.Null(oracle.Find(new byte[length]));
    }

    [Fact]
    public void All_constants_have_names_of_their_own_and_find_their_own_blobs()
    {
        using var oracle = Constants();
        Assert.Equal(oracle.Candidates.Count, oracle.Candidates.Select(candidate => candidate.Id).Distinct(StringComparer.Ordinal).Count());
        var huk = new byte[16];
        HukModels.Dcp(new byte[16], huk);
        Assert.Equal("dcp-zero-key", oracle.Find(SealUnder(huk, 1))?.Id);
        Array.Fill(huk, (byte)0xff);
        Assert.Equal("all-ones", oracle.Find(SealUnder(huk, 2))?.Id);
        Assert.Equal("all-ones-32", oracle.Find(SealUnder([.. huk, .. huk], 3))?.Id);
        Assert.Equal("all-zero", oracle.Find(SealUnder(new byte[32], 4))?.Id);
    }

    [Fact]
    public void What_linux_reads_of_a_chip_finds_the_huk_made_of_it_in_any_order_of_bytes()
    {
        var huk = new byte[16];
        var dna = Random(12, 5);
        HukModels.ZynqMpDevelopment(dna, huk);
        foreach (var order in new[] { dna, dna.Reverse().ToArray() })
            Assert.Equal("zynqmp-dna", Chip(new ChipFacts(Dna: order)).Find(SealUnder(huk, 6))?.Id);

        var versal = Random(16, 7);
        HukModels.Versal(HukModels.VersalDevelopmentKey, versal, huk);
        Assert.Equal("versal-development-key", Chip(new ChipFacts(Dna: versal)).Find(SealUnder(huk, 8))?.Id);

        var uid = Random(12, 9);
        HukModels.Stm32Mp15Uid(new byte[16], uid, huk);
        Assert.Equal("stm32mp15-uid", Chip(new ChipFacts(Uid: uid)).Find(SealUnder(huk, 10))?.Id);
        Assert.Null(Chip(new ChipFacts(Uid: Random(12, 11))).Find(SealUnder(huk, 10)));

        HukModels.Npcm([9, 8, 7, 6, 5], huk);
        Assert.Equal("npcm-scratch", Chip(new ChipFacts(Scratch: [9, 8, 7, 6, 5])).Find(SealUnder(huk, 12))?.Id);
    }

    [Fact]
    public void Candidates_of_a_file_are_tried_by_their_names()
    {
        var huk = Random(16, 13);
        using var oracle = new HukOracle();
        var file = $"# from the lab\n\n{new string('a', 32)}\r\n  board 7 = {Convert.ToHexString(huk)}\n";
        var count = CandidateFile.AddTo(oracle, Encoding.ASCII.GetBytes(file));
        Assert.Equal(2, count);
        Assert.Equal("candidate:board 7", oracle.Find(SealUnder(huk, 14))?.Id);
    }

    [Theory]
    [InlineData("zz", "line 1: byte 0 is not a hex digit")]
    [InlineData("\n0123", "line 2: it has 4 hex digits; a hardware unique key has 32 to 64")]
    [InlineData("= 00112233445566778899aabbccddeeff", "line 1: the name before '=' does not have 1 to 64 printable characters")]
    public void A_bad_line_is_named_by_its_number(string text, string message)
    {
        using var oracle = new HukOracle();
        Assert.Equal(message, Assert.Throws<HukTextException>(() => CandidateFile.AddTo(oracle, Encoding.ASCII.GetBytes(text))).Message);
    }

    [Fact]
    public void The_search_finds_what_it_says_it_searches()
    {
        var huk = new byte[16];
        HukModels.Npcm([0x17, 0, 0, 0, 0], huk);
        Assert.Equal([0x17, 0, 0, 0, 0], NpcmSearch.Find(SealUnder(huk, 15))!);
        HukModels.Npcm([0, 3, 0, 0, 0], huk);
        Assert.NotNull(NpcmSearch.Find(SealUnder(huk, 16)));
    }

    internal static byte[] SealUnder(byte[] huk, int seed)
    {
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk, taKey);
        var blob = new byte[65];
        TrustedKeysTa.Seal(taKey, Random(16, seed + 1000), Random(32, seed + 2000), blob);
        return blob;
    }

    private static HukOracle Constants()
    {
        var oracle = new HukOracle();
        PublicHuks.AddConstants(oracle);
        return oracle;
    }

    private static HukOracle Chip(ChipFacts facts)
    {
        var oracle = new HukOracle();
        PublicHuks.AddChip(oracle, facts);
        return oracle;
    }

    private static byte[] Random(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
