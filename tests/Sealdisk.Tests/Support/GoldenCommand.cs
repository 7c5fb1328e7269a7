using System.Globalization;

namespace Sealdisk.Tests.Support;

/// <summary>A line of the golden manifest as the arguments of <c>image</c> and <c>map open</c>.</summary>
internal static class GoldenCommand
{
    /// <summary>
    /// Cipher, key size, sealed key, HUK and layout. The image begins at the table's device offset, which is therefore left out.
    /// </summary>
    public static string[] Options(GoldenImage image, string huk)
    {
        var layout = image.Layout;
        var keySize = image.Table.Split(' ')[4].Split(':')[1];
        List<string> options =
        [
            "--cipher", image.Cipher, "--key-size", keySize, "--blob", Blob(image), "--source", "soft", "--huk", huk,
            "--sector-size", layout.SectorSize.ToString(CultureInfo.InvariantCulture),
            "--iv-offset", layout.IvOffset.ToString(CultureInfo.InvariantCulture),
        ];
        if (layout.IvLargeSectors)
            options.Add("--iv-large-sectors");
        return [.. options];
    }

    private static string Blob(GoldenImage image) => image.KeyType == "trusted"
        ? Golden.File($"blob-{image.KeyName[1..]}.hex")
        : Directory.GetFiles(Golden.File(""), $"encrypted-{image.KeyName}-under-*.txt").Single();
}
