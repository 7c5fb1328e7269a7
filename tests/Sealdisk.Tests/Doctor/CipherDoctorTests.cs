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
        [("xts(aes)", "xts-aes-ce", 300), ("xts(aes)", "xts(ecb(aes-generic))", 100)], CipherDoctor.Parse(Crypto.Split('\n')));

    [Fact]
    public void Nothing_is_nothing() => Assert.Empty(CipherDoctor.Parse([]));
}
