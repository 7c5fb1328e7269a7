namespace Sealdisk.OpTee.Huk;

/// <summary>How sure a statement of the catalogue is.</summary>
public enum Certainty
{
    /// <summary>Read in the source code that does it.</summary>
    Code,

    /// <summary>Stated by a maker's or project's document.</summary>
    Documented,

    /// <summary>Concluded from the two above; nobody has stated or measured it.</summary>
    Inferred,
}

/// <summary>A statement, where it is from and how sure it is.</summary>
public sealed record Fact(string Text, string Source, Certainty Certainty);

/// <summary>Where the secret of a family's HUK is, and so who can compute the HUK.</summary>
public enum HukSecret
{
    /// <summary>OP-TEE's own tree has no HUK for this platform: it is all zeros, public.</summary>
    None,

    /// <summary>In fuses that software can read, or in a value that whoever made the device may know: computable from it.</summary>
    Fuses,

    /// <summary>In hardware that gives it to no software: nobody can compute the HUK outside the chip.</summary>
    Chip,
}

/// <summary>What OP-TEE's own tree does where the integrator sets nothing.</summary>
public enum HukDefault
{
    /// <summary>The HUK comes from the hardware without any option being set.</summary>
    Hardware,

    /// <summary>The option is off: the HUK is all zeros until the integrator sets it.</summary>
    Off,

    /// <summary>There is no option: the HUK is all zeros in OP-TEE's own tree; a maker's tree may differ.</summary>
    Absent,

    /// <summary>The HUK is made of what is public: a development key, or a few readable bytes.</summary>
    Public,
}

/// <summary>How the bits of a life-cycle fuse are read.</summary>
public enum FuseRule
{
    /// <summary>Closed where any bit of the mask is set.</summary>
    AnySet,

    /// <summary>Closed where all bits of the mask are set.</summary>
    AllSet,
}

/// <summary>The fuse that shows the life cycle, as Linux shows it.</summary>
/// <param name="Nvmem">Name of the nvmem device without its number, in /sys/bus/nvmem/devices.</param>
/// <param name="Offset">Byte offset of the 32-bit little-endian word.</param>
/// <param name="Mask">The bits that count.</param>
/// <param name="Rule">How they count.</param>
/// <param name="Doubt">Bits that, set while none of the mask is, leave it undecided; else 0.</param>
public sealed record LifeCycleFuse(string Nvmem, int Offset, uint Mask, FuseRule Rule, uint Doubt = 0);

/// <summary>One processor family: how OP-TEE gets its HUK there, and what can be known of it.</summary>
public sealed record HukFamily
{
    /// <summary>Stable, for scripts and <c>--family</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What its maker calls it.</summary>
    public required string Name { get; init; }

    /// <summary>OP-TEE's platform.</summary>
    public required string Platform { get; init; }

    /// <summary>Device-tree <c>compatible</c> strings of its machines, separated by spaces; one that ends in * is a beginning.</summary>
    public required string Compatible { get; init; }

    /// <summary>Where the secret is.</summary>
    public required HukSecret Secret { get; init; }

    /// <summary>What happens where the integrator sets nothing.</summary>
    public required HukDefault Default { get; init; }

    /// <summary>How OP-TEE gets the HUK.</summary>
    public required Fact How { get; init; }

    /// <summary>From which OP-TEE release, and what changed.</summary>
    public required string Since { get; init; }

    /// <summary>The option that enables it, and its default.</summary>
    public required string Option { get; init; }

    /// <summary>What the HUK is while nothing is burnt or the chip is open.</summary>
    public required Fact Unprovisioned { get; init; }

    /// <summary>How the life cycle is seen from Linux.</summary>
    public required Fact LifeCycle { get; init; }

    /// <summary>The same for a program; null where Linux shows no such fuse.</summary>
    public LifeCycleFuse? Fuse { get; init; }

    /// <summary>What an integrator does about it.</summary>
    public required string Remedy { get; init; }

    /// <summary>Whether a device-tree compatible string is one of this family's.</summary>
    public bool Matches(string compatible)
    {
        foreach (var range in Compatible.AsSpan().Split(' '))
        {
            var word = Compatible.AsSpan(range);
            if (word is [.. var beginning, '*'] ? compatible.AsSpan().StartsWith(beginning) : compatible.AsSpan().SequenceEqual(word))
                return true;
        }
        return false;
    }
}
