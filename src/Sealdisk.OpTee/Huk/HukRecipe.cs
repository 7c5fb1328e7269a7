namespace Sealdisk.OpTee.Huk;

/// <summary>
/// How a family's HUK is computed outside the chip: from which values, and by which of <see cref="HukModels"/>. Families with the same
/// formula share a recipe.
/// </summary>
public sealed class HukRecipe
{
    private readonly Derivation _derive;

    private HukRecipe(string needs, Derivation derive)
    {
        Needs = needs;
        _derive = derive;
    }

    /// <summary>Returns false if the values are not those that the formula takes.</summary>
    private delegate bool Derivation(FuseValues given, Span<byte> huk);

    /// <summary>The HUK is all zeros, so no value is needed.</summary>
    internal static HukRecipe AllZeros { get; } = new("nothing: the HUK is all zeros", (given, _) => given.Lengths == default);

    /// <summary>Fuse words of 16 bytes that are the HUK.</summary>
    internal static HukRecipe FuseWords { get; } = new(
        "--otp (16 bytes)",
        (given, huk) => given.Lengths is (16, 0, 0, 0, 0, 0) && Leading(given.Otp, huk));

    /// <summary>Fuse words of 16 or 32 bytes, of which the first 16 are the HUK.</summary>
    internal static HukRecipe LeadingFuseWords { get; } = new(
        "--otp (16 or 32 bytes)",
        (given, huk) => given.Lengths is (16 or 32, 0, 0, 0, 0, 0) && Leading(given.Otp, huk));

    /// <summary>A value that the firmware passes, of which the first 16 bytes are the HUK.</summary>
    internal static HukRecipe FirmwareValue { get; } = new(
        "--key (16 or 32 bytes: what the firmware passes)",
        (given, huk) => given.Lengths is (0, 16 or 32, 0, 0, 0, 0) && Leading(given.Key, huk));

    /// <summary>CAAM's master key verification blob, of which the first 16 bytes are the HUK.</summary>
    internal static HukRecipe CaamBlob { get; } = new(
        "--key (16 or 32 bytes: CAAM's master key verification blob)",
        (given, huk) => given.Lengths is (0, 16 or 32, 0, 0, 0, 0) && Leading(given.Key, huk));

    /// <summary>The DCP of i.MX6ULL and its like.</summary>
    internal static HukRecipe Dcp { get; } = new("--key (16 bytes: the DCP's unique key)", (given, huk) =>
    {
        if (given.Lengths is not (0, 16, 0, 0, 0, 0))
            return false;
        HukModels.Dcp(given.Key, huk);
        return true;
    });

    /// <summary>STM32MP15: the fuse words, or a derivation from them and the UID.</summary>
    internal static HukRecipe Stm32Mp15 { get; } = new(
        "--otp (16 bytes); with --uid (12 bytes) if OP-TEE derives the HUK from the UID",
        (given, huk) =>
        {
            switch (given.Lengths)
            {
                case (16, 0, 0, 0, 0, 0):
                    HukModels.Stm32Mp15Key(given.Otp, huk);
                    return true;
                case (16, 0, 12, 0, 0, 0):
                    HukModels.Stm32Mp15Uid(given.Otp, given.Uid, huk);
                    return true;
                default:
                    return false;
            }
        });

    /// <summary>Zynq UltraScale+, for both kinds of boot.</summary>
    internal static HukRecipe ZynqMp { get; } = new(
        "--dna (12 bytes) for an unauthenticated boot; with --key (the eFuse AES key, 32 bytes) and, if OP-TEE uses them, --user-fuses "
        + "for an authenticated one",
        (given, huk) =>
        {
            switch (given.Lengths)
            {
                case (0, 0, 0, 12, 0, 0):
                    HukModels.ZynqMpDevelopment(given.Dna, huk);
                    return true;
                case (0, 32, 0, 12, <= 32 and var fuses, 0) when fuses % 4 == 0:
                    HukModels.ZynqMpProduction(given.Key, given.Dna, given.UserFuses, huk);
                    return true;
                default:
                    return false;
            }
        });

    /// <summary>Versal and Versal NET, with the development key or with another one.</summary>
    internal static HukRecipe Versal { get; } = new(
        "--dna (16 bytes) for the development key; with --key (eFuse user key, 32 bytes) for that one",
        (given, huk) =>
        {
            if (given.Lengths is not (0, 0 or 32, 0, 16, 0, 0))
                return false;
            HukModels.Versal(given.Key.IsEmpty ? HukModels.VersalDevelopmentKey : given.Key, given.Dna, huk);
            return true;
        });

    /// <summary>Versal Gen 2.</summary>
    internal static HukRecipe VersalGen2 { get; } = new("--key (32 bytes: what the ASU firmware answers)", (given, huk) =>
    {
        if (given.Lengths is not (0, 32, 0, 0, 0, 0))
            return false;
        HukModels.VersalGen2(given.Key, huk);
        return true;
    });

    /// <summary>Nuvoton NPCM8xx.</summary>
    internal static HukRecipe Npcm { get; } = new("--scratch (5 bytes; 64 for OP-TEE 4.0)", (given, huk) =>
    {
        if (given.Lengths is not (0, 0, 0, 0, 0, 5 or 64))
            return false;
        HukModels.Npcm(given.Scratch, huk);
        return true;
    });

    /// <summary>Which values to give, for people: options of <c>sealdisk huk derive</c>.</summary>
    public string Needs { get; }

    /// <summary>Computes the HUK.</summary>
    /// <param name="values">What is known of the chip.</param>
    /// <param name="huk">Receives <see cref="HukModels.Size"/> bytes; all zero if the HUK cannot be computed.</param>
    /// <returns>False if these are not the values that the HUK follows from; see <see cref="Needs"/>.</returns>
    public bool TryDerive(FuseValues values, Span<byte> huk)
    {
        huk.Clear();
        return _derive(values, huk);
    }

    private static bool Leading(ReadOnlySpan<byte> value, Span<byte> huk)
    {
        HukModels.Leading(value, huk);
        return true;
    }
}
