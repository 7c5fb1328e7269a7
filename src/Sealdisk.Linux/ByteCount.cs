using System.Globalization;
using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>
/// A size, or a distance from the start, in bytes: 0 to 2^63 - 1, the range of the kernel's file offsets. The position of a single read
/// or write stays a plain <see cref="long"/>, as pread(2) has it. Results outside the range throw an <see cref="OverflowException"/>.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ByteCount : IComparable<ByteCount>
{
    /// <summary>That many bytes.</summary>
    /// <exception cref="OverflowException">A negative number.</exception>
    public ByteCount(long count) => Count = count >= 0 ? count : throw new OverflowException($"{count} is not a number of bytes");

    /// <summary>None.</summary>
    public static ByteCount Zero => default;

    /// <summary>How many; never negative.</summary>
    public long Count { get; }

    /// <summary>Reads a decimal number without sign, blanks or separators.</summary>
    public static bool TryParse(string? text, out ByteCount bytes)
    {
        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        bytes = new ByteCount(count);
        return isNumber;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The text is not such a number.</exception>
    public static ByteCount Parse(string text) =>
        TryParse(text, out var bytes) ? bytes : throw new FormatException($"cannot read '{text}': it is not a number of bytes");

    /// <inheritdoc/>
    public int CompareTo(ByteCount other) => Count.CompareTo(other.Count);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Count.ToString(CultureInfo.InvariantCulture);

    public static ByteCount operator +(ByteCount left, ByteCount right) => new(checked(left.Count + right.Count));

    public static ByteCount operator -(ByteCount left, ByteCount right) => new(left.Count - right.Count);

    public static bool operator <(ByteCount left, ByteCount right) => left.Count < right.Count;

    public static bool operator <=(ByteCount left, ByteCount right) => left.Count <= right.Count;

    public static bool operator >(ByteCount left, ByteCount right) => left.Count > right.Count;

    public static bool operator >=(ByteCount left, ByteCount right) => left.Count >= right.Count;
}
