using System.Text;
using System.Text.Json;
using Sealdisk.Audit.Fleet;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.OpTee.Huk;
using Sealdisk.Tests.OpTee.Huk;

namespace Sealdisk.Tests.Audit.Fleet;

public sealed class FleetFilterTests
{
    private static readonly string Zero = BlobText.Write(BlobText.Read(Golden.File("blob-32-1.hex")));
    private static readonly string Other = BlobText.Write(HukOracleTests.SealUnder([.. Enumerable.Repeat((byte)7, 16)], 1));

    [Fact]
    public void One_verdict_a_line_in_order_and_a_summary()
    {
        var (lines, summary) = Run($$"""
            {"device":"a","blob":"{{Zero}}"}

            {"device":42,"site":{"x":[1]},"blob":"{{Other}}"}
            not json
            {"device":"c"}
            {"blob":"{{Zero}}","device":"quo\"te"}
            {"device":"d","blob":"00"}
            {"device":"e","blob":"{{Zero}}"} trailing
            """);
        Assert.Equal(
            [
                """{"line":1,"device":"a","verdict":"known","huk":"all-zero","clone":false}""",
                """{"line":3,"device":42,"verdict":"no_candidate_matched","huk":null,"clone":false}""",
                """{"line":4,"device":null,"verdict":"malformed","huk":null,"clone":false,"reason":"the line is not a JSON object"}""",
                """{"line":5,"device":"c","verdict":"malformed","huk":null,"clone":false,"reason":"there is no blob"}""",
                """{"line":6,"device":"quo\"te","verdict":"known","huk":"all-zero","clone":true}""",
                """{"line":7,"device":"d","verdict":"malformed","huk":null,"clone":false,"""
                + "\"reason\":\"no trust source makes 1 bytes like these\"}",
                """{"line":8,"device":null,"verdict":"malformed","huk":null,"clone":false,"reason":"the line is not a JSON object"}""",
                """{"summary":{"lines":7,"known":2,"no_candidate_matched":1,"model_does_not_apply":0,"malformed":4,"clones":1,"""
                + "\"by_huk\":{\"all-zero\":2}}}",
            ],
            lines);
        Assert.Equal((7, 2, 1), (summary.Lines, summary.Known, summary.Clones));
    }

    [Fact]
    public void Facts_of_a_line_find_what_follows_from_them()
    {
        var huk = new byte[16];
        byte[] dna = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        HukModels.ZynqMpDevelopment(dna, huk);
        var blob = BlobText.Write(HukOracleTests.SealUnder(huk, 2));
        var (lines, _) = Run($$"""
            {"device":1,"blob":"{{blob}}","dna":"0102030405060708090a0b0c"}
            {"device":2,"blob":"{{blob}}","dna":"0102"}
            {"device":3,"blob":"{{blob}}","dna":7}
            """);
        Assert.Contains("\"huk\":\"zynqmp-dna\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("dna has 12 or 16 bytes", lines[1], StringComparison.Ordinal);
        Assert.Contains("strings of hex digits", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_end_is_one_verdict_and_memory_stays_as_it_was()
    {
        var text = $$"""{"device":1,"blob":"{{new string('0', 3_000_000)}}"}""" + $"\n{{\"device\":2,\"blob\":\"{Zero}\"}}";
        var (lines, _) = Run(text);
        Assert.Contains("longer than 16384", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("""{"line":2,"device":2,"verdict":"known",""", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_comes_in_every_line_gives_a_line_of_json()
    {
        var random = new Random(5);
        var input = new byte[200_000];
        random.NextBytes(input);
        for (var i = 0; i < 400; i++)
        {
            string[] fragments = ["{\"device\":\"", "\",\"blob\":\"", "\"}\n", Zero];
            var fragment = Encoding.UTF8.GetBytes(fragments[random.Next(fragments.Length)]);
            fragment.CopyTo(input, random.Next(input.Length - fragment.Length));
        }
        var (lines, summary) = Run(input);
        Assert.Equal(summary.Lines + 1, lines.Length);
        foreach (var line in lines)
            JsonDocument.Parse(line).Dispose();
    }

    [Fact]
    public void Clones_are_found_and_remembering_takes_at_most_16_bytes_a_blob()
    {
        using var filter = new CloneFilter();
        var random = new Random(6);
        var blob = new byte[65];
        const int Count = 300_000;
        for (var i = 0; i < Count; i++)
        {
            random.NextBytes(blob);
            Assert.True(filter.Add(blob));
            if (i % 1000 == 999 && i > 50_000)
                Assert.InRange(filter.Size, 0, 16L * (i + 1));
        }
        Assert.False(filter.Add(blob));
        blob[64] ^= 1;
        Assert.True(filter.Add(blob));
        Assert.False(filter.Add(blob));
    }

    private static (string[] Lines, FleetSummary Summary) Run(string text) => Run(Encoding.UTF8.GetBytes(text));

    private static (string[] Lines, FleetSummary Summary) Run(byte[] text)
    {
        using var folder = new TemporaryDirectory();
        var (from, to) = (Path.Combine(folder.Path, "in"), Path.Combine(folder.Path, "out"));
        File.WriteAllBytes(from, text);
        using var oracle = new HukOracle();
        PublicHuks.AddConstants(oracle);
        FleetSummary summary;
        using (var input = FileDescriptor.Open(from, OpenFlags.Read))
        using (var output = FileDescriptor.Open(to, OpenFlags.Write | OpenFlags.Create))
            summary = FleetFilter.Run(oracle, input, output);
        return (File.ReadAllLines(to), summary);
    }
}
