using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Lifecycle;

/// <summary>Up and down: the two verbs of a volume's day, each the other's mirror.</summary>
public static class VolumeLifecycle
{
    /// <summary>Looks, and says what <see cref="Up"/> would do.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="earlier">What was planned before in the same run; this plan is added.</param>
    public static Plan Plan(VolumeSpec spec, EarlierVolumes earlier)
    {
        var observed = earlier.Foresee(spec, Observer.Look(spec));
        var plan = Planner.For(spec, observed);
        earlier.Add(spec, observed, plan);
        return plan;
    }

    /// <summary>
    /// First boot or later boot, until mounted. Done already: does nothing. If a step fails, what was opened is closed again: no mapping,
    /// no loop device, no server, no mount; what is on the disk is what <see cref="Step"/> says of the last step that ended.
    /// </summary>
    /// <param name="spec">The volume.</param>
    /// <param name="planned">Told the plan before its first step.</param>
    /// <param name="done">Told each step once it is done and durable, with a detail worth showing or null.</param>
    /// <returns>The plan that was carried out, who seals the key, and who decrypts.</returns>
    public static (Plan Plan, TrustSource Source, MappingKind Kind) Up(VolumeSpec spec, Action<Plan> planned, Action<Step, string?> done)
    {
        Capabilities.RequireMounting($"bring up {spec.Name}");
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        using var claim = new Claim(spec);
        claim.TryTake();
        var observed = Observer.Look(spec, claim.IsHeld);
        var plan = Planner.For(spec, observed);
        planned(plan);
        if (plan.Refusal is { } refusal)
            throw refusal;
        // A HUK that is missing or unusable costs nothing yet.
        if (plan.Steps.Any(step => step is Step.SealNewKey or Step.MakeTwoLevelKey or Step.Unseal))
            KeySources.Of(spec).Dispose();
        using var apply = new Apply(spec, observed, claim);
        foreach (var step in plan.Steps)
            done(step, apply.Do(step));
        apply.Keep();
        return (plan, observed.Source ?? spec.Source, observed.Mapping is { IsWhole: true } open ? open.Kind : observed.Kind);
    }

    /// <summary>
    /// Unmounts, unmaps, detaches: everything that <see cref="Up"/> opened, in reverse; also what a dead server left. Everything written
    /// is on the device when this returns. Returns what was done, empty if there was nothing to do.
    /// </summary>
    public static IReadOnlyList<string> Down(VolumeSpec spec)
    {
        Capabilities.RequireMounting($"take down {spec.Name}");
        using var exclusive = MappingLock.Take(spec.Name, null);
        var done = new List<string>();
        var found = Mappings.Find(spec.Name);
        if (found is { Device: { } device } && !found.IsOf(spec.Device))
            throw SealdiskException.Failed(
                $"cannot take down {spec.Name}: the mapping of that name decrypts {device}, not {spec.Device}",
                $"if you do not need it, 'sealdisk map close {spec.Name}' closes it");
        if (found is { IsWhole: true } && FileStatus.TryOf(spec.Device) is null)
            throw SealdiskException.Refused(
                $"cannot take down {spec.Name}: {spec.Device} was removed while it was in use, and closing the mapping would lose its data",
                $"copy them first, from its mount or decrypted from {found.VolumePath ?? found.BlockPath}; "
                + $"then umount it, and 'sealdisk map close {spec.Name}' drops it");
        if (found is { } mapping)
            done.AddRange(Unmount(mapping));
        if (Mappings.Close(spec.Name))
            done.Add($"closed mapping {spec.Name}");
        return found is { LastError: { } error }
            ? throw SealdiskException.Failed(
                $"{spec.Name} is down, but its server reported errors; the last one: {error}",
                $"'sealdisk check {spec.Name}', then look at {spec.Device}")
            : done;
    }

    /// <summary>
    /// Unmounts whatever is mounted from a mapping. A dead one is detached even while in use: it can do nothing more for anyone.
    /// </summary>
    internal static IEnumerable<string> Unmount(MappingState mapping)
    {
        foreach (var mount in Mounts.Read().Where(mapping.Mounted).Reverse().ToArray())
        {
            if (Mounts.Read().Last(other => other.Target == mount.Target) is var top && !mapping.Mounted(top))
                throw SealdiskException.Failed($"cannot unmount {mount.Target}: {top.Source} is mounted over it", $"umount {mount.Target}");
            try
            {
                Mounts.Unmount(mount.Target, mapping.IsWhole ? UnmountFlags.None : UnmountFlags.Detach);
            }
            catch (LinuxException problem) when (problem.Errno == Errno.EBUSY)
            {
                throw SealdiskException.Failed(problem.Message, $"a process still uses it: fuser -vm {mount.Target}");
            }
            yield return $"unmounted {mount.Target}";
        }
    }
}
