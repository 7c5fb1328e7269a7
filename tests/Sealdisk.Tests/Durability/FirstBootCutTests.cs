namespace Sealdisk.Tests.Durability;

/// <summary>
/// Power fails at every instant of a first boot, and of the boots after that. A class of its own, since it takes as long as all of
/// <see cref="CutPointTests"/>: the two run side by side.
/// </summary>
[Trait("needs", "native")]
public sealed class FirstBootCutTests(ITestOutputHelper output)
{
    /// <summary>Each number is what one trace gives for certain; a run may see more, as the server's threads take turns.</summary>
    [Theory]
    [InlineData("image", "header", 500)]
    [InlineData("image", "detached", 500)]
    [InlineData("block", "header", 500)]
    [InlineData("ext4", "header", 50)]
    public void A_first_boot_survives_a_power_cut_at_any_instant(string device, string record, int atLeast)
    {
        using var volume = CutPointTests.SmallVolume();
        var loop = CutPointTests.Prepare(volume, device, record);
        using var cuts = new CutPoints(volume, new Rules(), loop);
        // Only on an image, where there is more to be cut: what comes after that is the same everywhere.
        CutPointTests.Report(output, cuts.Explore("up", again: device == "image"), atLeast);
    }
}
