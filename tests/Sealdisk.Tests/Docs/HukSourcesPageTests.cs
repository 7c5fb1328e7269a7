using System.Text;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Tests.Docs;

/// <summary>The page on HUK sources is the catalogue. What several families have in common it says once.</summary>
public sealed class HukSourcesPageTests
{
    [Fact]
    public void The_page_of_HUK_sources_is_the_catalogue() => GeneratedPage.Check("docs/huk-sources.md", Text());

    private static string Text()
    {
        var page = new StringBuilder("""
            # Where OP-TEE gets the HUK

            Everything that OP-TEE seals depends on the hardware unique key (HUK), and OP-TEE never says which HUK it has. Look up
            your processor family here. `sealdisk huk families FAMILY` prints the same, and `sealdisk blob audit` tries a sealed key
            against the HUKs that are known.

            If nothing provides a HUK, OP-TEE's is **all zeros**, and anyone who has a sealed key of such a device has the key. The
            default build allows that (CFG_INSECURE=y). It warns only on the secure console, which Linux does not see.

            | family | id | by default the HUK is | can its maker compute it? |
            |---|---|---|---|

            """);
        var alike = HukCatalogue.Families.GroupBy(Facts).Single(group => group.Count() > 1).ToList();
        foreach (var family in HukCatalogue.Families.Except(alike))
            page.Append($"| [{family.Name}](#{family.Id}) | `{family.Id}` | {Default(family)} | {Computable(family)} |\n");
        var first = alike[0];
        Assert.All(alike, family => Assert.Equal((Default(first), Computable(first)), (Default(family), Computable(family))));
        var ids = string.Join(", ", alike.Select(family => $"`{family.Id}`"));
        page.Append($"| [others](#families-without-a-source) | {ids} | {Default(first)} | {Computable(first)} |\n");
        page.Append("""

            This describes OP-TEE's own tree as of 4.10; a chip maker's tree may differ. After each statement is where it comes from,
            and how sure it is: *read* in the source code that does it, *stated* by a document, or *concluded* from those two, but
            neither stated nor measured. If a family has no line on its life cycle, no documented way to see it through mainline
            Linux was found.

            """);

        var notShown = HukCatalogue.Find("armada")!.LifeCycle;
        var said = new Dictionary<(string, string), HukFamily>();
        foreach (var family in HukCatalogue.Families.Except(alike))
        {
            page.Append($"\n## {family.Id}\n\n{family.Name}; OP-TEE {family.Platform}. Device tree: {DeviceTree(family)}.\n\n");
            var statements = Statements(family, notShown);
            // A long statement is made once; a later family refers to it.
            var repeated = statements.Where(item => item.Text.Length > 100 && said.ContainsKey(item)).ToList();
            foreach (var earlier in repeated.GroupBy(item => said[item]))
            {
                var names = string.Join(", ", earlier.Select(item => item.Name));
                page.Append($"* **{names}.** As on [{earlier.Key.Id}](#{earlier.Key.Id}).\n");
            }
            foreach (var item in statements.Except(repeated))
            {
                said.TryAdd(item, family);
                page.Append($"* **{item.Name}.** {item.Text}\n");
            }
        }

        Assert.Equal(notShown, first.LifeCycle);
        page.Append($"\n## Families without a source\n\n{first.How.Text}\n\n");
        page.Append("| family | id | OP-TEE | device tree |\n|---|---|---|---|\n");
        foreach (var family in alike)
            page.Append($"| {family.Name} | `{family.Id}` | {family.Platform} | {DeviceTree(family)} |\n");
        page.Append($"\n* **HUK.** {Statement(first.Unprovisioned)}\n* **Option.** {first.Option}.\n");
        page.Append($"* **Remedy.** {first.Remedy}\n");
        return page.ToString();
    }

    private static (Fact, string, string, Fact, Fact, string) Facts(HukFamily family) =>
        (family.How, family.Since, family.Option, family.Unprovisioned, family.LifeCycle, family.Remedy);

    private static List<(string Name, string Text)> Statements(HukFamily family, Fact notShown)
    {
        var statements = new List<(string, string)> { ("HUK", Statement(family.How)) };
        if (family.Since != "-")
            statements.Add(("Since", $"{family.Since}."));
        if (family.Option != "none")
            statements.Add(("Option", $"{family.Option}."));
        statements.Add(("Unprovisioned", Statement(family.Unprovisioned)));
        if (family.LifeCycle != notShown)
            statements.Add(("Life cycle", Statement(family.LifeCycle)));
        statements.Add(("Remedy", family.Remedy));
        return statements;
    }

    private static string DeviceTree(HukFamily family) => string.Join(", ", family.Compatible.Split(' ').Select(word => $"`{word}`"));

    private static string Computable(HukFamily family) => (family.Recipe?.Needs, family.Secret) switch
    {
        (null, _) => "no: it never leaves the chip",
        (_, HukSecret.None) => "anyone can",
        (var values, _) => $"yes, from {values}",
    };

    private static string Default(HukFamily family) => family.Default switch
    {
        HukDefault.Hardware => "from the hardware",
        HukDefault.Off => "all zeros: the option is off",
        HukDefault.Public => "made of public values",
        _ => "all zeros: no source upstream",
    };

    private static string Statement(Fact fact) => $"{fact.Text.TrimEnd('.')}. *({Sureness(fact.Certainty)}: {fact.Source})*";

    private static string Sureness(Certainty certainty) => certainty switch
    {
        Certainty.Code => "read",
        Certainty.Documented => "stated",
        _ => "concluded",
    };
}
