namespace Sealdisk.OpTee.Huk;

/// <summary>What a person has of a chip. Empty: not given. The caller owns and wipes the secret ones.</summary>
public readonly ref struct FuseValues
{
    /// <summary>Secret: the fuse words that are the HUK or its key.</summary>
    public ReadOnlySpan<byte> Otp { get; init; }

    /// <summary>Secret: a key or value that the chip's hardware or firmware holds.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    /// <summary>The chip's unique identifier.</summary>
    public ReadOnlySpan<byte> Uid { get; init; }

    /// <summary>The device DNA.</summary>
    public ReadOnlySpan<byte> Dna { get; init; }

    /// <summary>User fuse words.</summary>
    public ReadOnlySpan<byte> UserFuses { get; init; }

    /// <summary>Bytes of scratch memory.</summary>
    public ReadOnlySpan<byte> Scratch { get; init; }
}

/// <summary>Which values give the HUK of which family, and by which of <see cref="HukModels"/>.</summary>
public static class HukRecipe
{
    /// <summary>What to give, for people; null where no value would do, since the secret never leaves the chip.</summary>
    public static string? Needs(HukFamily family)
    {
        ArgumentNullException.ThrowIfNull(family);
        return family.Id switch
        {
            "stm32mp15" => "--otp (16 bytes); with --uid (12 bytes) where OP-TEE derives the HUK from the UID",
            "zynqmp" => "--dna (12 bytes) for an unauthenticated boot; with --key (the eFuse AES key, 32 bytes) and, if OP-TEE uses them, --user-fuses for an authenticated one",
            "versal" => "--dna (16 bytes) for the development key; with --key (eFuse user key, 32 bytes) for that one",
            "versal2" => "--key (32 bytes: what the ASU firmware answers)",
            "imx6ull" => "--key (16 bytes: the DCP's unique key)",
            "imx6" or "imx7" or "imx7ulp" or "imx8m" or "imx8x" or "layerscape" => "--key (16 or 32 bytes: CAAM's master key verification blob)",
            "dra7" or "mediatek" => "--key (16 or 32 bytes: what the firmware passes)",
            "octeontx2" or "rk3588" or "tcc805x" => "--otp (16 bytes)",
            "sama5d2" => "--otp (16 or 32 bytes)",
            "npcm8xx" => "--scratch (5 bytes; 64 for OP-TEE 4.0)",
            _ when family.Secret == HukSecret.None => "nothing: the HUK is all zeros",
            _ => null,
        };
    }

    /// <summary>Computes the HUK.</summary>
    /// <param name="family">The chip.</param>
    /// <param name="values">What is known of it.</param>
    /// <param name="huk">Receives <see cref="HukModels.Size"/> bytes.</param>
    /// <returns>False where these are not the values that this family's HUK follows from; <see cref="Needs"/> says which do.</returns>
    public static bool TryDerive(HukFamily family, FuseValues values, Span<byte> huk)
    {
        ArgumentNullException.ThrowIfNull(family);
        huk.Clear();
        var (otp, key, uid, dna, scratch) = (values.Otp.Length, values.Key.Length, values.Uid.Length, values.Dna.Length, values.Scratch.Length);
        switch (family.Id, otp, key, uid, dna, values.UserFuses.Length, scratch)
        {
            case ("stm32mp15", 16, 0, 0, 0, 0, 0):
                HukModels.Stm32Mp15Key(values.Otp, huk);
                return true;
            case ("stm32mp15", 16, 0, 12, 0, 0, 0):
                HukModels.Stm32Mp15Uid(values.Otp, values.Uid, huk);
                return true;
            case ("zynqmp", 0, 0, 0, 12, 0, 0):
                HukModels.ZynqMpDevelopment(values.Dna, huk);
                return true;
            case ("zynqmp", 0, 32, 0, 12, <= 32 and var fuses, 0) when fuses % 4 == 0:
                HukModels.ZynqMpProduction(values.Key, values.Dna, values.UserFuses, huk);
                return true;
            case ("versal", 0, 0, 0, 16, 0, 0):
                HukModels.Versal(HukModels.VersalDevelopmentKey, values.Dna, huk);
                return true;
            case ("versal", 0, 32, 0, 16, 0, 0):
                HukModels.Versal(values.Key, values.Dna, huk);
                return true;
            case ("versal2", 0, 32, 0, 0, 0, 0):
                HukModels.VersalGen2(values.Key, huk);
                return true;
            case ("imx6ull", 0, 16, 0, 0, 0, 0):
                HukModels.Dcp(values.Key, huk);
                return true;
            case ("imx6" or "imx7" or "imx7ulp" or "imx8m" or "imx8x" or "layerscape" or "dra7" or "mediatek", 0, 16 or 32, 0, 0, 0, 0):
                HukModels.Leading(values.Key, huk);
                return true;
            case ("octeontx2" or "rk3588" or "tcc805x", 16, 0, 0, 0, 0, 0):
            case ("sama5d2", 16 or 32, 0, 0, 0, 0, 0):
                HukModels.Leading(values.Otp, huk);
                return true;
            case ("npcm8xx", 0, 0, 0, 0, 0, 5 or 64):
                HukModels.Npcm(values.Scratch, huk);
                return true;
            default:
                return family.Secret == HukSecret.None && otp + key + uid + dna + values.UserFuses.Length + scratch == 0;
        }
    }
}
