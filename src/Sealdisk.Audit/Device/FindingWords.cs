namespace Sealdisk.Audit.Device;

/// <summary>The words of findings: for scripts, and as headings for people.</summary>
public static class FindingWords
{
    /// <summary>The status as a word for scripts.</summary>
    public static string Word(this FindingStatus status) => status switch
    {
        FindingStatus.Fails => "fails",
        FindingStatus.Unknown => "unknown",
        FindingStatus.Holds => "holds",
        _ => "not_applicable",
    };

    /// <summary>The severity as a word for scripts.</summary>
    public static string Word(this Severity severity) => severity switch
    {
        Severity.Critical => "critical",
        Severity.High => "high",
        Severity.Medium => "medium",
        Severity.Low => "low",
        _ => "info",
    };

    /// <summary>The group as a word for scripts.</summary>
    public static string Word(this CheckGroup group) => group switch
    {
        CheckGroup.Key => "key",
        CheckGroup.Boot => "boot",
        CheckGroup.Kernel => "kernel",
        _ => "volumes",
    };

    /// <summary>The group as a heading.</summary>
    public static string Title(this CheckGroup group) => group switch
    {
        CheckGroup.Key => "Hardware key",
        CheckGroup.Boot => "Secure boot and chain of trust",
        CheckGroup.Kernel => "Kernel",
        _ => "Volumes",
    };
}
