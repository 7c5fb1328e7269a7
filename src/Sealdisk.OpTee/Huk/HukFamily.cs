namespace Sealdisk.OpTee.Huk;

/// <summary>How sure a statement of the catalogue is.</summary>
public enum Certainty
{
    /// <summary>Read in the source code that does it.</summary>
    Code,

    /// <summary>Stated by a maker's or project's document.</summary>
    Documented,

    /// <summary>Concluded from the two above; neither stated nor measured.</summary>
    Inferred,
}

/// <summary>A statement, its source, and how sure it is.</summary>
public sealed record Fact(string Text, string Source, Certainty Certainty);

/// <summary>Where the secret behind a family's HUK is, and so who can compute the HUK.</summary>
public enum HukSecret
{
    /// <summary>OP-TEE's own tree has no HUK for this platform: it is all zeros, public.</summary>
    None,

    /// <summary>In fuses that software can read, or in a value that the device's maker may know: computable from it.</summary>
    Fuses,

    /// <summary>In hardware that gives it to no software: the HUK cannot be computed outside the chip.</summary>
    Chip,
}

/// <summary>What OP-TEE's own tree does if the integrator sets nothing.</summary>
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

/// <summary>
/// One processor family: how OP-TEE gets its HUK there, and what can be known of it. Every fact that depends on the family is a property
/// here; no other code decides by <see cref="Id"/>.
/// </summary>
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

    /// <summary>What happens if the integrator sets nothing.</summary>
    public required HukDefault Default { get; init; }

    /// <summary>How OP-TEE gets the HUK.</summary>
    public required Fact How { get; init; }

    /// <summary>From which OP-TEE release, and what changed.</summary>
    public required string Since { get; init; }

    /// <summary>The option that enables it, and its default.</summary>
    public required string Option { get; init; }

    /// <summary>What the HUK is while nothing is burnt or the chip is open.</summary>
    public required Fact Unprovisioned { get; init; }

    /// <summary>How Linux shows the life cycle.</summary>
    public required Fact LifeCycle { get; init; }

    /// <summary>The same for a program; null if Linux shows no such fuse.</summary>
    public LifeCycleFuse? Fuse { get; init; }

    /// <summary>The fuses that open a closed chip again; a rule for one chip comes before the rule for the others.</summary>
    public IReadOnlyList<FieldReturnFuse> FieldReturn { get; init; } = [];

    /// <summary>How the HUK is computed outside the chip; null if its secret never leaves the chip.</summary>
    public required HukRecipe? Recipe { get; init; }

    /// <summary>The unique identifier, if it goes into the HUK and Linux shows it; else null.</summary>
    public NvmemRange? Uid { get; init; }

    /// <summary>The device DNA, if it goes into the HUK and Linux shows it; else null.</summary>
    public NvmemRange? Dna { get; init; }

    /// <summary>Why the HUK is weak on every device, in words that fit behind the family's name; null if it need not be.</summary>
    public string? Weakness { get; init; }

    /// <summary>Why blobs match no model of OP-TEE's generic key derivation; null if they do.</summary>
    public string? OtherDerivation { get; init; }

    /// <summary>Whether it has NXP's CAAM, which can back the kernel's trusted keys.</summary>
    public bool HasCaam { get; init; }

    /// <summary>Whether it has NXP's DCP, which can back the kernel's trusted keys.</summary>
    public bool HasDcp { get; init; }

    /// <summary>Whether it is a machine without hardware, which has no life cycle.</summary>
    public bool IsVirtual { get; init; }

    /// <summary>What an integrator does about it.</summary>
    public required string Remedy { get; init; }

    /// <summary>The rule of field return for the machine with these device-tree strings; null if there is none.</summary>
    public FieldReturnFuse? FieldReturnOf(IReadOnlyList<string> compatible)
    {
        ArgumentNullException.ThrowIfNull(compatible);
        foreach (var fuse in FieldReturn)
        {
            if (fuse.Only is null || compatible.Contains(fuse.Only, StringComparer.Ordinal))
                return fuse;
        }
        return null;
    }

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

    /// <summary>Short, since the text that a record makes of all its members stays in the binary whether it is used or not.</summary>
    public override string ToString() => Name;
}
