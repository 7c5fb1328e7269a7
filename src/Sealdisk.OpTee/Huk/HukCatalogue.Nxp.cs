namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    /// <summary>imx_hab_is_enabled() and FIELD_RETURN_PATTERN, and where each chip has its fuses.</summary>
    private const string HabSource = "u-boot arch/arm/mach-imx/hab.c and soc.c of each chip, linux drivers/nvmem/imx-ocotp.c";

    private const string CaamSource = "optee_os core/drivers/crypto/caam/blob/caam_blob.c";
    private const string CaamSince = "3.9; from 3.18 a closed device selects and locks OTPMK first";
    private const string CaamOption = "CFG_NXP_CAAM, default n";
    private const string CaamRemedy =
        "Build OP-TEE with CFG_NXP_CAAM=y, burn the key hash (SRK), and close the device (SEC_CONFIG) before anything is sealed: "
        + "closing it changes the key.";

    private static Fact CaamHow() => Code(
        "CAAM computes its Master Key Verification Blob of 32 bytes; the HUK is the first 16. The master key behind it never leaves "
        + "CAAM. With CFG_CAAM_INC_PRIBLOB nobody can ask for the same blob afterwards.",
        CaamSource);

    private static Fact CaamUnprovisioned() => Inferred(
        "Without the option all zeros. With it, an open device uses NXP's test key, the same on all open devices of a type, and so "
        + "has the same HUK as they: a candidate list with the value of one such board finds the others. A closed device with an "
        + "invalid OTPMK does not boot.",
        CaamSource + "; linux Documentation/security/keys/trusted-encrypted.rst");

    private static HukFamily[] Nxp() =>
    [
        new()
        {
            Id = "imx6ull",
            Name = "NXP i.MX6ULL, 6ULZ, 6SL, 6SLL (DCP)",
            Platform = "plat-imx",
            Compatible = "fsl,imx6ull fsl,imx6ulz fsl,imx6sl fsl,imx6sll",
            Secret = HukSecret.Chip,
            Default = HukDefault.Hardware,
            How = Code(
                "AES-128-CMAC of a constant block under the DCP's unique key (selector 0xfe).",
                "optee_os core/drivers/imx/dcp/dcp_huk.c"),
            Since =
                "3.13; from 3.18 OP-TEE then takes the unique key away from Linux, whose own DCP keys must use the OTP key "
                + "(trusted.dcp_use_otp_key=1)",
            Option = "CFG_IMX_DCP, forced y on these chips",
            Unprovisioned = Inferred(
                "Nothing is checked. Linux knows that the DCP's keys read as zeros while the chip is in neither secure nor trusted "
                + "state; then the HUK is the constant 11474a5a5c78ef24224da96237ebbd3d.",
                "optee_os core/drivers/imx/dcp/dcp_huk.c, linux security/keys/trusted-keys/trusted_dcp.c"),
            LifeCycle = Code(
                "nvmem imx-ocotp, offset 0x18, bit 1 (SEC_CONFIG): set when closed; field return (offset 0xb8, bit 0) opens it again",
                HabSource),
            Fuse = new("imx-ocotp", 0x18, 1 << 1, FuseRule.AnySet),
            FieldReturn = [new(0xb8, 1, 1)],
            HasDcp = true,
            Recipe = HukRecipe.Dcp,
            Remedy = "Burn the key hash and close the device before anything is sealed, then audit a blob.",
        },
        new()
        {
            Id = "imx6",
            Name = "NXP i.MX6 with CAAM (6Q, 6D, 6DL, 6S, 6SX, 6UL)",
            Platform = "plat-imx",
            Compatible = "fsl,imx6q fsl,imx6qp fsl,imx6dl fsl,imx6sx fsl,imx6ul",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = CaamHow(),
            Since = CaamSince,
            Option = CaamOption,
            Unprovisioned = CaamUnprovisioned(),
            LifeCycle = Code(
                "nvmem imx-ocotp, offset 0x18, bit 1 (SEC_CONFIG): set when closed; field return (offset 0xb8, bit 0) opens it again",
                HabSource),
            Fuse = new("imx-ocotp", 0x18, 1 << 1, FuseRule.AnySet),
            FieldReturn = [new(0xb8, 1, 1)],
            HasCaam = true,
            Recipe = HukRecipe.CaamBlob,
            Remedy = CaamRemedy,
        },
        new()
        {
            Id = "imx7",
            Name = "NXP i.MX7D, 7S",
            Platform = "plat-imx",
            Compatible = "fsl,imx7d fsl,imx7s",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = CaamHow(),
            Since = CaamSince,
            Option = CaamOption,
            Unprovisioned = CaamUnprovisioned(),
            LifeCycle = Code(
                "nvmem imx-ocotp, offset 0x1c, bit 25: set when closed; field return (offset 0x8c, bit 0) opens it again",
                HabSource),
            Fuse = new("imx-ocotp", 0x1c, 1 << 25, FuseRule.AnySet),
            FieldReturn = [new(0x8c, 1, 1)],
            HasCaam = true,
            Recipe = HukRecipe.CaamBlob,
            Remedy = CaamRemedy,
        },
        new()
        {
            Id = "imx7ulp",
            Name = "NXP i.MX7ULP",
            Platform = "plat-imx",
            Compatible = "fsl,imx7ulp",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = CaamHow(),
            Since = CaamSince,
            Option = CaamOption,
            Unprovisioned = CaamUnprovisioned(),
            LifeCycle = Code(
                "nvmem imx-ocotp, offset 0x3b8, bit 31: set when closed; field return (offset 0x138, bit 0) opens it again",
                HabSource),
            Fuse = new("imx-ocotp", 0x3b8, 1u << 31, FuseRule.AnySet),
            FieldReturn = [new(0x138, 1, 1)],
            HasCaam = true,
            Recipe = HukRecipe.CaamBlob,
            Remedy = CaamRemedy,
        },
        new()
        {
            Id = "imx8m",
            Name = "NXP i.MX8M (8MQ, 8MM, 8MN, 8MP)",
            Platform = "plat-imx",
            Compatible = "fsl,imx8mq fsl,imx8mm fsl,imx8mn fsl,imx8mp",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = CaamHow(),
            Since = CaamSince,
            Option = CaamOption,
            Unprovisioned = CaamUnprovisioned(),
            LifeCycle = Code(
                "nvmem imx-ocotp, offset 0x1c, bit 25: set when closed; field return (offset 0x8c, bit 0; on 8MP the word 0x28001405) "
                + "opens it again",
                HabSource),
            Fuse = new("imx-ocotp", 0x1c, 1 << 25, FuseRule.AnySet),
            // FIELD_RETURN_PATTERN: on i.MX8MP the whole word counts. 0x28001401 is burnt, and bit 2 is set in the factory.
            FieldReturn = [new(0x8c, uint.MaxValue, 0x28001405, Only: "fsl,imx8mp"), new(0x8c, 1, 1)],
            HasCaam = true,
            Recipe = HukRecipe.CaamBlob,
            Remedy = CaamRemedy,
        },
        new()
        {
            Id = "imx8x",
            Name = "NXP i.MX8QM, 8QXP, 8DXL",
            Platform = "plat-imx",
            Compatible = "fsl,imx8qm fsl,imx8qxp fsl,imx8dxl",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = CaamHow(),
            Since = CaamSince,
            Option = CaamOption,
            Unprovisioned = CaamUnprovisioned(),
            LifeCycle = Code(
                "Only the security controller tells (0x20 open, 0x80 closed); mainline Linux has no file for it. U-Boot's ahab_status "
                + "shows it.",
                "u-boot arch/arm/mach-imx/imx8/ahab.c"),
            HasCaam = true,
            Recipe = HukRecipe.CaamBlob,
            Remedy = "Build OP-TEE with CFG_NXP_CAAM=y, burn the key hash and run ahab_close before anything is sealed.",
        },
        new()
        {
            Id = "layerscape",
            Name = "NXP Layerscape",
            Platform = "plat-ls",
            Compatible =
                "fsl,ls1012a* fsl,ls1021a* fsl,ls1028a* fsl,ls1043a* fsl,ls1046a* fsl,ls1088a* fsl,ls208* fsl,lx2160a* fsl,lx2162a*",
            Secret = HukSecret.Chip,
            Default = HukDefault.Off,
            How = CaamHow(),
            Since = "CAAM from 3.13; 3.1 to 3.12 asked the firmware (CFG_HW_UNQ_KEY_REQUEST)",
            Option = CaamOption,
            Unprovisioned = CaamUnprovisioned(),
            LifeCycle = Code(
                "nvmem fsl-sfp, offset 0, bit 2 (ITS): set when secure boot is enforced; the RCW bit SB_EN enables it for a boot",
                "u-boot fsl_chain_of_trust.c, linux drivers/nvmem/layerscape-sfp.c"),
            Fuse = new("fsl-sfp", 0, 1 << 2, FuseRule.AnySet),
            HasCaam = true,
            Recipe = HukRecipe.CaamBlob,
            Remedy = "Build OP-TEE with CFG_NXP_CAAM=y, burn OTPMK and the key hash, and set ITS.",
        },
    ];
}
