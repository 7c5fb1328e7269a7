namespace Sealdisk.Tests.Crypto;

public sealed class GoldenManifestTests
{
    [Fact]
    public void Every_manifest_line_names_an_image_of_64_KiB()
    {
        var lines = File.ReadAllLines(Golden.File("manifest.txt"));
        Assert.NotEmpty(lines);
        foreach (var line in lines)
            Assert.Equal(65536, new FileInfo(Golden.File(line.Split('|')[0] + ".64k")).Length);
    }
}
