namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    private const string EleSource = "optee_os core/drivers/crypto/ele/ele.c";

    private static HukFamily[] NxpNewer() =>
    [
        new()
        {
            Id = "imx93",
            Name = "NXP i.MX93, i.MX91",
            Platform = "plat-imx",
            Compatible = "fsl,imx93 fsl,imx91",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code("The EdgeLock Enclave derives 16 bytes from its own secret, with the context TEE_for_HUK_ELE.", EleSource),
            Since = "3.21 without context; from 3.22 with it, which gives another HUK: blobs of 3.21 do not open. i.MX91 about 4.3",
            Option = "CFG_IMX_ELE, default y",
            Unprovisioned = Inferred(
                "Whether an open device has a HUK of its own is inside the enclave's firmware and not public. A failure of the "
                + "enclave stops OP-TEE.",
                EleSource),
            LifeCycle = Code(
                "Register 0x4751041c, bits 9 to 0: 0x8 open, 0x20 closed, 0x100 locked. No nvmem file has it; devmem or U-Boot's "
                + "ahab_status shows it.",
                "u-boot arch/arm/mach-imx/ele_ahab.c"),
            Recipe = null,
            Remedy = "Burn the key hash and close the device (ahab_close) before anything is sealed.",
        },
        new()
        {
            Id = "imx95",
            Name = "NXP i.MX95, i.MX943, i.MX952",
            Platform = "plat-imx",
            Compatible = "fsl,imx95 fsl,imx94 fsl,imx943 fsl,imx952",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code("The EdgeLock Enclave derives 16 bytes from its own secret, with the context TEE_for_HUK_ELE.", EleSource),
            Since = "about 4.8; i.MX952 after 4.10",
            Option = "CFG_IMX_ELE, default y",
            Unprovisioned = Inferred(
                "Whether an open device has a HUK of its own is inside the enclave's firmware and not public. A failure of the "
                + "enclave stops OP-TEE.",
                EleSource),
            LifeCycle = Code(
                "Register 0x47510414, bits 9 to 0: 0x10 open, 0x20 secure world closed, 0x40 closed, 0x80 locked. No nvmem file has "
                + "it.",
                "u-boot arch/arm/mach-imx/ele_ahab.c"),
            Recipe = null,
            Remedy = "Burn the key hash and close the device before anything is sealed.",
        },
        new()
        {
            Id = "imx8ulp",
            Name = "NXP i.MX8ULP",
            Platform = "plat-imx",
            Compatible = "fsl,imx8ulp",
            Secret = HukSecret.None,
            Default = HukDefault.Absent,
            How = Code("CFG_IMX_ELE is off for this chip, and there is no other source.", "optee_os plat-imx/conf.mk"),
            Since = "-",
            Option = "none",
            Unprovisioned = Code("All zeros.", "optee_os core/kernel/otp_stubs.c"),
            LifeCycle = Code(
                "The life-cycle word of the enclave at 0x2701041c, bits 9 to 0, as on i.MX93. No nvmem file has it.",
                "u-boot arch/arm/mach-imx/ele_ahab.c"),
            Recipe = HukRecipe.AllZeros,
            Remedy = "Use an OP-TEE whose port has a HUK source, such as the maker's; audit a blob to see that it does.",
        },
    ];
}
