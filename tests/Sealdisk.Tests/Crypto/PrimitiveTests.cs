using System.Text;
using Org.BouncyCastle.Crypto.Digests;
using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

public sealed class PrimitiveTests
{
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void Sha256_gives_the_digests_of_the_standard(string message, string digest) =>
        Assert.Equal(Convert.FromHexString(digest), Hash(Encoding.ASCII.GetBytes(message)));

    [Fact]
    public void Sha256_agrees_with_bouncy_castle_at_every_length()
    {
        for (var length = 0; length < 300; length++)
        {
            var message = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();
            var reference = new Sha256Digest();
            reference.BlockUpdate(message, 0, length);
            var expected = new byte[32];
            reference.DoFinal(expected, 0);
            Assert.Equal(expected, Hash(message));
        }
    }

    [Fact]
    public void All_known_answers_pass()
    {
        var answers = KnownAnswers.Run();
        Assert.DoesNotContain(answers, answer => !answer.Passed);
        Assert.Equal(answers.Count, answers.Select(answer => answer.Name).Distinct().Count());
        foreach (var iv in Enum.GetNames<IvGenerator>())
            Assert.Contains(answers, answer => answer.Name.StartsWith($"aes-cbc-{iv.ToLowerInvariant()}", StringComparison.Ordinal));
    }

    private static byte[] Hash(byte[] message)
    {
        var digest = new byte[32];
        Sha256.Hash(message, digest);
        return digest;
    }
}
