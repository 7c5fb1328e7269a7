using System.Globalization;

namespace Sealdisk.Doctor;

/// <summary>A driver of the kernel's crypto API.</summary>
/// <param name="Name">The cipher, such as "xts(aes)".</param>
/// <param name="Driver">The driver's own name.</param>
/// <param name="Priority">The kernel takes the driver of the highest priority.</param>
internal sealed record CryptoDriver(string Name, string Driver, int Priority)
{
    /// <summary>False for plain C code.</summary>
    internal bool UsesProcessorInstructions =>
        !Driver.Contains("generic", StringComparison.Ordinal) && !Driver.Contains("-lib", StringComparison.Ordinal);
}

/// <summary>
/// Which driver of the kernel's crypto API dm-crypt would get for each cipher: the one of highest priority in /proc/crypto.
/// </summary>
internal static class CipherDoctor
{
    private static readonly (string Name, string Needs)[] Ciphers =
    [
        ("xts(aes)", "CONFIG_CRYPTO_XTS and CONFIG_CRYPTO_AES"),
        ("cbc(aes)", "CONFIG_CRYPTO_CBC and CONFIG_CRYPTO_AES"),
        ("sha256", "CONFIG_CRYPTO_SHA256, for essiv:sha256"),
    ];

    internal static IEnumerable<DoctorFinding> Examine()
    {
        if (!File.Exists("/proc/crypto"))
            return [];
        var drivers = Parse(File.ReadLines("/proc/crypto"));
        return Ciphers.Select(cipher => Of(cipher.Name, cipher.Needs, drivers));
    }

    /// <summary>The entries of /proc/crypto: one "field : value" a line, a blank line between them.</summary>
    internal static IReadOnlyList<CryptoDriver> Parse(IEnumerable<string> lines)
    {
        var drivers = new List<CryptoDriver>();
        string? name = null, driver = null;
        foreach (var line in lines)
        {
            var (field, value) = Split(line);
            switch (field)
            {
                case "name":
                    name = value;
                    break;
                case "driver":
                    driver = value;
                    break;
                case "priority" when name is not null && driver is not null && TryParse(value, out var priority):
                    drivers.Add(new CryptoDriver(name, driver, priority));
                    break;
                case "":
                    (name, driver) = (null, null);
                    break;
                default:
                    break;
            }
        }
        return drivers;
    }

    private static (string Field, string Value) Split(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (line.Trim(), "") : (line[..colon].Trim(), line[(colon + 1)..].Trim());
    }

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static DoctorFinding Of(string name, string needs, IReadOnlyList<CryptoDriver> drivers)
    {
        var id = $"cipher-{name.Replace('(', '-').TrimEnd(')')}";
        if (drivers.Where(driver => driver.Name == name).MaxBy(driver => driver.Priority) is not { } best)
            return DoctorFinding.Note(
                id, $"kernel cipher {name}: not in /proc/crypto, which lists it only after its first use",
                $"if a mapping reports an unknown cipher: {needs}");
        var text = $"kernel cipher {name}: {best.Driver}, priority {best.Priority}";
        if (best.UsesProcessorInstructions)
            return DoctorFinding.Good(id, text);
        return DoctorFinding.Note(
            id, $"{text}; it does not use this processor's instructions",
            "build the kernel with the processor's own driver "
            + "(arm64: CONFIG_CRYPTO_AES_ARM64_CE_BLK, CONFIG_CRYPTO_SHA2_ARM64_CE; x86: CONFIG_CRYPTO_AES_NI_INTEL)");
    }
}
