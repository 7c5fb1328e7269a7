using System.CommandLine;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>huk families</c>: the catalogue of HUK sources.</summary>
internal static class HukFamiliesVerb
{
    internal static Command Create()
    {
        var family = new Argument<string?>("FAMILY")
        {
            Description = "Show everything that is known about this family",
            HelpName = "FAMILY",
            Arity = ArgumentArity.ZeroOrOne,
        };
        family.CompletionSources.Add(
            _ => HukCatalogue.Families.Select(known => new System.CommandLine.Completions.CompletionItem(known.Id)));
        var command = new Command("families", "Where OP-TEE gets the HUK, per processor family") { family };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var families = parsed.GetValue(family) is { } id ? [HukDeriveVerb.FindFamily(id)] : HukCatalogue.Families;
            if (terminal.Json)
                terminal.Result(new FamiliesReport([.. families.Select(family => new FamilyReport(family))]));
            else if (parsed.GetValue(family) is null)
                foreach (var known in families)
                    terminal.Result($"{known.Id,-12} {known.Name,-44} {Short(known)}");
            else
                Print(terminal, families[0]);
            return 0;
        });
        return HelpWithExamples.With(command, "sealdisk huk families", "sealdisk huk families stm32mp15");
    }

    private static void Print(Terminal terminal, HukFamily family)
    {
        terminal.Result($"{family.Name} ({family.Id}, OP-TEE {family.Platform})");
        Statement("HUK", family.How);
        Line("since", family.Since);
        Line("option", family.Option);
        Statement("unprovisioned", family.Unprovisioned);
        Statement("life cycle", family.LifeCycle);
        Line("remedy", family.Remedy);
        Line("derive", family.Recipe is { Needs: var needs } ? $"from {needs}" : "impossible: the secret never leaves the chip");

        void Line(string label, string text) => terminal.Result($"  {label,-14} {text}");
        void Statement(string label, Fact fact)
        {
            Line(label, fact.Text);
            terminal.Result($"  {"",-14} ({Word(fact.Certainty)}: {fact.Source})");
        }
    }

    private static string Word(Certainty certainty) => certainty switch
    {
        Certainty.Code => "read in",
        Certainty.Documented => "stated by",
        _ => "concluded from",
    };

    private static string Short(HukFamily family) => family.Default switch
    {
        HukDefault.Hardware => "from the hardware",
        HukDefault.Off => "all zeros unless an option is set",
        HukDefault.Public => "public unless an option is set, or always",
        _ => "all zeros in OP-TEE's own tree",
    };
}
