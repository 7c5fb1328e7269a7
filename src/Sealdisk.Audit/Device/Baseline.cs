using System.Globalization;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Audit.Device;

/// <summary>
/// Failing checks that are accepted for a time, from a TOML file: <c>[accept.ID]</c> with <c>reason</c>, <c>until</c> (the last day,
/// YYYY-MM-DD) and, for checks on volumes, optionally <c>subjects</c>. An expired acceptance accepts nothing.
/// </summary>
public sealed class Baseline
{
    private const string DayFormat = "yyyy-MM-dd";

    private readonly List<Entry> _entries = [];

    /// <summary>Accepts nothing.</summary>
    public static Baseline None { get; } = new();

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">What is wrong, with line and column.</exception>
    public static Baseline Load(string path) => Parse(ConfigurationFile.Read(path), path);

    /// <summary>Reads text; <paramref name="path"/> is for messages only.</summary>
    /// <exception cref="ConfigurationException">What is wrong, with line and column.</exception>
    public static Baseline Parse(string text, string path)
    {
        var problems = new Problems(path);
        var sections = new TableReader(TomlTree.Parse(text, path), "the file", problems);
        var accepts = sections.Read<TomlTable?>("accept", null, SettingTypes.Table);
        sections.RefuseUnknown();
        var baseline = new Baseline();
        foreach (var (key, at, node) in accepts.Value?.Entries ?? [])
        {
            if (Checks.Find(key) is not { } check)
                problems.Report(at, $"there is no check {TomlTree.Name(key)}{Spelling.Hint(key, Ids())}");
            else if (node is not TomlTable table)
                problems.Report(at, $"an acceptance is a table: write [accept.{key}] with reason and until");
            else
                baseline._entries.Add(Read(check, table, problems));
        }
        problems.ThrowIfAny();
        return baseline;
    }

    /// <summary>The findings, with those that are covered marked as accepted, and remarks on the baseline.</summary>
    internal (IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes) Apply(IReadOnlyList<Finding> findings, DateOnly today)
    {
        var notes = new List<string>();
        foreach (var entry in _entries)
        {
            var covered = findings.Where(finding => finding.Status == FindingStatus.Fails && entry.Covers(finding)).ToArray();
            if (covered.Length == 0)
                notes.Add($"the acceptance of {entry.Check.Id} covers nothing that fails: remove it");
            else if (today > entry.Acceptance.Until)
                notes.Add($"the acceptance of {entry.Check.Id} expired on {entry.LastDay}: {entry.Acceptance.Reason}");
            else
                findings = [.. findings.Select(finding => covered.Contains(finding) ? entry.Accept(finding) : finding)];
        }
        return (findings, notes);
    }

    private static Entry Read(Check check, TomlTable table, Problems problems)
    {
        var reader = new TableReader(table, $"[accept.{check.Id}]", problems);
        var reason = reader.Require("reason", "", "\"the factory needs it until rev C\"", node =>
            node is TomlString { Value: var text } && text.Trim().Length > 0 ? (text.Trim(), null) : ("", "must be a sentence"));
        var until = reader.Require("until", default(DateOnly), "\"2027-01-31\"", node =>
            node is TomlString { Value: var text } && TryParseDay(text, out var day)
                ? (day, null)
                : (default, "must be a day such as \"2027-01-31\""));
        var subjects = reader.ReadList("subjects", "[\"data\"]", node =>
            node is TomlString { Value: var text } ? (text, null) : (null, $"must hold strings, not {node.What}"));
        reader.RefuseUnknown();
        return new Entry(check, new Acceptance(reason.Value, until.Value), subjects.Value);
    }

    private static string[] Ids() => [.. Checks.All.Select(check => check.Id)];

    private static bool TryParseDay(string text, out DateOnly day) =>
        DateOnly.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out day);

    private sealed record Entry(Check Check, Acceptance Acceptance, IReadOnlyList<string> Subjects)
    {
        internal string LastDay => Acceptance.Until.ToString(DayFormat, CultureInfo.InvariantCulture);

        internal bool Covers(Finding finding) => finding.Check == Check && (Subjects.Count == 0 || IsOf(finding.Subject));

        internal Finding Accept(Finding finding) => finding with { Accepted = Acceptance };

        private bool IsOf(string? subject) => subject is not null && Subjects.Contains(subject, StringComparer.Ordinal);
    }
}
