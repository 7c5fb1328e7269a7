namespace Sealdisk.OpTee.Huk;

/// <summary>
/// Where OP-TEE gets the HUK, per processor family, as of OP-TEE 4.10 (and its development tree of August 2026, if an entry says "after
/// 4.10"). Rendered as docs/huk-sources.md. A new family is one entry here, and a recipe if its formula is new.
/// </summary>
public static partial class HukCatalogue
{
    private const string FromHead = "after 4.10";

    /// <summary>All families. The more specific ones come first: the first match counts.</summary>
    public static IReadOnlyList<HukFamily> Families { get; } =
        [.. St(), .. Amd(), .. Nxp(), .. NxpNewer(), .. Ti(), .. Others(), .. WithoutSource()];

    /// <summary>The family with an id, or null.</summary>
    public static HukFamily? Find(string id)
    {
        foreach (var family in Families)
        {
            if (family.Id == id)
                return family;
        }
        return null;
    }

    /// <summary>The family of a machine by its device-tree compatible strings, or null.</summary>
    /// <param name="compatible">From the most specific to the most general, as the device tree has them.</param>
    public static HukFamily? Of(IReadOnlyList<string> compatible)
    {
        ArgumentNullException.ThrowIfNull(compatible);
        foreach (var family in Families)
        {
            foreach (var text in compatible)
            {
                if (family.Matches(text))
                    return family;
            }
        }
        return null;
    }

    private static Fact Code(string text, string source) => new(text, source, Certainty.Code);

    private static Fact Documented(string text, string source) => new(text, source, Certainty.Documented);

    private static Fact Inferred(string text, string source) => new(text, source, Certainty.Inferred);
}
