using Sealdisk.OpTee.Huk;

namespace Sealdisk.Tests.OpTee.Huk;

public sealed class HukCatalogueTests
{
    [Fact]
    public void Every_record_is_whole_and_every_name_its_own()
    {
        var ids = HukCatalogue.Families.Select(family => family.Id);
        Assert.Equal(HukCatalogue.Families.Count, ids.Distinct(StringComparer.Ordinal).Count());
        foreach (var family in HukCatalogue.Families)
        {
            Assert.Matches("^[a-z0-9]+$", family.Id);
            foreach (var fact in new[] { family.How, family.Unprovisioned, family.LifeCycle })
            {
                Assert.EndsWith(family.LifeCycle == fact ? fact.Text[^1..] : ".", fact.Text, StringComparison.Ordinal);
                Assert.NotEmpty(fact.Source);
            }
            Assert.EndsWith(".", family.Remedy, StringComparison.Ordinal);
            Assert.NotEmpty(family.Option);
            Assert.Same(family, HukCatalogue.Find(family.Id));
            Assert.Equal(family.Fuse is not null, family.LifeCycle.Text.StartsWith("nvmem ", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("stm32mp15", "st,stm32mp157c-dk2", "st,stm32mp157")]
    [InlineData("stm32mp13", "st,stm32mp135f-dk", "st,stm32mp135")]
    [InlineData("stm32mp2", "st,stm32mp257f-ev1", "st,stm32mp257")]
    [InlineData("zynqmp", "xlnx,zynqmp-zcu102-rev1.0", "xlnx,zynqmp")]
    [InlineData("versal", "xlnx,versal-vck190-rev1.1", "xlnx,versal")]
    [InlineData("imx6ull", "fsl,imx6ull-14x14-evk", "fsl,imx6ull")]
    [InlineData("imx6", "fsl,imx6ul-14x14-evk", "fsl,imx6ul")]
    [InlineData("imx6", "fsl,imx6q-sabresd", "fsl,imx6q")]
    [InlineData("imx7", "fsl,imx7d-sdb", "fsl,imx7d")]
    [InlineData("imx8m", "toradex,verdin-imx8mp-wifi-dev", "fsl,imx8mp")]
    [InlineData("imx93", "fsl,imx93-11x11-evk", "fsl,imx93")]
    [InlineData("k3", "ti,am625-sk", "ti,am625")]
    [InlineData("k3", "ti,am642-evm", "ti,am642")]
    [InlineData("k3", "ti,am654-evm", "ti,am654")]
    [InlineData("dra7", "ti,am572x-beagle-x15", "ti,am5728", "ti,dra742")]
    [InlineData("armada", "marvell,armada8040-mcbin", "marvell,armada8040")]
    [InlineData("rk3588", "radxa,rock-5b", "rockchip,rk3588")]
    [InlineData("rockchip", "pine64,rockpro64", "rockchip,rk3399")]
    [InlineData("raspberrypi", "raspberrypi,4-model-b", "brcm,bcm2711")]
    [InlineData("zynq7000", "xlnx,zynq-zc702", "xlnx,zynq-7000")]
    [InlineData("npcm8xx", "nuvoton,npcm845-evb", "nuvoton,npcm845")]
    [InlineData("qemu", "linux,dummy-virt")]
    public void A_machine_is_known_by_its_device_tree(string family, params string[] compatible) =>
        Assert.Equal(family, HukCatalogue.Of(compatible)?.Id);

    [Fact]
    public void An_unknown_machine_is_no_family() => Assert.Null(HukCatalogue.Of(["acme,anvil", "acme,forge"]));

    [Fact]
    public void What_never_leaves_the_chip_has_no_recipe_and_what_is_in_fuses_has_one()
    {
        foreach (var family in HukCatalogue.Families)
        {
            if (family.Secret != HukSecret.Chip)
                Assert.NotNull(family.Recipe);
            Assert.Equal(family.Secret == HukSecret.None, family.Recipe == HukRecipe.AllZeros);
        }
    }

    /// <summary>As U-Boot's imx_hab_is_enabled() decides it (arch/arm/mach-imx/hab.c).</summary>
    [Theory]
    [InlineData("fsl,imx6q", 0xb8, 1, true)]
    [InlineData("fsl,imx6ull", 0xb8, 1, true)]
    [InlineData("fsl,imx7d", 0x8c, 1, true)]
    [InlineData("fsl,imx7ulp", 0x138, 1, true)]
    [InlineData("fsl,imx8mm", 0x8c, 0xffffffff, true)]
    [InlineData("fsl,imx8mm", 0x8c, 0xfffffffe, false)]
    [InlineData("fsl,imx8mp", 0x8c, 0x28001405, true)]
    [InlineData("fsl,imx8mp", 0x8c, 0x28001401, false)]
    [InlineData("fsl,imx8mp", 0x8c, 0x28001407, false)]
    [InlineData("fsl,imx8mp", 0x8c, 5, false)]
    [InlineData("fsl,imx8mp", 0x8c, 4, false)]
    public void Field_return_opens_a_closed_chip(string compatible, int offset, uint word, bool opens)
    {
        var fuse = HukCatalogue.Of([compatible])?.FieldReturnOf([compatible]);
        Assert.Equal((offset, opens), (fuse?.Offset, fuse?.IsSetIn(word)));
    }

    [Fact]
    public void Other_chips_have_no_field_return() => Assert.Null(HukCatalogue.Find("stm32mp15")?.FieldReturnOf(["st,stm32mp157"]));
}
