using Sealdisk.Audit.Device;
using Sealdisk.Cli;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>What must hold before a key is sealed: nothing passes that is not known, and nothing is done before.</summary>
public sealed class GateTests
{
    private static readonly byte[] OwnHuk = RootTree.Made(16, 77);

    [Theory]
    [InlineData("stm32mp15-closed", "closed")]
    [InlineData("stm32mp15-closed", "closed\", \"lockdown\", \"dev-mem")]
    [InlineData("pc-tpm-secure-boot", "uefi-secure-boot")]
    [InlineData("stm32mp15-closed", "iommu")] // no bus to attack: it does not apply, and so is not open
    [InlineData("imx6ull-closed-dcp", "huk-source")]
    public void A_requirement_that_is_met_lets_the_volume_pass(string tree, string require) => Check(tree, require, OwnHuk);

    [Theory]
    [InlineData("stm32mp25-open", "closed", "'closed' is required, but STM32MP2 is open")]
    [InlineData("imx93", "closed", "'closed' is required, but is not known to be met: ")]
    [InlineData("nothing", "dev-mem", "'dev-mem' is required, but is not known to be met: ")]
    [InlineData("pc-tpm-setup-mode", "uefi-secure-boot", "setup mode")]
    [InlineData("pc-tpm-secure-boot", "closed", "'closed' is required, but does not apply here: a PC has no life cycle")]
    [InlineData("stm32mp15-closed", "uefi-secure-boot", "does not apply here: the system did not boot through UEFI")]
    [InlineData("imx7d-field-return", "closed", "opened again for field return")]
    [InlineData("am625-hs", "huk-source", "'huk-source' is required, but is not known to be met: ")]
    public void A_requirement_that_fails_or_is_unknown_refuses_the_volume(string tree, string require, string words)
    {
        var refusal = Assert.Throws<SealdiskException>(() => Check(tree, require, OwnHuk));
        Assert.Equal(ExitCode.Refused, refusal.Code);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith("nothing was written; ", refusal.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_public_huk_refuses_the_volume_and_another_lets_it_pass()
    {
        Check("stm32mp15-closed", "huk-unknown", OwnHuk);
        var refusal = Assert.Throws<SealdiskException>(() => Check("stm32mp15-closed", "huk-unknown", new byte[16]));
        Assert.Equal(ExitCode.Refused, refusal.Code);
        Assert.Contains("opens under a HUK that is public", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>CAAM and DCP show what they seal with only when they seal: what the log said before then counts for nothing.</summary>
    [Theory]
    [InlineData("imx6q-unused-caam", "caam", "caam-key", "CAAM seals with NXP's test key")]
    [InlineData("imx6ull-skipped-dcp", "dcp", "dcp-key", "told not to test the DCP's key")]
    [InlineData("imx6q-closed-caam", "caam", "caam-key", null)]
    [InlineData("imx6ull-closed-dcp", "dcp", "dcp-key", null)]
    // A chip that the catalogue does not know is no way around it.
    [InlineData("unknown-arm", "caam", "caam-key", "the kernel log cannot be read")]
    [InlineData("unknown-arm", "auto", "dcp-key", "the command line")]
    public void The_key_that_caam_or_dcp_seals_with_is_found_by_a_trial_seal(string tree, string source, string require, string? words) =>
        InTree(tree, (folder, root) =>
    {
        var tried = 0;
        var spec = Spec(require) with { Source = TrustSourceText.TryParse(source, out var parsed) ? parsed : default };
        var refusal = Record.Exception(() => Gate.Check(spec, root, () =>
        {
            tried++;
            if (tree == "imx6q-unused-caam")
                File.AppendAllText(
                    Path.Combine(folder, ".capture/dmesg"),
                    "\ncaam_jr 2101000.jr: using insecure test key, enable HAB to use unique device key!");
            if (tree == "unknown-arm")
                File.Delete(Path.Combine(folder, "proc/cmdline"));
            return SealedBlob.Of(require == "caam-key" ? RootTree.Made(112, 5) : ConstructedRoots.Dcp());
        }));
        Assert.Equal(1, tried);
        Assert.Equal(words is null ? null : ExitCode.Refused, (refusal as SealdiskException)?.Code);
        if (words is not null && tree != "unknown-arm")
            Assert.Contains(words, refusal!.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void No_trial_key_is_sealed_unless_a_requirement_asks_for_it() => Check("stm32mp15-closed", "closed", null);

    [Fact]
    public void Requirements_are_checked_first_in_a_first_boot()
    {
        var spec = Spec("closed\", \"huk-unknown");
        var observed = new Observed { DeviceSize = 64 << 20, Source = TrustSource.Tee, Content = new Content.Blank() };
        Assert.Equal("verify that the device meets closed, huk-unknown", PlanText.Intent(Planner.For(spec, observed).Steps[0]));
        Assert.DoesNotContain(Planner.For(spec with { Require = [] }, observed).Steps, step => step is Step.MeetRequirements);
        var image = Planner.For(Spec("closed", "/images/x\"\nsize = \"64MiB"), observed with { DeviceSize = null, Content = null });
        Assert.IsType<Step.MeetRequirements>(image.Steps[0]);
    }

    /// <summary>What a record keeps of it, and what is compared with it later.</summary>
    [Theory]
    [InlineData("stm32mp15-closed", "closed (stm32mp15: /sys/bus/nvmem/devices/stm32-romem0/nvmem offset 0x0: 0x00000040, mask 0x40)")]
    [InlineData("stm32mp15-blank-uid", "open (stm32mp15: /sys/bus/nvmem/devices/stm32-romem0/nvmem offset 0x0: 0x00000000, mask 0x40)")]
    [InlineData("imx8mp-closed", "closed (imx8m: /sys/bus/nvmem/devices/imx-ocotp0/nvmem offset 0x1c: 0x02000000, mask 0x2000000)")]
    [InlineData("pc-tpm-secure-boot", "unknown")]
    [InlineData("nothing", "unknown")]
    public void The_life_cycle_is_a_word_and_the_evidence_for_it(string tree, string text) =>
        InTree(tree, root => Assert.Equal(text, Platform.Of(root).LifeCycle(root).Words));

    [Theory]
    [InlineData("open", "closed", "was open when the key was sealed and is closed now")]
    [InlineData("closed", "open", "was closed when the key was sealed and is open now")]
    [InlineData("open", "open", null)]
    [InlineData("none", "closed", null)]
    [InlineData("unknown", "closed", null)]
    [InlineData("open", "unknown", null)]
    public void A_key_that_no_longer_opens_is_explained_by_the_changed_life_cycle(string then, string now, string? words)
    {
        var problem = SealdiskException.DoesNotOpen("cannot unseal", "hint");
        var change = ChipLifeCycle.Change(State(then), State(now));
        Assert.Equal(words is null, change is null);
        if (words is null)
            return;
        var explained = ChipLifeCycle.Because(problem, change!);
        Assert.Equal(ExitCode.DoesNotOpen, explained.Code);
        Assert.StartsWith("cannot unseal; the chip ", explained.Message, StringComparison.Ordinal);
        Assert.Contains(words, explained.Message, StringComparison.Ordinal);
    }

    private static ChipState State(string word)
    {
        Assert.True(ChipStateText.TryParse(word, out var state));
        return state;
    }

    private static void Check(string tree, string require, byte[]? huk) => InTree(
        tree,
        root => Gate.Check(
            Spec(require),
            root,
            () => SealedBlob.Of(RootTree.Sealed(huk ?? throw new InvalidOperationException("nobody asked for it")))));

    private static void InTree(string tree, Action<SystemRoot> look) => InTree(tree, (_, root) => look(root));

    private static void InTree(string tree, Action<string, SystemRoot> look)
    {
        var folder = Directory.CreateTempSubdirectory("sealdisk-root-").FullName;
        try
        {
            ConstructedRoots.All[tree].WriteTo(folder);
            look(folder, new SystemRoot(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static VolumeSpec Spec(string require, string device = "/dev/vda") =>
        SealdiskConfiguration.Parse(
            $"[volume.data]\ndevice = \"{device}\"\nsource = \"tee\"\nrequire = [\"{require}\"]\n",
            "t.toml",
            Checks.Requirable).Volumes[0];
}
