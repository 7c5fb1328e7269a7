namespace Sealdisk.OpTee.Huk;

/// <summary>The part of a chip's HUK that the normal world can read. Not secret.</summary>
/// <param name="Dna">The device DNA of an AMD chip: 12 bytes (Zynq UltraScale+) or 16 (Versal).</param>
/// <param name="Uid">The unique identifier of an STM32MP15, 12 bytes.</param>
/// <param name="Scratch">The bytes of memory that a Nuvoton NPCM8xx hashes: 5 or 64.</param>
public sealed record ChipFacts(byte[]? Dna = null, byte[]? Uid = null, byte[]? Scratch = null);

/// <summary>HUKs that are publicly known, or that follow from what the normal world can read.</summary>
public static class PublicHuks
{
    /// <summary>Adds those that are the same on every device of their kind.</summary>
    public static void AddConstants(HukOracle oracle)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        Span<byte> huk = stackalloc byte[32];
        Span<byte> input = stackalloc byte[64];
        huk.Clear();
        oracle.Add(
            new("all-zero", "all zeros, which OP-TEE has where its platform provides no key, and which blank fuses give"),
            huk[..16]);
        huk.Fill(0xff);
        oracle.Add(new("all-ones", "all ones (16 bytes), which erased or unreadable fuses give"), huk[..16]);
        oracle.Add(new("all-ones-32", "all ones (32 bytes), which erased or unreadable fuses give"), huk);
        for (var i = 0; i < huk.Length; i++)
            huk[i] = (byte)i;
        oracle.Add(new("counting", "the bytes 00 to 0f, an example key of documents and tests"), huk[..16]);
        oracle.Add(new("counting-32", "the bytes 00 to 1f, an example key of documents and tests"), huk);

        input.Clear();
        HukModels.Dcp(input[..16], huk);
        oracle.Add(
            new("dcp-zero-key", "that of an i.MX6ULL, ULZ, SLL or SL whose DCP has no key yet, being in neither secure nor trusted state"),
            huk[..16]);
        HukModels.ZynqMpDevelopment(input[..12], huk[..16]);
        oracle.Add(new("zynqmp-dna-zero", "that of an unauthenticated Zynq UltraScale+ boot with a device DNA of zeros"), huk[..16]);
        HukModels.Versal(HukModels.VersalDevelopmentKey, input[..16], huk);
        oracle.Add(new("versal-dna-zero", "that of a Versal with OP-TEE's development key and a device DNA of zeros"), huk[..16]);
        HukModels.Stm32Mp15Uid(input[..16], input[..12], huk);
        oracle.Add(new("stm32mp15-uid-zero", "that of an STM32MP15 with blank fuses and a UID of zeros"), huk[..16]);
        HukModels.Npcm(input[..5], huk);
        oracle.Add(new("npcm-zeros", "that of a Nuvoton NPCM8xx whose five bytes are zeros"), huk[..16]);
        HukModels.Npcm(input, huk);
        oracle.Add(new("npcm-4.0-zeros", "that of a Nuvoton NPCM8xx under OP-TEE 4.0 whose 64 bytes are zeros"), huk[..16]);
        input.Fill(0xff);
        HukModels.Npcm(input[..5], huk);
        oracle.Add(new("npcm-ones", "that of a Nuvoton NPCM8xx whose five bytes are ones"), huk[..16]);
    }

    /// <summary>
    /// Adds those that follow from what this chip shows. The firmware's byte order is not documented for all of them, so several are
    /// tried; a right tag proves the order as well.
    /// </summary>
    /// <exception cref="ArgumentException">A fact has a length that no chip has.</exception>
    public static void AddChip(HukOracle oracle, ChipFacts chip)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(chip);
        Span<byte> huk = stackalloc byte[32];
        Span<byte> zeros = stackalloc byte[16];
        zeros.Clear();
        foreach (var dna in Orders(chip.Dna))
        {
            if (dna.Length == 12)
            {
                HukModels.ZynqMpDevelopment(dna, huk);
                var candidate = new HukCandidate(
                    "zynqmp-dna",
                    "SHA-256 of the device DNA, as on a Zynq UltraScale+ that booted without authentication");
                oracle.Add(candidate, huk[..16]);
                oracle.Add(candidate, huk);
            }
            else
            {
                var key = HukModels.VersalDevelopmentKey.ToArray();
                foreach (var order in Orders(key))
                {
                    HukModels.Versal(order, dna, huk);
                    oracle.Add(
                        new("versal-development-key", "the Versal's, made of its device DNA and the development key in OP-TEE's source"),
                        huk[..16]);
                }
            }
        }
        foreach (var uid in Orders(chip.Uid))
        {
            HukModels.Stm32Mp15Uid(zeros, uid, huk);
            oracle.Add(new("stm32mp15-uid", "the STM32MP15's, made of its UID and blank fuses"), huk[..16]);
        }
        if (chip.Scratch is { } scratch)
        {
            HukModels.Npcm(scratch, huk);
            oracle.Add(
                new("npcm-scratch", "SHA-256 of the bytes that this Nuvoton NPCM8xx keeps in memory of the normal world"),
                huk[..16]);
        }
    }

    /// <summary>Unchanged, reversed, each 32-bit word reversed, and the words in reverse.</summary>
    private static byte[][] Orders(byte[]? value)
    {
        if (value is null)
            return [];
        var words = new byte[value.Length];
        for (var i = 0; i < value.Length; i++)
            words[i] = value[(i ^ 3) < value.Length ? i ^ 3 : i];
        var reversed = (byte[])value.Clone();
        Array.Reverse(reversed);
        var wordsReversed = (byte[])words.Clone();
        Array.Reverse(wordsReversed);
        return [value, reversed, words, wordsReversed];
    }
}
