using Sealdisk.Lifecycle;

namespace Sealdisk.Tests.Lifecycle;

public sealed class GeometryTests
{
    private const long MiB = 1 << 20;

    [Theory]
    [InlineData(null, 16 * MiB, 512, 15 * 2048)]
    [InlineData(null, (16 * MiB) + 512, 512, (15 * 2048) + 1)]
    [InlineData(null, (16 * MiB) + 4095, 4096, 15 * 2048)]
    [InlineData(null, (16 * MiB) + 4096, 4096, (15 * 2048) + 8)]
    [InlineData("/record", 16 * MiB, 4096, 16 * 2048)]
    [InlineData("/record", (16 * MiB) + 2048, 1024, (16 * 2048) + 4)]
    public void The_data_are_the_whole_encryption_sectors_after_the_header(string? record, long size, int sectorSize, ulong sectors) =>
        Assert.Equal(sectors, Geometry.DataLength(Situation.Volume with { RecordFile = record }, size, sectorSize).Count);

    [Theory]
    [InlineData(null, MiB + (256 * 1024), true)]
    [InlineData(null, MiB + (256 * 1024) - 1, false)]
    [InlineData(null, 0, false)]
    [InlineData("/record", 256 * 1024, true)]
    [InlineData("/record", (256 * 1024) - 1, false)]
    public void A_device_must_hold_its_header_and_some_data(string? record, long size, bool fits) =>
        Assert.Equal(fits, Geometry.Problem(Situation.Volume with { RecordFile = record }, size) is null);

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    [InlineData(1, true)]
    public void Recorded_data_must_still_fit(long more, bool fits) =>
        Assert.Equal(fits, Geometry.Truncation(Situation.Volume, Situation.Ready, Situation.Bytes + more) is null);
}
