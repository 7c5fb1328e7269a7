namespace Sealdisk.Tests.Native;

/// <summary>Disks that a real dm-crypt encrypted under keys that a real OP-TEE sealed, through the binary that ships.</summary>
[Trait("needs", "native")]
public sealed class GoldenImageNativeTests : IDisposable
{
    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["ctr-plain64"] = "cannot use cipher 'aes-ctr-plain64': "
            + "ctr repeats its key stream whenever a sector is written again, and so shows what changed",
        ["ecb"] = "cannot use cipher 'aes-ecb': ecb shows which blocks of the disk are equal",
    };

    private readonly WorkFolder _folder = new();

    public static TheoryData<string> Lines => [.. GoldenImage.All.Select(image => image.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_golden_image_is_decrypted_and_encrypted_or_refused(string name)
    {
        var image = GoldenImage.All.Single(image => image.Name == name);
        if (Refused.TryGetValue(name, out var reason))
            AssertRefused(image, reason, "decrypt", "encrypt");
        else if (image.KeyType == "trusted")
            AssertBothWays(image);
        else if (image.KeyType == "encrypted")
            AssertRefused(image, $"cannot read sealed key {GoldenCommand.Options(image, _folder.Huk)[5]}: not hex", "decrypt", "encrypt");
        else
            Assert.Fail($"tests/golden/manifest.txt has '{name}' with a key of type '{image.KeyType}', which no test covers");
    }

    [Fact]
    public void Every_line_of_the_manifest_is_tested() =>
        Assert.Equal(
            (23, 2, 3),
            (
                GoldenImage.All.Count(image => image.KeyType == "trusted") - Refused.Count,
                Refused.Count,
                GoldenImage.All.Count(image => image.KeyType == "encrypted")));

    private void AssertBothWays(GoldenImage image)
    {
        var options = GoldenCommand.Options(image, _folder.Huk);
        var (plain, again) = (_folder["plain"], _folder["again"]);
        _folder.Done(["image", "decrypt", Golden.File(image.Name + ".64k"), plain, .. options]);
        Assert.Equal(GoldenImage.Plaintext, File.ReadAllBytes(plain));
        _folder.Done(["image", "encrypt", plain, again, .. options]);
        Assert.Equal(image.Ciphertext, File.ReadAllBytes(again));
    }

    private void AssertRefused(GoldenImage image, string reason, params string[] directions)
    {
        foreach (var direction in directions)
        {
            var result = _folder.Expect(
                2,
                ["image", direction, Golden.File(image.Name + ".64k"), _folder["out"], .. GoldenCommand.Options(image, _folder.Huk)]);
            Assert.StartsWith($"sealdisk: {reason}", result.Stderr, StringComparison.Ordinal);
            Assert.Equal("", result.Stdout);
            Assert.False(File.Exists(_folder["out"]));
        }
    }
}
