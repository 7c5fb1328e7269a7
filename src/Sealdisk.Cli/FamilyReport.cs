using Sealdisk.OpTee.Huk;

namespace Sealdisk.Cli;

/// <summary>One family of <c>huk families --json</c>.</summary>
internal sealed class FamilyReport(HukFamily family) : IReport
{
    public void Write(ReportWriter to) => to
        .Field("id", family.Id).Field("name", family.Name).Field("platform", family.Platform)
        .Field("compatible", family.Compatible.Split(' '))
        .Field("secret", Lower(family.Secret)).Field("default", Lower(family.Default))
        .Field("how", new FactReport(family.How)).Field("since", family.Since).Field("option", family.Option)
        .Field("unprovisioned", new FactReport(family.Unprovisioned)).Field("life_cycle", new FactReport(family.LifeCycle))
        .Field("remedy", family.Remedy).Field("derive", family.Recipe?.Needs);

    private static string Lower(Enum word) => word.ToString().ToLowerInvariant();

    private sealed class FactReport(Fact fact) : IReport
    {
        public void Write(ReportWriter to) =>
            to.Field("text", fact.Text).Field("source", fact.Source).Field("certainty", Lower(fact.Certainty));
    }
}
