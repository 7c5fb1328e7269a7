using System.Globalization;

namespace Sealdisk.Doctor;

/// <summary>Which driver of the kernel's crypto API dm-crypt would get for each cipher: the one of highest priority in /proc/crypto.</summary>
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
            yield break;
        var drivers = Parse(File.ReadLines("/proc/crypto"));
        foreach (var (name, needs) in Ciphers)
            yield return Of(name, needs, drivers);
    }

    /// <summary>The entries of /proc/crypto: one "field : value" a line, a blank line between them.</summary>
    internal static IReadOnlyList<(string Name, string Driver, int Priority)> Parse(IEnumerable<string> lines)
    {
        var entries = new List<(string, string, int)>();
        string? name = null, driver = null;
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (field, value) = colon < 0 ? (line.Trim(), "") : (line[..colon].Trim(), line[(colon + 1)..].Trim());
            switch (field)
            {
                case "name":
                    name = value;
                    break;
                case "driver":
                    driver = value;
                    break;
                case "priority" when name is not null && driver is not null && int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority):
                    entries.Add((name, driver, priority));
                    break;
                case "":
                    (name, driver) = (null, null);
                    break;
                default:
                    break;
            }
        }
        return entries;
    }

    private static DoctorFinding Of(string name, string needs, IReadOnlyList<(string Name, string Driver, int Priority)> drivers)
    {
        var id = $"cipher-{name.Replace('(', '-').TrimEnd(')')}";
        var best = drivers.Where(driver => driver.Name == name).OrderByDescending(driver => driver.Priority).FirstOrDefault();
        if (best.Driver is null)
            return new DoctorFinding(id, DoctorLevel.Note, $"kernel cipher {name}: not in /proc/crypto, where it appears at its first use", $"if a mapping says that the cipher is unknown: {needs}");
        return DoctorFinding.Of(id, !best.Driver.Contains("generic", StringComparison.Ordinal) && !best.Driver.Contains("-lib", StringComparison.Ordinal), DoctorLevel.Note,
            $"kernel cipher {name}: {best.Driver}, priority {best.Priority}", $"kernel cipher {name}: {best.Driver}, priority {best.Priority}; it does not use this processor's instructions",
            "build the kernel with the processor's own driver (arm64: CONFIG_CRYPTO_AES_ARM64_CE_BLK, CONFIG_CRYPTO_SHA2_ARM64_CE; x86: CONFIG_CRYPTO_AES_NI_INTEL)");
    }
}
