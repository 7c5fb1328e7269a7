using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using static Sealdisk.Tests.Lifecycle.Situation;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>Plans of several volumes in one run: each says what its own 'up' will find, which is what the ones before have made.</summary>
public sealed class EarlierVolumesTests
{
    private const uint Parent = 0x81000001;

    private static readonly Observed New = Holding(new Content.Blank()) with { Source = TrustSource.Tpm, ParentToMake = Parent };

    [Fact]
    public void The_first_volume_makes_root_key_and_parent_and_the_others_use_them()
    {
        var earlier = new EarlierVolumes();
        Assert.Equal(("MakeParent MakeTwoLevelKey", null), Keys(earlier, Spec("a", "b", "c"), New));
        Assert.Equal(("MakeTwoLevelKey", "a"), Keys(earlier, Spec("b", "a", "c"), New));
        Assert.Equal(("MakeTwoLevelKey", "a"), Keys(earlier, Spec("c", "a", "b"), New));
    }

    [Fact]
    public void In_another_order_another_volume_is_the_first()
    {
        var earlier = new EarlierVolumes();
        Assert.Equal(("MakeParent MakeTwoLevelKey", null), Keys(earlier, Spec("b", "a"), New));
        Assert.Equal(("MakeTwoLevelKey", "b"), Keys(earlier, Spec("a", "b"), New));
    }

    [Fact]
    public void An_existing_root_key_is_used_like_one_to_be_made()
    {
        var earlier = new EarlierVolumes();
        var key = new EncryptedKeyText("default", "trusted:sealdisk:root-1", 64, new byte[16], new byte[64], new byte[32]);
        var shared = new SealedKey.TwoLevel(SealedBlob.Of([0]), key) { Made = KeyCustody.Kernel };
        var found = New with { ParentToMake = null, SharedRoot = new SharedRoot("c", shared) };
        Assert.Equal(("MakeTwoLevelKey", "c"), Keys(earlier, Spec("b", "a", "c"), found));
        // Looking finds the first of the configuration.
        Assert.Equal(("MakeTwoLevelKey", "b"), Keys(earlier, Spec("a", "b", "c"), found));
    }

    [Fact]
    public void A_volume_that_is_refused_or_of_another_source_shares_nothing()
    {
        var earlier = new EarlierVolumes();
        Assert.Equal(("", null), Keys(earlier, Spec("a", "b", "c"), New with { UsedBy = "it is mounted on /mnt" }));
        Assert.Equal(
            ("MakeTwoLevelKey", null),
            Keys(earlier, Spec("b", "a", "c"), New with { Source = TrustSource.Soft, ParentToMake = null }));
        Assert.Equal(("MakeParent MakeTwoLevelKey", null), Keys(earlier, Spec("c", "a", "b"), New));
    }

    [Fact]
    public void Trusted_keys_share_only_the_parent()
    {
        var earlier = new EarlierVolumes();
        var trusted = Volume with { Source = TrustSource.Tpm };
        Assert.Equal(("MakeParent SealNewKey", null), Keys(earlier, trusted, New));
        Assert.Equal(("SealNewKey", null), Keys(earlier, trusted with { Name = "b" }, New));
        Assert.Equal(
            ("MakeParent SealNewKey", null),
            Keys(
                earlier,
                trusted with { Name = "c", Tpm = TpmSettings.Default with { Parent = 0x81000010 } },
                New with { ParentToMake = 0x81000010 }));
    }

    private static VolumeSpec Spec(string name, params string[] others) =>
        Volume with
        {
            Name = name,
            Source = TrustSource.Tpm,
            Key = KeyKind.Encrypted,
            RootVolumes = [.. others.Select(other => new RecordPlace(other, $"/dev/{other}", null))],
        };

    private static (string Steps, string? SharedWith) Keys(EarlierVolumes earlier, VolumeSpec spec, Observed observed)
    {
        var foreseen = earlier.Foresee(spec, observed);
        var plan = Planner.For(spec, foreseen);
        earlier.Add(spec, foreseen, plan);
        return (
            string.Join(' ', plan.Steps
                .Where(step => step is Step.MakeParent or Step.MakeTwoLevelKey or Step.SealNewKey)
                .Select(step => step.GetType().Name)),
            plan.Steps.OfType<Step.MakeTwoLevelKey>().SingleOrDefault()?.SharedWith);
    }
}
