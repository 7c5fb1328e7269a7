using System.Diagnostics;
using System.Globalization;
using Sealdisk.Crypto;

namespace Sealdisk.Bench;

/// <summary>One core, requests of 128 KiB in place, as the data path has them.</summary>
internal static class CipherSpeed
{
    private const int Request = 128 << 10;

    /// <summary>MB/s (10^6 bytes).</summary>
    public static string Measure(string text, int keySize, int sectorSize, bool encrypt, int seconds)
    {
        var spec = CipherSpec.Parse(text);
        var key = Enumerable.Range(0, keySize).Select(index => (byte)(index * 7 + 1)).ToArray();
        var cipher = new SectorCipher(
            spec, new SectorLayout(sectorSize, IvLargeSectors: false, 0), key, new byte[SectorCipher.ScheduleSize(spec)]);
        var data = new byte[Request];
        Run(cipher, data, encrypt, TimeSpan.FromMilliseconds(100));
        var speed = Run(cipher, data, encrypt, TimeSpan.FromSeconds(seconds));
        return (speed / 1e6).ToString("F0", CultureInfo.InvariantCulture);
    }

    private static double Run(SectorCipher cipher, byte[] data, bool encrypt, TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        var requests = 0L;
        while (clock.Elapsed < time)
        {
            if (encrypt)
                cipher.Encrypt(data, (ulong)requests * (Request / 512));
            else
                cipher.Decrypt(data, (ulong)requests * (Request / 512));
            requests++;
        }
        return requests * Request / clock.Elapsed.TotalSeconds;
    }
}
