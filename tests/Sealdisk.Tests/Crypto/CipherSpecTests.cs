using Sealdisk.Crypto;

namespace Sealdisk.Tests.Crypto;

public sealed class CipherSpecTests
{
    [Theory]
    [InlineData("aes", "aes-cbc-plain")]
    [InlineData("aes-plain", "aes-cbc-plain")]
    [InlineData("aes:2-plain", "aes:2-cbc-plain")]
    [InlineData("aes:1-cbc-plain64", "aes-cbc-plain64")]
    [InlineData("aes:64-cbc-plain64", "aes:64-cbc-plain64")]
    [InlineData("aes-cbc-plain64be", "aes-cbc-plain64be")]
    [InlineData("aes-cbc-essiv:sha256", "aes-cbc-essiv:sha256")]
    [InlineData("aes-xts-benbi", "aes-xts-benbi")]
    [InlineData("aes-cbc-null", "aes-cbc-null")]
    [InlineData("aes-cbc-eboiv", "aes-cbc-eboiv")]
    [InlineData("capi:cbc(aes)-plain", "aes-cbc-plain")]
    [InlineData("capi:xts(aes)-plain64", "aes-xts-plain64")]
    [InlineData("capi:cbc(aes)-essiv:sha256", "aes-cbc-essiv:sha256")]
    [InlineData("capi:essiv(cbc(aes),sha256)-plain64", "aes-cbc-essiv:sha256")]
    [InlineData("capi:essiv(xts(aes),sha256)-plain64", "aes-xts-essiv:sha256")]
    public void Spellings_with_one_meaning_have_one_canonical_form(string text, string canonical)
    {
        var spec = CipherSpec.Parse(text);
        Assert.Equal(canonical, spec.Canonical);
        Assert.Equal(text, spec.Text);
        Assert.Equal(canonical, CipherSpec.Parse(canonical).Canonical);
    }

    [Theory]
    [InlineData("", "the cipher is empty")]
    [InlineData("aes-xts plain64", "space")]
    [InlineData("aes-xts-plain64\n", "not printable")]
    [InlineData("cipher_null-ecb", "cipher_null does not encrypt at all")]
    [InlineData("capi:ecb(cipher_null)-null", "cipher_null does not encrypt at all")]
    [InlineData("aes-ecb", "ecb shows which blocks")]
    [InlineData("capi:ecb(aes)-plain", "ecb shows which blocks")]
    [InlineData("aes-ctr-plain64", "ctr repeats its key stream")]
    [InlineData("aes-cbc-lmk", "lmk (loop-AES)")]
    [InlineData("aes:64-cbc-lmk", "lmk (loop-AES)")]
    [InlineData("aes-cbc-tcw", "tcw (old TrueCrypt)")]
    [InlineData("aes-cbc-elephant", "elephant (BitLocker's diffuser)")]
    [InlineData("aes-xts-random", "random IVs need dm-integrity")]
    [InlineData("aes-gcm-random", "gcm is authenticated encryption")]
    [InlineData("aes-ccm-random", "ccm is authenticated encryption")]
    [InlineData("capi:gcm(aes)-random", "gcm is authenticated encryption")]
    [InlineData("capi:authenc(hmac(sha256),xts(aes))-random", "authenc is authenticated encryption")]
    [InlineData("capi:rfc7539(chacha20,poly1305)-random", "rfc7539 is authenticated encryption")]
    [InlineData("capi:aegis128-random", "aegis128 is authenticated encryption")]
    [InlineData("chacha20-random", "chacha20 is a stream cipher")]
    [InlineData("serpent-xts-plain64", "the cipher 'serpent' is not supported, only aes")]
    [InlineData("twofish-cbc-plain", "the cipher 'twofish' is not supported, only aes")]
    [InlineData("capi:xts(serpent)-plain64", "the cipher 'serpent' is not supported, only aes")]
    [InlineData("capi:adiantum(xchacha12,aes)-plain64", "the cipher 'xchacha12,aes' is not supported")]
    [InlineData("AES-xts-plain64", "the cipher 'AES' is not supported, only aes")]
    [InlineData("aes-lrw-benbi", "the mode 'lrw' is not supported, only cbc and xts")]
    [InlineData("aes-hctr2-plain64", "the mode 'hctr2' is not supported")]
    [InlineData("aes-xts", "no IV generator is given")]
    [InlineData("aes-xts-", "no IV generator is named")]
    [InlineData("aes--plain", "no mode is named")]
    [InlineData("-xts-plain64", "no cipher is named")]
    [InlineData("capi:xts(aes)", "no IV generator is given")]
    [InlineData("capi:-plain64", "is not a mode and a cipher")]
    [InlineData("capi:", "is not a mode and a cipher")]
    [InlineData("capi:aes-plain64", "'aes' is not a mode and a cipher")]
    [InlineData("capi:xts(aes-plain64", "is not a mode and a cipher")]
    [InlineData("capi:xts((aes))-plain64", "is not the name of a cipher")]
    [InlineData("capi:essiv(cbc(aes))-plain64", "essiv() needs a cipher and a hash")]
    [InlineData("capi:essiv(cbc(aes),sha1)-plain64", "essiv with the hash 'sha1'")]
    [InlineData("capi:essiv(cbc(aes),sha256)-plain", "not with 'plain'")]
    [InlineData("capi:essiv(cbc(aes),sha256)-essiv:sha256", "ESSIV is given twice")]
    [InlineData("capi:essiv(cbc(aes),sha256)", "essiv() is supported with the IV generator plain64")]
    [InlineData("capi:essiv(authenc(hmac(sha256),cbc(aes)),sha256)-plain64", "authenc is authenticated encryption")]
    [InlineData("aes-cbc-essiv", "essiv needs a hash")]
    [InlineData("aes-cbc-essiv:", "essiv needs a hash")]
    [InlineData("aes-cbc-essiv:sha1", "essiv with the hash 'sha1' is not supported")]
    [InlineData("aes-cbc-essiv:sha512", "essiv with the hash 'sha512' is not supported")]
    [InlineData("aes-cbc-plain:sha256", "the IV generator plain takes no option")]
    [InlineData("aes-cbc-plain65", "the IV generator 'plain65' is not known")]
    [InlineData("aes-cbc-plain64-x", "the IV generator 'plain64-x' is not known")]
    [InlineData("aes:3-cbc-plain", "key count '3' is not a power of two")]
    [InlineData("aes:0-cbc-plain", "key count '0' is not a power of two")]
    [InlineData("aes:-cbc-plain", "key count '' is not a power of two")]
    [InlineData("aes:x-cbc-plain", "key count 'x' is not a power of two")]
    [InlineData("aes:128-cbc-plain", "key count 128 is larger than 64")]
    public void What_is_refused_is_named(string text, string reason)
    {
        Assert.False(CipherSpec.TryParse(text, out var spec, out var given));
        Assert.Null(spec);
        Assert.Contains(reason, given, StringComparison.Ordinal);
        Assert.Equal(given, Assert.Throws<CipherSpecException>(() => CipherSpec.Parse(text)).Message);
    }

    [Theory]
    [InlineData("aes-cbc-plain", new[] { 16, 24, 32 })]
    [InlineData("aes-xts-plain64", new[] { 32, 48, 64 })]
    [InlineData("aes:2-cbc-plain64", new[] { 32, 48, 64 })]
    [InlineData("aes:2-xts-plain64", new[] { 64, 96, 128 })]
    public void Key_sizes_count_all_keys(string text, int[] sizes)
    {
        var spec = CipherSpec.Parse(text);
        Assert.Equal(sizes, spec.KeySizes);
        Assert.All(Enumerable.Range(0, 200), size => Assert.Equal(sizes.Contains(size), spec.AcceptsKeySize(size)));
    }

    [Theory]
    [InlineData(512, 7UL, null)]
    [InlineData(4096, 16UL, null)]
    [InlineData(4096, 12UL, "iv offset 12 is not a multiple of 8, the number of 512-byte sectors in a sector of 4096 bytes")]
    [InlineData(8192, 0UL, "sector size 8192 is not 512, 1024, 2048 or 4096")]
    [InlineData(0, 0UL, "sector size 0 is not 512, 1024, 2048 or 4096")]
    public void Layouts_that_dm_crypt_refuses_are_refused(int sectorSize, ulong ivOffset, string? problem)
    {
        Assert.Equal(problem, new SectorLayout(sectorSize, true, ivOffset).Problem());
        Assert.Equal(problem, new SectorLayout(sectorSize, false, ivOffset).Problem());
    }
}
