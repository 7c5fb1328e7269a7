namespace Sealdisk.OpTee.Huk;

public static partial class HukCatalogue
{
    /// <summary>Platforms for which OP-TEE's own tree has no HUK: all zeros, as its default build allows (CFG_INSECURE=y).</summary>
    private static HukFamily[] WithoutSource() =>
    [
        Without("qemu", "QEMU virt, FVP, Juno", "plat-vexpress", "linux,dummy-virt arm,vexpress* arm,juno* arm,fvp* arm,foundation-*") with
        {
            IsVirtual = true,
        },
        Without("raspberrypi", "Raspberry Pi", "plat-rpi3, plat-rpi5", "raspberrypi,* brcm,bcm283* brcm,bcm2711 brcm,bcm2712"),
        Without("rockchip", "Rockchip other than RK3588", "plat-rockchip", "rockchip,*"),
        Without("sama7g5", "Microchip SAMA7G5", "plat-sam", "microchip,sama7*"),
        Without("tegra", "NVIDIA Tegra T234, T264", "plat-tegra", "nvidia,tegra*"),
        Without("zynq7000", "AMD Zynq-7000", "plat-zynq7k", "xlnx,zynq-7000 xlnx,zynq-*"),
        Without("renesas", "Renesas R-Car, RZ/G, RZ/N1", "plat-rcar, plat-rzg, plat-rzn1", "renesas,*"),
        Without("allwinner", "Allwinner", "plat-sunxi", "allwinner,*"),
        Without("amlogic", "Amlogic", "plat-amlogic", "amlogic,*"),
        Without(
            "hisilicon",
            "HiSilicon (HiKey, Poplar, D02, D06)",
            "plat-hikey, plat-hisilicon, plat-poplar, plat-d02, plat-d06",
            "hisilicon,*"),
        Without("socionext", "Socionext UniPhier, SynQuacer", "plat-uniphier, plat-synquacer", "socionext,*"),
        Without("aspeed", "ASPEED", "plat-aspeed", "aspeed,*"),
        Without("broadcom", "Broadcom Stingray", "plat-bcm", "brcm,stingray* brcm,ns2*"),
        Without(
            "riscv",
            "RISC-V (spike, virt, SiFive, CVA6)",
            "plat-spike, plat-virt, plat-sifive, plat-cva6",
            "riscv-virtio ucbbar,spike* sifive,* starfive,* openhwgroup,*"),
    ];

    private static HukFamily Without(string id, string name, string platform, string compatible) => new()
    {
        Id = id,
        Name = name,
        Platform = platform,
        Compatible = compatible,
        Secret = HukSecret.None,
        Default = HukDefault.Absent,
        How = Code(
            "OP-TEE's own tree has no HUK source for this platform; a maker's tree may have one.",
            "optee_os, definitions of tee_otp_get_hw_unique_key"),
        Since = "-",
        Option = "none (CFG_INSECURE=y, the default, lets such a build pass; it warns on the secure console only)",
        Unprovisioned = Code("All zeros.", "optee_os core/kernel/otp_stubs.c, mk/config.mk"),
        LifeCycle = NoLifeCycle,
        Recipe = HukRecipe.AllZeros,
        Remedy =
            "Give the port a HUK source of its own, or use another trust source; audit a blob to see whether the vendor's OP-TEE has "
            + "one.",
    };
}
