namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    private static HukFamily[] St() =>
    [
        new()
        {
            Id = "stm32mp15",
            Name = "STM32MP15",
            Platform = "plat-stm32mp1",
            Compatible = "st,stm32mp151 st,stm32mp153 st,stm32mp157",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Off,
            How = Code(
                "The 128-bit fuse word group that the device tree calls huk-otp (OTP words 60 to 63 on ST's boards), either as it is "
                + "(CFG_STM32MP15_HUK_BSEC_KEY) or as the key under which AES-128-GCM encrypts the chip's UID "
                + "(CFG_STM32MP15_HUK_BSEC_DERIVE_UID).",
                "optee_os core/drivers/stm32mp15_huk.c"),
            Since = "3.20",
            Option = "CFG_STM32MP15_HUK, default n; y for ST's DK1, DK2, ED1 and EV1 boards only",
            Unprovisioned = Code(
                "Nothing is checked. Blank fuses give an all-zero HUK, or, with the UID mode, one that follows from the UID, which "
                + "Linux can read (nvmem offset 0x34, 12 bytes). Without the option the HUK is all zeros. Whether the device is open "
                + "or closed does not change the HUK.",
                "optee_os core/drivers/stm32mp15_huk.c, plat-stm32mp1/conf.mk"),
            LifeCycle = Code(
                "nvmem stm32-romem, offset 0, bit 6: set when closed",
                "u-boot arch/arm/mach-stm32mp/cmd_stm32key.c, optee_os plat-stm32mp1/platform_config.h"),
            Fuse = new("stm32-romem", 0, 1 << 6, FuseRule.AnySet),
            Uid = new("stm32-romem", 0x34, 12),
            Recipe = HukRecipe.Stm32Mp15,
            Remedy =
                "Set CFG_STM32MP15_HUK=y, burn 128 random bits into the huk-otp words of every device, lock them, and close the "
                + "device. Keep OP-TEE below its debug trace level: there it prints the HUK on the secure console.",
        },
        new()
        {
            Id = "stm32mp13",
            Name = "STM32MP13",
            Platform = "plat-stm32mp1",
            Compatible = "st,stm32mp131 st,stm32mp133 st,stm32mp135",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code(
                "The SAES peripheral replaces OP-TEE's whole key derivation: a KDF of AES-CMAC under the derived hardware key, which "
                + "never leaves the chip. Blobs made so match no model of the generic derivation.",
                "optee_os core/drivers/crypto/stm32/stm32_saes.c"),
            Since = "4.0; before it the HUK was all zeros, so blobs of an older OP-TEE do not open",
            Option =
                "CFG_STM32_SAES, default y; and the st,stm32mp13-saes node enabled (parts C and F have the peripheral, A and D have "
                + "not)",
            Unprovisioned = Code(
                "The root key is burnt by ST. Where SAES is not probed, OP-TEE falls back to its generic derivation with an all-zero "
                + "HUK, without a word.",
                "optee_os core/drivers/crypto/stm32/stm32_saes.c; the ST wiki says the same of the parts without crypto"),
            LifeCycle = Code(
                "nvmem stm32-romem, offset 0, bits 5 to 0: all set when closed",
                "u-boot arch/arm/mach-stm32mp/cmd_stm32key.c"),
            Fuse = new("stm32-romem", 0, 0x3f, FuseRule.AllSet),
            OtherDerivation = "the SAES of an STM32MP13 derives its key in hardware, by another formula",
            Recipe = null,
            Remedy =
                "Use a part with SAES (C or F), see that the device tree enables it, and audit a blob: one that opens under all zeros "
                + "shows that SAES is not in use. Close the device.",
        },
        new()
        {
            Id = "stm32mp2",
            Name = "STM32MP2",
            Platform = "plat-stm32mp2",
            Compatible = "st,stm32mp2*",
            Secret = HukSecret.None,
            Default = HukDefault.Absent,
            How = Code("OP-TEE's own tree has no HUK source for this platform; ST's tree may have one.", "optee_os plat-stm32mp2/conf.mk"),
            Since = "-",
            Option = "none",
            Unprovisioned = Code("All zeros.", "optee_os core/kernel/otp_stubs.c"),
            LifeCycle = Code(
                "nvmem stm32-romem, offset 0x48 (word 18), bits 3 to 0: any set when closed",
                "u-boot arch/arm/mach-stm32mp/cmd_stm32key.c"),
            Fuse = new("stm32-romem", 0x48, 0xf, FuseRule.AnySet),
            Recipe = HukRecipe.AllZeros,
            Remedy = "Use an OP-TEE whose STM32MP2 port has a HUK source, such as the maker's; audit a blob to see that it does.",
        },
    ];
}
