using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

public sealed class GoldenImageTests
{
    private static readonly string[] Refused = ["ctr-plain64", "ecb"];

    public static TheoryData<string> Supported =>
    [
        .. from image in GoldenImage.All where image.KeyType == "trusted" && !Refused.Contains(image.Name) select image.Name,
    ];

    [Theory]
    [MemberData(nameof(Supported))]
    public void A_disk_of_dm_crypt_decrypts_and_encrypts_to_the_same_bytes(string name)
    {
        var image = GoldenImage.All.Single(image => image.Name == name);
        var spec = CipherSpec.Parse(image.Cipher);
        foreach (var path in AesPaths.Available)
        {
            var cipher = new SectorCipher(spec, image.Layout, image.Key, new byte[SectorCipher.ScheduleSize(spec)], path);
            var data = image.Ciphertext;
            cipher.Decrypt(data, 0);
            Assert.Equal(GoldenImage.Plaintext, data);
            cipher.Encrypt(data, 0);
            Assert.Equal(image.Ciphertext, data);
        }
    }

    [Fact]
    public void The_images_cover_23_tables() => Assert.Equal(23, Supported.Count);

    [Theory]
    [InlineData(
        "ctr-plain64",
        "cipher 'aes-ctr-plain64' is refused: ctr repeats its key stream whenever a sector is written again, and so shows what changed")]
    [InlineData("ecb", "cipher 'aes-ecb' is refused: ecb shows which blocks of the disk are equal")]
    public void A_disk_in_an_unsafe_mode_is_refused_by_name(string name, string reason)
    {
        var image = GoldenImage.All.Single(image => image.Name == name);
        Assert.Equal(reason, Assert.Throws<CipherSpecException>(() => CipherSpec.Parse(image.Cipher)).Message);
    }
}
