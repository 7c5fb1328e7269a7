namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    private static HukFamily[] Amd() =>
    [
        new()
        {
            Id = "zynqmp",
            Name = "AMD Zynq UltraScale+",
            Platform = "plat-zynqmp",
            Compatible = "xlnx,zynqmp*",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Off,
            How = Code(
                "After an authenticated boot: SHA-256 of the device DNA and selected user fuses, encrypted with AES-GCM under the "
                + "device key (the PUF's, or the eFuse AES key), IV = DNA. After an unauthenticated boot: SHA-256 of the DNA alone. "
                + "16 bytes of it.",
                "optee_os core/drivers/zynqmp_huk.c"),
            Since = "3.16; user fuses 3.19",
            Option =
                "CFG_ZYNQMP_HUK, off unless set (CFG_RPMB_FS=y forces it); CFG_ZYNQMP_HUK_AES_EFUSE (default n: PUF), "
                + "CFG_ZYNQMP_HUK_USER_EFUSE_MASK",
            Unprovisioned = Code(
                "Without the option all zeros. With it and an unauthenticated boot, a development HUK that anybody computes from the "
                + "DNA, which Linux can read (nvmem offset 0xc, 12 bytes). A device key that is not registered is an error, not a "
                + "fallback.",
                "optee_os core/drivers/zynqmp_huk.c, plat-zynqmp/conf.mk"),
            LifeCycle = Documented(
                "nvmem zynqmp-nvmem, offset 0x58 (SEC_CTRL): RSA_EN, bits 24 and 25 (from silicon 3 on bits 11 to 25), set when only "
                + "authenticated images boot. The PMU firmware must be built with eFuse access; read 4 aligned bytes. Whether this "
                + "very boot was authenticated, mainline Linux does not show.",
                "linux drivers/nvmem/zynqmp_nvmem.c, AMD UG643"),
            Fuse = new("zynqmp-nvmem", 0x58, 0x3 << 24, FuseRule.AnySet, Doubt: 0x1fff << 11),
            Dna = new("zynqmp-nvmem", 0xc, 12),
            Recipe = HukRecipe.ZynqMp,
            Remedy =
                "Set CFG_ZYNQMP_HUK=y, register the PUF (or burn a secret AES key per device), burn the PPK hash and RSA_EN, and boot "
                + "authenticated images only.",
        },
        new()
        {
            Id = "versal",
            Name = "AMD Versal, Versal NET",
            Platform = "plat-versal",
            Compatible = "xlnx,versal xlnx,versal-net xlnx,versal-vc* xlnx,versal-vm* xlnx,versal-vp* xlnx,versal-vek* xlnx,versal-vhk*",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Public,
            How = Code(
                "SHA-256 over the AES-256-GCM ciphertext of SHA3-384(DNA) and 16 zeros, 16 bytes of it. The key is chosen by "
                + "CFG_VERSAL_HUK_KEY: 6 and 7 are eFuse user keys 0 and 1, 11 is the PUF's, 12 a development key that stands in the "
                + "source.",
                "optee_os core/drivers/versal_huk.c"),
            Since = "3.20; after 4.10 other firmware calls, same algorithm",
            Option = "CFG_VERSAL_HUK, default y; CFG_VERSAL_HUK_KEY, default 12: the development key",
            Unprovisioned = Code(
                "With the default key the HUK follows from the DNA and public source code, closed device or not.",
                "optee_os core/drivers/versal_huk.c"),
            LifeCycle = Inferred("No documented way through mainline Linux was found.", "linux drivers/nvmem, searched"),
            Recipe = HukRecipe.Versal,
            Remedy = "Set CFG_VERSAL_HUK_KEY to 11 (PUF) or to an eFuse user key that is burnt per device and write-locked.",
        },
        new()
        {
            Id = "versal2",
            Name = "AMD Versal Gen 2",
            Platform = "plat-versal2",
            Compatible = "amd,versal2 xlnx,versal2 amd,versal2-*",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code(
                "SHA-256 of a label and a 32-byte value from the ASU firmware; 16 bytes of it.",
                "optee_os core/drivers/crypto/asu_driver/asu_huk.c"),
            Since = FromHead,
            Option = "CFG_AMD_ASU_HUK, default y",
            Unprovisioned = Code(
                "A value of zeros is refused: OP-TEE then has no HUK and sealing fails.",
                "optee_os core/drivers/crypto/asu_driver/asu_huk.c"),
            LifeCycle = Inferred("No documented way through mainline Linux was found.", "linux drivers/nvmem, searched"),
            Recipe = HukRecipe.VersalGen2,
            Remedy = "Follow AMD's provisioning of the ASU; see that sealing works.",
        },
    ];
}
