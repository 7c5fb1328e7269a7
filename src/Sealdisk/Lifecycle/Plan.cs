namespace Sealdisk.Lifecycle;

/// <summary>What kind of boot this is.</summary>
public enum PlanKind
{
    /// <summary>Nothing to do: it is up.</summary>
    AlreadyUp,

    /// <summary>A blank device: key, record, mapping, filesystem.</summary>
    FirstBoot,

    /// <summary>A first boot was cut short: the same sealed key, a new filesystem.</summary>
    Resume,

    /// <summary>Unseal, map, verify, mount.</summary>
    LaterBoot,

    /// <summary>Nothing will be done, and why.</summary>
    Refusal,
}

/// <summary>What <c>up</c> does for one volume; <c>plan</c> prints the very same. Made by <see cref="Planner"/>.</summary>
/// <param name="Kind">First boot, later boot, ...</param>
/// <param name="Steps">In order; empty for <see cref="PlanKind.AlreadyUp"/> and <see cref="PlanKind.Refusal"/>.</param>
/// <param name="Refusal">Why nothing will be done, or null.</param>
public sealed record Plan(PlanKind Kind, IReadOnlyList<Step> Steps, SealdiskException? Refusal)
{
    internal static Plan Refuse(SealdiskException why) => new(PlanKind.Refusal, [], why);
}
