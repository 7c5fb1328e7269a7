namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    private static Fact NoLifeCycle => Inferred("No documented way through mainline Linux was found.", "linux drivers/nvmem, searched");

    private static HukFamily[] Others() =>
    [
        new()
        {
            Id = "octeontx2",
            Name = "Marvell OcteonTX2",
            Platform = "plat-marvell",
            Compatible = "marvell,octeontx2* cavium,octeontx2*",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Hardware,
            How = Code("16 fuse bytes at 0x87e004000090 as they are.", "optee_os core/arch/arm/plat-marvell/main.c"),
            Since = "3.15",
            Option = "CFG_HW_UNQ_KEY_SUPPORT, y for the flavours otx2t96, otx2f95 and otx2t98",
            Unprovisioned = Code("Nothing is checked: blank fuses give all zeros.", "optee_os core/arch/arm/plat-marvell/main.c"),
            LifeCycle = NoLifeCycle,
            Recipe = HukRecipe.FuseWords,
            Remedy = "Burn 128 random bits per device and see that the normal world cannot read them; audit a blob.",
        },
        new()
        {
            Id = "armada",
            Name = "Marvell Armada 7K, 8K, 3700, CN10K",
            Platform = "plat-marvell",
            Compatible = "marvell,armada* marvell,cn10* marvell,cn9*",
            Secret = HukSecret.None,
            Default = HukDefault.Absent,
            How = Code(
                "OP-TEE's own tree has no HUK source for these (from 3.15 to 4.10); a maker's tree may read an OTP.",
                "optee_os core/arch/arm/plat-marvell/conf.mk"),
            Since = "-",
            Option = "none",
            Unprovisioned = Code("All zeros.", "optee_os core/kernel/otp_stubs.c"),
            LifeCycle = NoLifeCycle,
            Recipe = HukRecipe.AllZeros,
            Remedy = "Use an OP-TEE whose port has a HUK source, such as the maker's; audit a blob to see that it does.",
        },
        new()
        {
            Id = "sama5d2",
            Name = "Microchip SAMA5D2",
            Platform = "plat-sam",
            Compatible = "atmel,sama5d2*",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Hardware,
            How = Code(
                "The first 16 of the 32 fuse bytes that the device tree names hw_unique_key (SFC fuses at 0x24 in OP-TEE's tree, "
                + "where they overlap the die identifier).",
                "optee_os core/drivers/nvmem/nvmem_huk.c"),
            Since = "4.2",
            Option = "CFG_NVMEM_HUK, default y",
            Unprovisioned = Code(
                "Nothing is checked: blank fuses give all zeros. A missing device-tree node is an error.",
                "optee_os core/drivers/nvmem/nvmem_huk.c"),
            LifeCycle = NoLifeCycle,
            Recipe = HukRecipe.LeadingFuseWords,
            Remedy =
                "Give the HUK fuses of its own in the device tree, burn random bits per device, mask them from the normal world; "
                + "audit a blob.",
        },
        new()
        {
            Id = "rk3588",
            Name = "Rockchip RK3588",
            Platform = "plat-rockchip",
            Compatible = "rockchip,rk3588 rockchip,rk3588s rockchip,rk3582",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code(
                "Secure OTP words 0x104 to 0x107. Where they are blank, OP-TEE draws 16 random bytes and burns them.",
                "optee_os core/arch/arm/plat-rockchip/platform_rk3588.c"),
            Since = "4.6; 4.8 refuses zeros",
            Option = "none: always on for RK3588",
            Unprovisioned = Code(
                "It provisions itself at the first use. An error of the OTP is passed on; there is no fallback to zeros. Nothing "
                + "shows whether that first boot was a secure one.",
                "optee_os core/arch/arm/plat-rockchip/platform_rk3588.c"),
            LifeCycle = NoLifeCycle,
            Recipe = HukRecipe.FuseWords,
            Remedy = "Burn the secure-boot key hash, so that only your OP-TEE reads these words.",
        },
        new()
        {
            Id = "tcc805x",
            Name = "Telechips TCC805x",
            Platform = "plat-telechips",
            Compatible = "telechips,tcc805*",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code(
                "16 bytes of OTP at 0x1ed0, drawn and burnt by OP-TEE at boot where blank.",
                "optee_os core/arch/arm/plat-telechips/main.c"),
            Since = "4.5",
            Option = "none: always on",
            Unprovisioned = Code(
                "It provisions itself; an error leaves OP-TEE without HUK.",
                "optee_os core/arch/arm/plat-telechips/main.c"),
            LifeCycle = NoLifeCycle,
            Recipe = HukRecipe.FuseWords,
            Remedy = "Enable secure boot, so that only your OP-TEE reads the OTP.",
        },
        new()
        {
            Id = "npcm8xx",
            Name = "Nuvoton NPCM8xx",
            Platform = "plat-nuvoton",
            Compatible = "nuvoton,npcm8*",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Public,
            How = Code(
                "SHA-256 of five bytes of memory at 0xf0848c50, 16 bytes of it (4.0: of 64 bytes at 0xf08480e0). That memory is "
                + "mapped as non-secure.",
                "optee_os core/arch/arm/plat-nuvoton/main.c"),
            Since = "4.0; another HUK from 4.1 on",
            Option = "none: always on",
            Unprovisioned = Inferred(
                "At most 40 bits go into it, and the normal world can presumably read them: weak on every device, whatever its life "
                + "cycle.",
                "optee_os core/arch/arm/plat-nuvoton/main.c"),
            LifeCycle = NoLifeCycle,
            Weakness = "makes its HUK of five readable bytes",
            Recipe = HukRecipe.Npcm,
            Remedy =
                "Replace the HUK source in OP-TEE with real fuses. Until then, treat sealed keys as readable by anyone who has had "
                + "the device.",
        },
        new()
        {
            Id = "mediatek",
            Name = "MediaTek (ChromeOS)",
            Platform = "plat-mediatek",
            Compatible = "mediatek,mt*",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = Code(
                "The boot firmware passes it in a secure device tree (op-tee,hardware-unique-key under /options/op-tee/widevine), "
                + "first 16 bytes.",
                "optee_os core/drivers/widevine_huk.c"),
            Since = "4.2",
            Option = "CFG_WIDEVINE_HUK, default n: all zeros",
            Unprovisioned = Code(
                "Without the option all zeros; with it a missing value is an error.",
                "optee_os core/drivers/widevine_huk.c"),
            LifeCycle = NoLifeCycle,
            Recipe = HukRecipe.FirmwareValue,
            Remedy = "Set CFG_WIDEVINE_HUK=y with a firmware that passes the key, or give the port another source.",
        },
        new()
        {
            Id = "qcom",
            Name = "Qualcomm",
            Platform = "plat-qcom",
            Compatible = "qcom,*",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = Code(
                "On lemans a chain of KDFs in the hardware key manager, 32 bytes; other flavours have no source.",
                "optee_os core/drivers, hwkm_huk"),
            Since = FromHead,
            Option = "CFG_QCOM_HWKM, lemans only",
            Unprovisioned = Code("Without the option all zeros; with it a failure is an error.", "optee_os plat-qcom/conf.mk"),
            LifeCycle = NoLifeCycle,
            Recipe = null,
            Remedy = "Use the flavour with CFG_QCOM_HWKM=y; audit a blob.",
        },
    ];
}
