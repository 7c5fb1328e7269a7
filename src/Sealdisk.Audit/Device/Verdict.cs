namespace Sealdisk.Audit.Device;

/// <summary>What a judge says of a device or of one volume.</summary>
/// <param name="Status">How the check came out.</param>
/// <param name="Text">One line: what was found.</param>
/// <param name="Evidence">What was read.</param>
internal sealed record Verdict(FindingStatus Status, string Text, IReadOnlyList<Evidence> Evidence)
{
    /// <summary>How bad this failure is, if other than the check says.</summary>
    internal Severity? Severity { get; init; }

    /// <summary>The volume that it is about; null for the device.</summary>
    internal string? Volume { get; init; }

    internal static Verdict Holds(string text, params Evidence[] evidence) => new(FindingStatus.Holds, text, evidence);

    internal static Verdict Fails(string text, params Evidence[] evidence) => new(FindingStatus.Fails, text, evidence);

    internal static Verdict Unknown(string text, params Evidence[] evidence) => new(FindingStatus.Unknown, text, evidence);

    internal static Verdict NotApplicable(string text, params Evidence[] evidence) => new(FindingStatus.NotApplicable, text, evidence);
}
