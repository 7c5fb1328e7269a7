namespace Sealdisk.Fuzz;

/// <summary>Changes an input in one to eight of the ways that find mistakes in parsers.</summary>
internal sealed class Mutator(Random random)
{
    private const int Longest = 8192;

    private static readonly long[] Edges =
    [
        0, 1, -1, 7, 8, 16, 32, 64, 127, 128, 255, 256, 511, 512, 4095, 4096, 32767, 32768, 65535, 65536, int.MaxValue,
        int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue,
    ];
    private static readonly string[] Numbers =
    [
        "0", "-1", "1", "00", "4096", "65536", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "1e9", "0x10",
    ];

    /// <param name="seed">What to start with.</param>
    /// <param name="other">What to take pieces from.</param>
    public byte[] Change(byte[] seed, byte[] other)
    {
        var bytes = new List<byte>(seed);
        for (var changes = 1 << random.Next(4); changes > 0; changes--)
            ChangeOnce(bytes, other);
        if (bytes.Count > Longest)
            bytes.RemoveRange(Longest, bytes.Count - Longest);
        return [.. bytes];
    }

    private void ChangeOnce(List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count + 1);
        var left = bytes.Count - at;
        switch (random.Next(11))
        {
            case 0 when left > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when left > 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2 when left > 0:
                bytes[at] += (byte)random.Next(-16, 17);
                break;
            case 3:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 4 when left > 0:
                bytes.RemoveRange(at, random.Next(1, Math.Min(left, 64) + 1));
                break;
            case 5 when left > 0: // once more what is there
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, random.Next(1, Math.Min(left, 64) + 1)));
                break;
            case 6 when other.Length > 0:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other[from..(from + random.Next(1, Math.Min(other.Length - from, 128) + 1))]);
                break;
            case 7 when other.Length > 0: // the one's beginning, the other's end
                bytes.RemoveRange(at, left);
                bytes.AddRange(other[Math.Min(at, other.Length)..]);
                break;
            case 8:
                Overwrite(bytes, at, BitConverter.GetBytes(Edges[random.Next(Edges.Length)])[..(1 << random.Next(4))]);
                break;
            case 9:
                bytes.InsertRange(at, System.Text.Encoding.ASCII.GetBytes(Numbers[random.Next(Numbers.Length)]));
                break;
            case 10 when left > 1:
                var second = random.Next(bytes.Count);
                (bytes[at], bytes[second]) = (bytes[second], bytes[at]);
                break;
            default:
                bytes.Add((byte)random.Next(256));
                break;
        }
    }

    private void Overwrite(List<byte> bytes, int at, byte[] value)
    {
        if (random.Next(2) == 0)
            Array.Reverse(value); // big-endian
        for (var index = 0; index < value.Length && at + index < bytes.Count; index++)
            bytes[at + index] = value[index];
    }
}
