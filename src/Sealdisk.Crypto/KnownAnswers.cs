using System.Globalization;

namespace Sealdisk.Crypto;

/// <summary>One known-answer test and whether it passed here.</summary>
/// <param name="Name">Cipher, source of the vector and, in parentheses, the implementation of AES.</param>
/// <param name="Passed">Whether encryption gave the known bytes and decryption restored the text.</param>
public sealed record KnownAnswer(string Name, bool Passed);

/// <summary>
/// Published test vectors, and sectors that a real dm-crypt wrote, run inside the program that ships: with every implementation of AES
/// that this CPU can run.
/// </summary>
public static class KnownAnswers
{
    /// <summary>Runs them all; takes some milliseconds.</summary>
    public static IReadOnlyList<KnownAnswer> Run()
    {
        var answers = new List<KnownAnswer> { new("sha256, FIPS 180-4 'abc'", Sha256Passes()) };
        foreach (var path in AesPaths.Available)
        {
            foreach (var vector in Vectors)
                answers.Add(new KnownAnswer($"{vector.Cipher}, {vector.Source} ({AesPaths.Name(path)})", Passes(vector, path)));
        }
        return answers;
    }

    /// <param name="Source">Where the vector is published.</param>
    /// <param name="Cipher">The dm-crypt cipher that computes it.</param>
    /// <param name="Key">Hex; a published key, not a secret.</param>
    /// <param name="Text">One unit.</param>
    /// <param name="Head">The beginning of the unit's ciphertext, hex.</param>
    /// <param name="Tail">Its end, hex; empty if the vector is shorter than a unit.</param>
    private sealed record Vector(
        string Source, string Cipher, SectorLayout Layout, ulong Sector, string Key, byte[] Text, string Head, string Tail = "");

    private static bool Passes(Vector vector, AesPath path)
    {
        var spec = CipherSpec.Parse(vector.Cipher);
        var schedule = new byte[SectorCipher.ScheduleSize(spec)];
        var cipher = new SectorCipher(spec, vector.Layout, Convert.FromHexString(vector.Key), schedule, path);
        var data = vector.Text.ToArray();
        cipher.Encrypt(data, vector.Sector);
        var known = data.AsSpan().StartsWith(Convert.FromHexString(vector.Head))
            && data.AsSpan().EndsWith(Convert.FromHexString(vector.Tail));
        cipher.Decrypt(data, vector.Sector);
        return known && data.AsSpan().SequenceEqual(vector.Text);
    }

    private static bool Sha256Passes()
    {
        Span<byte> digest = stackalloc byte[Sha256.Size];
        Sha256.Hash("abc"u8, digest);
        return digest.SequenceEqual(Convert.FromHexString("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    }

    private const string Doubled = "00112233445566778899aabbccddeeff";

    // The keys of the disks under tests/golden.
    private const string Key32 = "d6e55c2c50ec04bd19757b4663d0279f4cf9fd8771d755fc001e9977da84e83e";
    private const string Key64 =
        "7ba935bd225b376016867e3fdc6d725759345c093e834ec65b46212cf560b384"
        + "712d0faba34bb18719a2f72277b1225251cddf29d292bca0126642bad1518b5b";
    private const string Key64b =
        "b7614836c64db0ba8aa540af5dba94d22a5be235292ea2314f1e1570396f7ee4"
        + "9b973dd4a043f5b342448c497e79617b496e557a7d85f6cfa46dac809bc4b785";

    private static readonly Vector[] Vectors =
    [
        new("FIPS-197 C.1", "aes-cbc-null", SectorLayout.Default, 0, Counting(16), Padded(Doubled), "69c4e0d86a7b0430d8cdb78070b4c55a"),
        new("FIPS-197 C.2", "aes-cbc-null", SectorLayout.Default, 0, Counting(24), Padded(Doubled), "dda97ca4864cdfe06eaf70a0ec0d7191"),
        new("FIPS-197 C.3", "aes-cbc-null", SectorLayout.Default, 0, Counting(32), Padded(Doubled), "8ea2b7ca516745bfeafc49904b496089"),
        new("SP 800-38A F.2.1", "aes-cbc-null", SectorLayout.Default, 0, "2b7e151628aed2a6abf7158809cf4f3c", NistText,
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
            + "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"),
        new("SP 800-38A F.2.3", "aes-cbc-null", SectorLayout.Default, 0, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", NistText,
            "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
            + "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd"),
        new("SP 800-38A F.2.5", "aes-cbc-null", SectorLayout.Default, 0,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", NistText,
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
            + "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"),
        new("IEEE 1619 vector 1", "aes-xts-plain64", SectorLayout.Default, 0, new string('0', 64), Padded(""),
            "917cf69ebd68b2ec9b9fe9a3eadda692cd43d2f59598ed858c02c2652fbf922e"),
        new("IEEE 1619 vector 2", "aes-xts-plain64", SectorLayout.Default, 0x3333333333,
            new string('1', 32) + new string('2', 32), Padded(new string('4', 64)),
            "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"),
        new("IEEE 1619 vector 3", "aes-xts-plain64", SectorLayout.Default, 0x3333333333,
            "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0" + new string('2', 32), Padded(new string('4', 64)),
            "af85336b597afc1a900b2eb21ec949d292df4c047e0b21532186a5971a227a89"),
        new("IEEE 1619 vector 4", "aes-xts-plain64", SectorLayout.Default, 0,
            "2718281828459045235360287471352631415926535897932384626433832795", Padded(Counting(256) + Counting(256)),
            "27a7479befa1d476489f308cd4cfa6e2", "0a282df920147beabe421ee5319d0568"),
        new("IEEE 1619 vector 10", "aes-xts-plain64", SectorLayout.Default, 0xff,
            "2718281828459045235360287471352662497757247093699959574966967627"
            + "3141592653589793238462643383279502884197169399375105820974944592",
            Padded(Counting(256) + Counting(256)), "1c3b3a102f770386e4836c99e370cf9b", "c4f36ffda9fcea70b9c6e693e148c151"),
        new("dm-crypt cbc-plain-512 at 127", "aes-cbc-plain", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "1c560766461e59b712b2a1bdc2cf2a60", "e14588405a6a4cf6a6258670b804c2dd"),
        new("dm-crypt cbc-plain-ivoff-big at 10", "aes-cbc-plain", new SectorLayout(512, false, 4294967290), 10, Key32,
            DiskText(10, 512),
            "dd080095a71009ed899abbbfd97f330e", "f0eb02e394ac0e5f10663fa93539e2dc"),
        new("dm-crypt cbc-plain64-ivoff-big at 10", "aes-cbc-plain64", new SectorLayout(512, false, 4294967290), 10, Key32,
            DiskText(10, 512),
            "0ed18a3b150a581b9ea2d0b3168f2ca2", "62d126ed89a19bce912d22b8928842f3"),
        new("dm-crypt cbc-plain64be at 127", "aes-cbc-plain64be", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "24b809d50574abf262437d3b566eb8cc", "641941fe01c7a7aaac7eb781e5591709"),
        new("dm-crypt cbc-essiv at 127", "aes-cbc-essiv:sha256", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "f899b9eaa42005c54bac85dbddbdebab", "08b25d3eb7f00e2438c862897449623f"),
        new("dm-crypt cbc-benbi at 127", "aes-cbc-benbi", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "5e3218575612195216ed6b97c48fa39f", "ebd10573ffefa9f616bc7209e44b0dcf"),
        new("dm-crypt cbc-null at 127", "aes-cbc-null", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "9f88b7fb23cc4e970e10ce7b851c3bf4", "0d9fff01522c7bc0993ed5ebb25262b8"),
        new("dm-crypt cbc-eboiv at 127", "aes-cbc-eboiv", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "8a53c185a6e801e103fd18bd25633b54", "a0fc3d05e309372ecc0e34c59b519e82"),
        new("dm-crypt cbc-lmk-64 at 126", "aes:2-cbc-plain64", new SectorLayout(512, false, 0), 126, Key64,
            DiskText(126, 512),
            "16f61bc36977179db055adfd265a27d4", "8a7fc74638e4a8c52c4d8e3878b04c16"),
        new("dm-crypt cbc-lmk-64 at 127", "aes:2-cbc-plain64", new SectorLayout(512, false, 0), 127, Key64,
            DiskText(127, 512),
            "464935c69fb9af97ced36482fdaf08d4", "423aa4e29ad86ef894aa2deb5417db3b"),
        new("dm-crypt cbc-plain-4096 at 120", "aes-cbc-plain", new SectorLayout(4096, false, 0), 120, Key32,
            DiskText(120, 4096),
            "bd6321edc964c9a49c697a09da5b7c07", "e01d43c1c850383778af9935c6ceb703"),
        new("dm-crypt cbc-essiv-4096-large at 120", "aes-cbc-essiv:sha256", new SectorLayout(4096, true, 0), 120, Key32,
            DiskText(120, 4096),
            "c473a0534e68a929c4f2bf6eb6d8edbd", "650baae0c27d959622aa58f749e7accb"),
        new("dm-crypt xts128-plain64-512 at 127", "aes-xts-plain64", new SectorLayout(512, false, 0), 127, Key32,
            DiskText(127, 512),
            "9cfd5c36482adb282a2be36984e159da", "408f2a7f568316294b14d50605cbb565"),
        new("dm-crypt xts256-plain64-512 at 127", "aes-xts-plain64", new SectorLayout(512, false, 0), 127, Key64,
            DiskText(127, 512),
            "bd176050011612dbe4126e3c021bfcf7", "7e15312aeb0be1727ba69a2b9e463ea4"),
        new("dm-crypt xts256-plain64-4096 at 120", "aes-xts-plain64", new SectorLayout(4096, false, 0), 120, Key64,
            DiskText(120, 4096),
            "1100fcba4bfb2231bce774c68f17bb55", "bedfd53d437f615c7312c30e9b601cf8"),
        new("dm-crypt xts256-plain64-4096-large-off at 120", "aes-xts-plain64", new SectorLayout(4096, true, 16), 120, Key64b,
            DiskText(120, 4096),
            "f69ddd89d3b17e5f66587b4a7bb7b10e", "623fdd48536e6e50deec1e8fb01d0c5c"),
    ];

    // The text of SP 800-38A with its IV 00 01 .. 0f added to the first block, as the sector's own IV is zero here.
    private static byte[] NistText
    {
        get
        {
            var text = Padded(
                "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
            for (var i = 0; i < 16; i++)
                text[i] ^= (byte)i;
            return text;
        }
    }

    private static byte[] Padded(string hex)
    {
        var text = new byte[512];
        Convert.FromHexString(hex).CopyTo(text, 0);
        return text;
    }

    private static string Counting(int bytes) =>
        string.Concat(Enumerable.Range(0, bytes).Select(i => i.ToString("x2", CultureInfo.InvariantCulture)));

    // The content of the disks under tests/golden: each 512-byte sector begins with its number.
    private static byte[] DiskText(int sector, int size)
    {
        var text = new byte[size];
        for (var i = 0; i < size; i++)
        {
            var (n, j) = (sector + (i / 512), i % 512);
            text[i] = j < 8 ? (byte)((ulong)n >> (8 * j)) : (byte)((n * 7) + ((n >> 8) * 3) + (j * 13) + (j >> 4));
        }
        return text;
    }
}
