namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    private static HukFamily[] Ti() =>
    [
        new()
        {
            Id = "k3",
            Name = "TI K3 (AM62x, AM64x, AM65x, J7)",
            Platform = "plat-k3",
            Compatible = "ti,am62* ti,am64* ti,am65* ti,am67* ti,am68* ti,am69* ti,j7*",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code(
                "The security firmware's derived key (DKEK, TISCI 0x9029) for the label DKEK and the context OP-TEE, 16 of its 32 "
                + "bytes. It comes by a KDF from the fused 256-bit KEK.",
                "optee_os core/arch/arm/plat-k3/main.c; TI's TISCI documentation"),
            Since = "3.18; before it all zeros",
            Option = "none: always on",
            Unprovisioned = Inferred(
                "On GP devices the firmware answers success without deriving anything, so the HUK is whatever it leaves in the reply, "
                + "most likely zeros; OP-TEE does not look. HS-FS and HS-SE devices derive a real key. A failing call leaves OP-TEE "
                + "without HUK.",
                "TI's TISCI documentation (dkek_management), optee_os core/arch/arm/plat-k3/main.c"),
            LifeCycle = Code(
                "Register 0x44234100, bits 3 to 0: 3 GP, 0xa HS; with HS bits 11 to 8: 0xa field-securable, else security enforced. "
                + "No nvmem file has it; U-Boot prints it.",
                "u-boot arch/arm/mach-k3/common.c"),
            Recipe = null,
            Remedy = "Use HS-SE devices (HS-FS with the customer keys burnt). Never GP devices for anything secret.",
        },
        new()
        {
            Id = "dra7",
            Name = "TI DRA7xx, AM57xx",
            Platform = "plat-ti",
            Compatible = "ti,dra7* ti,am57* ti,am571* ti,am572* ti,am574*",
            Secret = HukSecret.Fuses,
            Default = HukDefault.Hardware,
            How = Code(
                "The boot ROM's secure software passes 32 bytes of key in secure memory; the HUK is the first 16.",
                "optee_os core/arch/arm/plat-ti/main.c"),
            Since = "with the platform",
            Option = "CFG_OTP_SUPPORT, default y",
            Unprovisioned = Code(
                "Zeros are not refused. What the ROM passes on a device that is not HS is not documented.",
                "optee_os core/arch/arm/plat-ti/main.c"),
            LifeCycle = Inferred("No documented way through mainline Linux was found.", "linux drivers/nvmem, searched"),
            Recipe = HukRecipe.FirmwareValue,
            Remedy = "Use HS devices with keys burnt; audit a blob.",
        },
        new()
        {
            Id = "am43",
            Name = "TI AM43xx",
            Platform = "plat-ti",
            Compatible = "ti,am43 ti,am4372 ti,am437*",
            Secret = HukSecret.None,
            Default = HukDefault.Absent,
            How = Code("OP-TEE's own tree has no HUK source for this chip.", "optee_os core/arch/arm/plat-ti/main.c"),
            Since = "-",
            Option = "none (CFG_OTP_SUPPORT is for DRA7xx and AM57xx)",
            Unprovisioned = Code("All zeros.", "optee_os core/kernel/otp_stubs.c"),
            LifeCycle = Inferred("No documented way through mainline Linux was found.", "linux drivers/nvmem, searched"),
            Recipe = HukRecipe.AllZeros,
            Remedy = "Give the port a HUK source, or use another chip or trust source.",
        },
    ];
}
