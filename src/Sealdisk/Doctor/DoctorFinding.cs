namespace Sealdisk.Doctor;

/// <summary>How much a finding matters.</summary>
public enum DoctorLevel
{
    /// <summary>It is there.</summary>
    Good,

    /// <summary>It is not there, and may not be needed.</summary>
    Note,

    /// <summary>Something that is configured, or that this hardware is there for, cannot work without it.</summary>
    Missing,
}

/// <summary>One thing that this system can or cannot do.</summary>
/// <param name="Id">Stable, for scripts.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Text">A sentence with its evidence.</param>
/// <param name="Remedy">What to do, or null if nothing needs doing.</param>
public sealed record DoctorFinding(string Id, DoctorLevel Level, string Text, string? Remedy)
{
    internal static DoctorFinding Good(string id, string text) => new(id, DoctorLevel.Good, text, null);

    internal static DoctorFinding Note(string id, string text, string remedy) => new(id, DoctorLevel.Note, text, remedy);

    internal static DoctorFinding Missing(string id, string text, string remedy) => new(id, DoctorLevel.Missing, text, remedy);
}
