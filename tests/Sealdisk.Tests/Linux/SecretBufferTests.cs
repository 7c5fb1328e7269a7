using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

public sealed class SecretBufferTests
{
    [Fact]
    public void It_starts_zeroed_and_has_the_length_asked_for()
    {
        using var buffer = SecretBuffer.Allocate(5000);
        Assert.Equal(5000, buffer.GetSpan().Length);
        Assert.Equal(5000, buffer.Memory.Length);
        Assert.False(buffer.GetSpan().ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Random_bytes_differ()
    {
        using var one = SecretBuffer.Random(64);
        using var other = SecretBuffer.Random(64);
        Assert.False(one.GetSpan().SequenceEqual(other.GetSpan()));

        var much = new byte[1 << 20];
        RandomBytes.Fill(much);
        Assert.Equal(256, much.Distinct().Count());
        Assert.True(much.AsSpan(much.Length - 64).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Its_pages_are_locked_and_kept_from_dumps_and_children()
    {
        using var buffer = SecretBuffer.Allocate(32);
        var flags = VmFlagsOf(buffer.Address);
        Assert.Contains("lo", flags);
        Assert.Contains("dd", flags);
        Assert.Contains("wf", flags);
    }

    [Fact]
    public void Disposing_releases_its_pages()
    {
        // Other tests allocate at the same time, and may get the very addresses that were released: once is proof enough.
        Assert.Contains(Enumerable.Range(0, 20), _ => IsReleased());
    }

    private static bool IsReleased()
    {
        var buffer = SecretBuffer.Random(3 * 4096);
        var address = buffer.Address;
        Assert.Contains("wf", VmFlagsOf(address));
        buffer.Dispose();
        buffer.Dispose();
        return !VmFlagsOf(address).Contains("wf", StringComparer.Ordinal);
    }

    [Fact]
    public void Once_wiped_it_lends_nothing_and_it_never_shows_its_bytes()
    {
        var buffer = SecretBuffer.Random(32);
        Assert.Equal("SecretBuffer(32 bytes)", buffer.ToString());
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.GetSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.Pin());
    }

    /// <summary>What /proc/self/smaps says of the mapping that holds an address; nothing where there is none.</summary>
    private static string[] VmFlagsOf(ulong address)
    {
        var within = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            var first = line.Split(' ')[0];
            if (!first.EndsWith(':') && first.Contains('-'))
            {
                var range = first.Split('-')
                    .Select(bound => ulong.Parse(bound, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                    .ToArray();
                within = address >= range[0] && address < range[1];
            }
            else if (within && first == "VmFlags:")
            {
                return line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
            }
        }
        return [];
    }
}
