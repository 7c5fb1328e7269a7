using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class CurrentProcessTests
{
    [Fact]
    public void It_knows_who_it_is()
    {
        var status = File.ReadAllLines("/proc/self/status");
        var effective = status.First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2];
        Assert.Equal(uint.Parse(effective, CultureInfo.InvariantCulture), CurrentProcess.EffectiveUserId);

        var mask = ulong.Parse(
            status.First(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).Split('\t')[1],
            NumberStyles.HexNumber,
            CultureInfo.InvariantCulture);
        foreach (var capability in Enum.GetValues<Capability>())
            Assert.Equal((mask & (1UL << (int)capability)) != 0, CurrentProcess.HasCapability(capability));
    }
}
