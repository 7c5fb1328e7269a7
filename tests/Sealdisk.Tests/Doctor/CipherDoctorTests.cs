using Sealdisk.Doctor;

namespace Sealdisk.Tests.Doctor;

/// <summary>/proc/crypto, read for what dm-crypt would get.</summary>
public sealed class CipherDoctorTests
{
    private const string Crypto = """
        name         : xts(aes)
        driver       : xts-aes-ce
        module       : kernel
        priority     : 300
        refcnt       : 1

        name         : xts(aes)
        driver       : xts(ecb(aes-generic))
        module       : kernel
        priority     : 100

        name         : sha256
        priority     : 200

        driver       : nameless
        priority     : 5
        """;

    [Fact]
    public void Entries_are_read_whole_or_not_at_all() => Assert.Equal(
        [new CryptoDriver("xts(aes)", "xts-aes-ce", 300), new CryptoDriver("xts(aes)", "xts(ecb(aes-generic))", 100)],
        CipherDoctor.Parse(Crypto.Split('\n')));

    [Theory]
    [InlineData("xts-aes-ce", true)]
    [InlineData("xts(ecb(aes-generic))", false)]
    [InlineData("sha256-lib", false)]
    public void Plain_C_code_is_told_from_the_processor_s_instructions(string driver, bool uses) =>
        Assert.Equal(uses, new CryptoDriver("x", driver, 100).UsesProcessorInstructions);

    [Fact]
    public void An_empty_file_has_no_entries() => Assert.Empty(CipherDoctor.Parse([]));
}
