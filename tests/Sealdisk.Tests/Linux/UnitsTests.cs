using CsCheck;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class UnitsTests
{
    [Fact]
    public void Sectors_and_bytes_convert_both_ways() => Gen.Long[0, long.MaxValue / 512].Sample(count =>
    {
        var sectors = new Sectors((ulong)count);
        Assert.Equal(count * 512, sectors.Bytes.Count);
        Assert.Equal(sectors, Sectors.FromBytes(sectors.Bytes));
        Assert.Equal(sectors, Sectors.WholeIn(new ByteCount(Math.Min(long.MaxValue, (count * 512) + 511))));
    });

    [Fact]
    public void A_part_of_a_sector_is_refused_or_left_out()
    {
        Assert.Throws<ArgumentException>(() => Sectors.FromBytes(new ByteCount(511)));
        Assert.Throws<ArgumentException>(() => Sectors.FromBytes(new ByteCount(513)));
        Assert.Equal(new Sectors(1), Sectors.WholeIn(new ByteCount(1023)));
        Assert.Equal(Sectors.Zero, Sectors.WholeIn(new ByteCount(511)));
    }

    [Fact]
    public void What_does_not_fit_is_an_overflow_never_another_number()
    {
        Assert.Equal(long.MaxValue - 511, new Sectors((1UL << 54) - 1).Bytes.Count);
        Assert.Throws<OverflowException>(() => new Sectors(1UL << 54).Bytes);
        Assert.Throws<OverflowException>(() => new Sectors(ulong.MaxValue).Bytes);
        Assert.Throws<OverflowException>(() => new Sectors(ulong.MaxValue) + new Sectors(1));
        Assert.Throws<OverflowException>(() => Sectors.Zero - new Sectors(1));
        Assert.Throws<OverflowException>(() => new ByteCount(-1));
        Assert.Throws<OverflowException>(() => new ByteCount(long.MaxValue) + new ByteCount(1));
        Assert.Throws<OverflowException>(() => ByteCount.Zero - new ByteCount(1));
    }

    [Fact]
    public void They_compare_by_their_number() => Gen.Select(Gen.ULong, Gen.ULong).Sample((left, right) =>
    {
        var (sectors, others) = (new Sectors(left), new Sectors(right));
        Assert.Equal(
            (left < right, left <= right, left > right, left >= right),
            (sectors < others, sectors <= others, sectors > others, sectors >= others));
        Assert.Equal(Math.Sign(left.CompareTo(right)), Math.Sign(sectors.CompareTo(others)));
        var (bytes, more) = (new ByteCount((long)(left >> 1)), new ByteCount((long)(right >> 1)));
        Assert.Equal(
            (left >> 1 < right >> 1, left >> 1 <= right >> 1, left >> 1 > right >> 1, left >> 1 >= right >> 1),
            (bytes < more, bytes <= more, bytes > more, bytes >= more));
    });

    [Theory]
    [InlineData("0")]
    [InlineData("2048")]
    [InlineData("9223372036854775807")]
    public void Text_comes_back(string text)
    {
        Assert.Equal(text, Sectors.Parse(text).ToString());
        Assert.Equal(text, ByteCount.Parse(text).ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1,000")]
    [InlineData("0x10")]
    [InlineData("18446744073709551616")]
    public void Any_other_text_is_refused(string? text)
    {
        Assert.False(Sectors.TryParse(text, out var sectors));
        Assert.False(ByteCount.TryParse(text, out var bytes));
        Assert.Equal((Sectors.Zero, ByteCount.Zero), (sectors, bytes));
    }

    [Fact]
    public void Only_sectors_count_to_2_to_the_64()
    {
        Assert.Equal(ulong.MaxValue, Sectors.Parse("18446744073709551615").Count);
        Assert.Throws<FormatException>(() => ByteCount.Parse("9223372036854775808"));
    }
}
