using System.Globalization;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// A number of 512-byte sectors: the unit in which the kernel places and measures what is on a block device, whatever sector size the
/// device itself has. Counting beyond 2^64 throws an <see cref="OverflowException"/>.
/// </summary>
/// <param name="Count">How many.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Sectors(ulong Count) : IComparable<Sectors>
{
    /// <summary>Bytes of one sector.</summary>
    public const int Size = 512;

    /// <summary>None.</summary>
    public static Sectors Zero => default;

    /// <summary>The same in bytes.</summary>
    /// <exception cref="OverflowException">More than a file offset can express (2^63 bytes).</exception>
    public ByteCount Bytes => new(checked((long)(Count * (ulong)Size)));

    /// <summary>A number of bytes that is a whole number of sectors.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static Sectors FromBytes(ByteCount bytes) => bytes.Count % Size == 0
        ? WholeIn(bytes)
        : throw new ArgumentException($"{bytes} bytes are not a whole number of 512-byte sectors", nameof(bytes));

    /// <summary>The whole sectors that fit into a number of bytes.</summary>
    public static Sectors WholeIn(ByteCount bytes) => new((ulong)bytes.Count / (ulong)Size);

    /// <summary>Reads a decimal number without sign, blanks or separators.</summary>
    public static bool TryParse(string? text, out Sectors sectors)
    {
        var isNumber = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        sectors = new Sectors(count);
        return isNumber;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The text is not such a number.</exception>
    public static Sectors Parse(string text) =>
        TryParse(text, out var sectors) ? sectors : throw new FormatException($"cannot read '{text}': it is not a number of sectors");

    /// <inheritdoc/>
    public int CompareTo(Sectors other) => Count.CompareTo(other.Count);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Count.ToString(CultureInfo.InvariantCulture);

    public static Sectors operator +(Sectors left, Sectors right) => new(checked(left.Count + right.Count));

    public static Sectors operator -(Sectors left, Sectors right) => new(checked(left.Count - right.Count));

    public static bool operator <(Sectors left, Sectors right) => left.Count < right.Count;

    public static bool operator <=(Sectors left, Sectors right) => left.Count <= right.Count;

    public static bool operator >(Sectors left, Sectors right) => left.Count > right.Count;

    public static bool operator >=(Sectors left, Sectors right) => left.Count >= right.Count;
}
