using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Support;

/// <summary>
/// Systems made from what is documented of each family: open, closed, unprovisioned. None was captured from a device. They are the source
/// of tests/roots/NAME/tree; trees that were captured have no entry here.
/// </summary>
internal static class ConstructedRoots
{
    private static readonly byte[] OwnHuk = RootTree.Made(16, 77);

    public static IReadOnlyDictionary<string, RootTree> All { get; } = new SortedDictionary<string, RootTree>(StringComparer.Ordinal)
    {
        ["stm32mp15-blank-uid"] = new RootTree("STM32MP15, open, blank fuses, HUK derived from the UID: computable by anybody")
            .Machine("STMicroelectronics STM32MP157C-DK2 Discovery Board", "st,stm32mp157c-dk2", "st,stm32mp157")
            .Fuses("stm32-romem0", (0, 0), (0x34, 0x0022001d), (0x38, 0x31385106), (0x3c, 0x30383033)).OpTee().DevelopmentKernel()
            .Volume(
                "data",
                TrustSource.Tee,
                RootTree.Sealed(Stm32Uid()),
                "open (stm32mp15: /sys/bus/nvmem/devices/stm32-romem0/nvmem offset 0x0: 0x00000000, mask 0x40)"),
        ["stm32mp15-closed"] = new RootTree("STM32MP15, closed, fuses burnt")
            .Machine("ACME gateway", "acme,gateway", "st,stm32mp153")
            .Fuses("stm32-romem0", (0, 0x40), (0x34, 0x0022001d), (0x38, 0x31385106), (0x3c, 0x30383033))
            .OpTee()
            .HardenedKernel()
            .Volume(
                "data",
                TrustSource.Tee,
                RootTree.Sealed(OwnHuk),
                "closed (stm32mp15: /sys/bus/nvmem/devices/stm32-romem0/nvmem offset 0x0: 0x00000040, mask 0x40)"),
        ["stm32mp13-closed"] = new RootTree("STM32MP135F, closed, SAES in use: no model applies")
            .Machine("STMicroelectronics STM32MP135F-DK Discovery Board", "st,stm32mp135f-dk", "st,stm32mp135")
            .Fuses("stm32-romem0", (0, 0x3f))
            .OpTee()
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk), "closed"),
        ["stm32mp13-open-no-saes"] = new RootTree("STM32MP135A, open, no SAES: OP-TEE fell back to a HUK of zeros")
            .Machine("ACME sensor", "acme,sensor", "st,stm32mp135")
            .Fuses("stm32-romem0", (0, 0x17))
            .OpTee("4.2")
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["stm32mp25-open"] = new RootTree("STM32MP25, open, OP-TEE's own tree: no HUK source")
            .Machine("STMicroelectronics STM32MP257F-EV1 Evaluation Board", "st,stm32mp257f-ev1", "st,stm32mp257")
            .Fuses("stm32-romem0", (0x48, 0))
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["zynqmp-unauthenticated"] = new RootTree("Zynq UltraScale+, boot not authenticated: the HUK is a digest of the DNA")
            .Machine("ZynqMP ZCU102 Rev1.0", "xlnx,zynqmp-zcu102-rev1.0", "xlnx,zynqmp-zcu102", "xlnx,zynqmp")
            .Fuses("zynqmp-nvmem0", (0xc, 0x01020304), (0x10, 0x05060708), (0x14, 0x090a0b0c), (0x58, 0)).OpTee().DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(ZynqDevelopment())),
        ["zynqmp-authenticated"] = new RootTree("Zynq UltraScale+, RSA_EN burnt, PUF registered")
            .Machine("ACME radio", "acme,radio", "xlnx,zynqmp")
            .Fuses("zynqmp-nvmem0", (0xc, 0x01020304), (0x10, 0x05060708), (0x14, 0x090a0b0c), (0x58, 3 << 24))
            .OpTee()
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk), "closed"),
        ["zynqmp-no-efuse-access"] = new RootTree("Zynq UltraScale+ whose PMU firmware gives no access to the fuses")
            .Machine("ACME radio", "acme,radio", "xlnx,zynqmp")
            .Text("/sys/bus/nvmem/devices/zynqmp-nvmem0/uevent", "")
            .Error("/sys/bus/nvmem/devices/zynqmp-nvmem0/nvmem", "EOPNOTSUPP")
            .OpTee().HardenedKernel().Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["versal-default"] = new RootTree("Versal with OP-TEE's default key source: the DNA cannot be read, so nothing is proven")
            .Machine("Xilinx Versal vck190 Eval board revA", "xlnx,versal-vck190-rev1.1", "xlnx,versal")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(VersalDevelopment())),
        ["imx6q-open-caam"] = new RootTree("i.MX6Q, open, kernel trusted keys from CAAM with NXP's test key")
            .Machine("Freescale i.MX6 Quad SABRE Smart Device Board", "fsl,imx6q-sabresd", "fsl,imx6q")
            .Fuses("imx-ocotp0", (0x18, 0))
            .DevelopmentKernel()
            .Log(
                "Booting Linux on physical CPU 0x0",
                "caam 2100000.crypto: Entropy delay = 3200",
                "caam_jr 2101000.jr: using insecure test key, enable HAB to use unique device key!")
            .Volume("data", TrustSource.Caam, RootTree.Made(112, 5)),
        ["imx6ull-open-dcp"] = new RootTree("i.MX6ULL, open: the DCP's key reads as zeros, so OP-TEE's HUK is a constant")
            .Machine("Freescale i.MX6 UlltraLite 14x14 EVK Board", "fsl,imx6ull-14x14-evk", "fsl,imx6ull")
            .Fuses("imx-ocotp0", (0x18, 0))
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(DcpZero())),
        ["imx6ull-closed-dcp"] = new RootTree("i.MX6ULL, closed, kernel trusted keys from DCP")
            .Machine("ACME meter", "acme,meter", "fsl,imx6ull").Fuses("imx-ocotp0", (0x18, 2)).HardenedKernel()
            .Log("Booting Linux on physical CPU 0x0", "mxs-dcp 2280000.crypto: registered")
            .Volume("data", TrustSource.Dcp, Dcp(), "closed"),
        ["imx6ull-skipped-dcp"] = new RootTree("i.MX6ULL whose kernel was told not to test the DCP's key")
            .Machine("ACME meter", "acme,meter", "fsl,imx6ull")
            .Fuses("imx-ocotp0", (0x18, 0))
            .DevelopmentKernel("console=ttymxc0,115200 root=/dev/mmcblk1p2 trusted.source=dcp trusted.dcp_skip_zk_test")
            .Log("Booting Linux on physical CPU 0x0").Volume("data", TrustSource.Dcp, Dcp()),
        ["imx6ull-no-key-dcp"] = new RootTree(
            "i.MX6ULL, open, trusted.source=dcp: the kernel found a key of zeros and offers no trusted keys")
            .Machine("Freescale i.MX6 UlltraLite 14x14 EVK Board", "fsl,imx6ull-14x14-evk", "fsl,imx6ull")
            .Fuses("imx-ocotp0", (0x18, 0))
            .DevelopmentKernel("console=ttymxc0,115200 root=/dev/mmcblk1p2 trusted.source=dcp")
            .Log(
                "Booting Linux on physical CPU 0x0",
                "trusted_key: Device neither in secure nor trusted mode!",
                "trusted_key: Test for zero'ed keys failed: -22"),
        ["imx6q-closed-caam"] = new RootTree("i.MX6Q, closed, a volume sealed by CAAM and open")
            .Machine("ACME panel", "acme,panel", "fsl,imx6q").Fuses("imx-ocotp0", (0x18, 2)).HardenedKernel()
            .Log("Booting Linux on physical CPU 0x0", "caam 2100000.crypto: Entropy delay = 3200")
            .Volume("data", TrustSource.Caam, RootTree.Made(112, 5), "closed"),
        ["imx6q-unused-caam"] = new RootTree(
            "i.MX6Q, open, a volume sealed by CAAM that has not been opened since the boot: the driver has had no reason to warn yet")
            .Machine("Freescale i.MX6 Quad SABRE Smart Device Board", "fsl,imx6q-sabresd", "fsl,imx6q")
            .Fuses("imx-ocotp0", (0x18, 0))
            .DevelopmentKernel()
            .Log("Booting Linux on physical CPU 0x0", "caam 2100000.crypto: Entropy delay = 3200")
            .Volume("data", TrustSource.Caam, RootTree.Made(112, 5)),
        ["imx7d-field-return"] = new RootTree("i.MX7D that was closed and opened again for field return")
            .Machine("Freescale i.MX7 SabreSD Board", "fsl,imx7d-sdb", "fsl,imx7d")
            .Fuses("imx-ocotp0", (0x1c, 1 << 25), (0x8c, 1))
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["imx8mm-open-no-option"] = new RootTree("i.MX8MM, open, OP-TEE built without CFG_NXP_CAAM: a HUK of zeros")
            .Machine("FSL i.MX8MM EVK board", "fsl,imx8mm-evk", "fsl,imx8mm")
            .Fuses("imx-ocotp0", (0x1c, 0))
            .OpTee(null)
            .Log("Booting Linux on physical CPU 0x0000000000 [0x410fd034]", "optee: revision 4.0 (2a5b1d12)")
            .DevelopmentKernel("console=ttymxc1,115200 root=/dev/mmcblk2p2 rw rd.break crashkernel=128M")
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["imx8mp-closed"] = new RootTree("i.MX8MP, closed, HUK from CAAM")
            .Machine("Toradex Verdin iMX8M Plus WB on Verdin Development Board", "toradex,verdin-imx8mp-wifi-dev", "fsl,imx8mp")
            .Fuses("imx-ocotp0", (0x1c, 1 << 25))
            .OpTee("4.6")
            .HardenedKernel()
            .Log("Booting Linux on physical CPU 0x0000000000 [0x410fd034]", "caam 30900000.crypto: device ID = 0x0a16040200000100")
            .Volume(
                "data",
                TrustSource.Tee,
                RootTree.Sealed(OwnHuk),
                "closed (imx8m: /sys/bus/nvmem/devices/imx-ocotp0/nvmem offset 0x1c: 0x02000000, mask 0x2000000)"),
        ["imx8qxp"] = new RootTree("i.MX8QXP: only the security controller knows the life cycle")
            .Machine("Freescale i.MX8QXP MEK", "fsl,imx8qxp-mek", "fsl,imx8qxp")
            .OpTee()
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["imx93"] = new RootTree("i.MX93: only the EdgeLock Enclave knows the life cycle")
            .Machine("NXP i.MX93 11X11 EVK board", "fsl,imx93-11x11-evk", "fsl,imx93")
            .OpTee("4.4")
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["imx8ulp-zero"] = new RootTree("i.MX8ULP: OP-TEE's own tree has no HUK source")
            .Machine("NXP i.MX8ULP EVK", "fsl,imx8ulp-evk", "fsl,imx8ulp")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["ls1046a-closed"] = new RootTree("Layerscape LS1046A with ITS burnt")
            .Machine("LS1046A RDB Board", "fsl,ls1046a-rdb", "fsl,ls1046a")
            .Fuses("fsl-sfp0", (0, 4))
            .OpTee()
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk), "closed"),
        ["am625-gp"] = new RootTree("TI AM625, general purpose: the firmware derives nothing and leaves zeros")
            .Machine("Texas Instruments AM625 SK", "ti,am625-sk", "ti,am625")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["am625-hs"] = new RootTree("TI AM625, high security")
            .Machine("ACME charger", "acme,charger", "ti,am625")
            .OpTee()
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["am572x"] = new RootTree("TI AM572x whose ROM passed zeros")
            .Machine("TI AM5728 BeagleBoard-X15", "ti,am572x-beagle-x15", "ti,am5728", "ti,dra742", "ti,dra74", "ti,dra7")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["armada8040-zero"] = new RootTree("Marvell Armada 8040: OP-TEE's own tree has no HUK source")
            .Machine(
                "Marvell 8040 MACCHIATOBin Double-shot",
                "marvell,armada8040-mcbin-doubleshot",
                "marvell,armada8040",
                "marvell,armada-ap806-quad")
            .OpTee()
            .DevelopmentKernel()
            .Text("/sys/bus/pci/devices/0000:00:00.0/vendor", "0x11ab").Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["octeontx2-blank"] = new RootTree("Marvell OcteonTX2 with blank fuses")
            .Machine("Marvell OcteonTX2 CN96XX", "marvell,octeontx2-cn96xx")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["sama5d27-blank"] = new RootTree("Microchip SAMA5D27 with blank fuses")
            .Machine("Atmel SAMA5D27-SOM1-EK", "atmel,sama5d27-som1-ek", "atmel,sama5d27")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["rk3588"] = new RootTree("Rockchip RK3588, which burns its own HUK at the first use")
            .Machine("Radxa ROCK 5B", "radxa,rock-5b", "rockchip,rk3588")
            .OpTee("4.8")
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["npcm845"] = new RootTree("Nuvoton NPCM845: a HUK of five bytes, here zeros")
            .Machine("Nuvoton npcm845 Development Board", "nuvoton,npcm845-evb", "nuvoton,npcm845")
            .OpTee()
            .DevelopmentKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(NpcmZero())),
        ["qemu-zero"] = new RootTree("QEMU virt with OP-TEE as it comes: a HUK of zeros")
            .Machine("linux,dummy-virt", "linux,dummy-virt")
            .OpTee(null)
            .DevelopmentKernel("console=ttyAMA0")
            .Log("Booting Linux on physical CPU 0x0000000000 [0x000f0510]", "optee: revision 4.10 (d5001fe0)")
            .Volume("data", TrustSource.Tee, RootTree.Sealed(new byte[16])),
        ["qemu-own-huk"] = new RootTree("QEMU virt with an OP-TEE that has a HUK of its own")
            .Machine("linux,dummy-virt", "linux,dummy-virt")
            .OpTee()
            .HardenedKernel()
            .Volume("data", TrustSource.Tee, RootTree.Sealed(OwnHuk)),
        ["raspberrypi-soft"] = new RootTree(
            "Raspberry Pi 4, two volumes of one software key, cbc-plain, swap file, HUK file for all to read")
            .Machine("Raspberry Pi 4 Model B Rev 1.4", "raspberrypi,4-model-b", "brcm,bcm2711")
            .DevelopmentKernel("console=serial0,115200 root=/dev/mmcblk0p2 rootwait kgdboc=serial0 mitigations=off")
            .Volume(
                "data",
                TrustSource.Soft,
                RootTree.Sealed(OwnHuk, keySize: 32),
                "none: software key",
                "aes-cbc-plain",
                32,
                "discard = true",
                "/boot/huk.hex")
            .Volume("logs", TrustSource.Soft, RootTree.Sealed(OwnHuk, keySize: 32), "none: software key", "aes-cbc-plain", 32)
            .Mode("/boot/huk.hex", "0755")
            .Mode("/etc/sealdisk.toml", "0664", 1000)
            .Text(
                "/proc/swaps",
                "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/var/swap                               file\t\t102396\t\t0\t\t-2")
            .Text(
                "/proc/keys",
                "1b2c3d4e I--Q---     1 perm 3f010000     0     0 logon     sealdisk:data: "
                    + "32\n0a1b2c3d I--Q---     1 perm 1f3f0000     0 65534 keyring   _uid.0: empty")
            .Text("/sys/module/kgdboc/parameters/kgdboc", "serial0"),
        ["pc-tpm-secure-boot"] = new RootTree("A PC with secure boot and a key sealed by its TPM under a policy")
            .Text("/sys/class/dmi/id/sys_vendor", "ACME")
            .Text("/sys/class/dmi/id/product_name", "Box 3000")
            .Bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 6, 0, 0, 0, 1)
            .Bytes("/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c", 6, 0, 0, 0, 0)
            .Text("/sys/class/tpm/tpm0/tpm_version_major", "2")
            .Text("/sys/bus/pci/devices/0000:00:00.0/vendor", "0x8086")
            .Text("/sys/kernel/iommu_groups/0/type", "DMA")
            .HardenedKernel()
            .Volume("data", TrustSource.Tpm, TpmBlob(policy: true), "unknown"),
        ["pc-tpm-setup-mode"] = new RootTree("A PC in setup mode whose TPM unseals for everybody")
            .Text("/sys/class/dmi/id/sys_vendor", "ACME")
            .Text("/sys/class/dmi/id/product_name", "Box 3000")
            .Bytes("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 6, 0, 0, 0, 1)
            .Bytes("/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c", 6, 0, 0, 0, 1)
            .Text("/sys/class/tpm/tpm0/tpm_version_major", "2")
            .Text("/sys/bus/pci/devices/0000:00:00.0/vendor", "0x8086")
            .DevelopmentKernel("root=/dev/sda2 ro trusted.debug=1")
            .Text("/sys/module/trusted/parameters/debug", "Y")
            .Text("/sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable: Clear CPU buffers attempted, no microcode")
            .Volume("data", TrustSource.Tpm, TpmBlob(policy: false)),
        ["unknown-arm"] = new RootTree("A machine that is in no catalogue, without configuration")
            .Machine("ACME anvil", "acme,anvil", "acme,forge")
            .DevelopmentKernel(),
        ["nothing"] = new RootTree("A directory in which nothing can be found").Text("/README", "empty"),
    };

    private static byte[] Stm32Uid()
    {
        var huk = new byte[16];
        HukModels.Stm32Mp15Uid(new byte[16], [0x1d, 0x00, 0x22, 0x00, 0x06, 0x51, 0x38, 0x31, 0x33, 0x30, 0x38, 0x30], huk);
        return huk;
    }

    private static byte[] ZynqDevelopment()
    {
        var huk = new byte[16];
        HukModels.ZynqMpDevelopment([4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9], huk);
        return huk;
    }

    private static byte[] VersalDevelopment()
    {
        var huk = new byte[16];
        HukModels.Versal(HukModels.VersalDevelopmentKey, RootTree.Made(16, 8), huk);
        return huk;
    }

    private static byte[] DcpZero()
    {
        var huk = new byte[16];
        HukModels.Dcp(new byte[16], huk);
        return huk;
    }

    private static byte[] NpcmZero()
    {
        var huk = new byte[16];
        HukModels.Npcm(new byte[5], huk);
        return huk;
    }

    /// <summary>A DCP blob for a key of 64 bytes: version, key, nonce, length, text, tag.</summary>
    public static byte[] Dcp() => [1, .. RootTree.Made(32, 9), 64, 0, 0, 0, .. RootTree.Made(80, 10)];

    /// <summary>The kernel's structure for a TPM 2.0, as trusted_tpm2.c writes it, around made-up content.</summary>
    private static byte[] TpmBlob(bool policy)
    {
        byte[] digest = policy ? RootTree.Made(32, 11) : [];
        byte[] area = [
            0, 8, 0, 0x0b, 0, 0, 0, (byte)(policy ? 0x12 : 0x52), 0, (byte)digest.Length, .. digest, 0, 0x10, 0, 32,
            .. RootTree.Made(32, 12),
        ];
        byte[] secret = RootTree.Made(120, 13);
        byte[] body =
        [
            6, 6, 0x67, 0x81, 5, 0x0a, 1, 5, 0xa0, 3, 1, 1, 1, 2, 5, 0, 0x81, 0, 0, 1,
            4, (byte)(area.Length + 2), 0, (byte)area.Length, .. area, 4, (byte)(secret.Length + 2), 0, (byte)secret.Length, .. secret,
        ];
        return [0x30, 0x81, (byte)body.Length, .. body];
    }
}
