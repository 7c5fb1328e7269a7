using Sealdisk.Mapping;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Keys.Tpm;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Lifecycle;

/// <summary>
/// Seals a volume's key again, and changes nothing of the data: on two levels with a new root key, else with a new seal. The new record
/// is made and proven on the data in memory; it takes the place of one copy, synced and read back, and only then of the other. Power
/// fails anywhere: the newest whole copy is the record, the old or the new one, and both open. The volume must be down, since the proof
/// reads its data.
/// </summary>
public static class VolumeRotation
{
    /// <summary>What came of it.</summary>
    /// <param name="Record">The volume's record now.</param>
    /// <param name="Proof">What was verified before it was written, for people.</param>
    public sealed record Result(VolumeRecord Record, string Proof)
    {
        /// <summary>For the next volume of the same run: on two levels the root key that this one has now.</summary>
        public SharedRoot? Root(string volume) => Record.Key is SealedKey.TwoLevel key ? new SharedRoot(volume, key) : null;
    }

    /// <summary>Rotates one volume.</summary>
    /// <param name="spec">The volume.</param>
    /// <param name="target">Another source to move it to; null to stay with its own.</param>
    /// <param name="softHuk">The soft source's HUK file, if one is configured.</param>
    /// <param name="shared">On two levels, a volume that was rotated just now, whose root key this one is to have; null for a new
    /// one.</param>
    /// <param name="oldAuth">The password of the seal that it has now, if a TPM made that and [source.tpm] names another one; null if
    /// it is the same.</param>
    /// <exception cref="SealdiskException">Nothing was changed: it is in use (1), its key cannot be carried there or its record cannot be
    /// relied on (3), it does not open here (4), the kernel lacks something (5). Or the medium refused a write (1): the message says
    /// which copy is good.</exception>
    public static Result Run(VolumeSpec spec, TrustSource? target, string? softHuk, SharedRoot? shared, OldAuth? oldAuth = null)
    {
        var act = $"rotate {spec.Name}";
        Capabilities.RequireMounting(act);
        using var exclusive = MappingLock.Take(spec.Name, spec.Device);
        var observed = Observer.Look(spec);
        RequireDown(spec, observed, act);
        if (observed.Record.Outcome is not RecordOutcome.Good { Record: var old })
            throw Planner.For(spec, observed).Refusal ?? SealdiskException.Failed(
                $"cannot {act}: it has not had its first boot yet", $"sealdisk up {spec.Name}");
        var to = target is { } named && named.IsSettled() ? named : old.Source;
        if (oldAuth is not null && !old.Source.IsTpm())
            throw SealdiskException.Usage(
                $"cannot use --old-auth for {spec.Name}: source {old.Source.Text()} sealed its key, and only a TPM's seal has a password",
                "leave it out");
        // The configuration says how it is to be sealed, the record how it is.
        var before = AsSource(spec, old.Source, softHuk) with { Tpm = TpmSealing.AsSealed(spec.Tpm, old.Key.Binding, oldAuth) };
        var after = AsSource(spec, to, softHuk);
        var planned = spec.Source == to ? before : spec with { Huk = before.Huk };
        if (Planner.For(planned, observed with { Lacking = null, Source = old.Source }).Refusal is { } refusal)
            throw refusal;
        if (old.State == VolumeState.Provisioning)
            throw SealdiskException.Failed($"cannot {act}: its first boot has not finished", $"sealdisk up {spec.Name}");
        if (CannotCarry(spec.Name, old.Key.Kind, old.Source, to) is { } impossible)
            throw impossible;
        var kindBefore = KindOf(before, act);
        var kindAfter = KindOf(after, act);
        RecordProof.Of(before, old, kindBefore);

        var record = Resealed(old, to, NewKeyOf(before, old, after, shared));
        return Commit(after, record, kindAfter, act);
    }

    /// <summary>The next generation of a record, with its key sealed again.</summary>
    internal static VolumeRecord Resealed(VolumeRecord old, TrustSource source, SealedKey key)
    {
        var chip = ChipLifeCycle.Of(source);
        return old with
        {
            Generation = old.Generation + 1,
            Source = source,
            Key = key,
            Chip = chip.State,
            LifeCycle = chip.Words,
            CreatedBy = $"sealdisk {ProductVersion.Text}",
        };
    }

    /// <summary>
    /// Proves a record on the data, and only then writes it: over one copy, and when that is on the medium over the other.
    /// </summary>
    internal static Result Commit(VolumeSpec spec, VolumeRecord record, MappingKind kind, string act)
    {
        var proof = RecordProof.Of(spec, record, kind);
        var store = Observer.StoreOf(spec);
        store.Write(record);
        return store.Read().Outcome is RecordOutcome.Good { CopiesToRepair.Count: 0, Record: var back } && back == record
            ? new Result(record, proof)
            : throw SealdiskException.Failed(
                $"cannot {act}: what reads back is not what was written", "the medium may be failing: back up the data now");
    }

    /// <summary>Why a key cannot be sealed again, or by another source, without becoming another key; or null.</summary>
    internal static SealdiskException? CannotCarry(string volume, KeyKind key, TrustSource from, TrustSource to) =>
        (key, from.IsKernel(), to.IsKernel()) switch
    {
        (KeyKind.Trusted, true, _) => SealdiskException.Refused(
            $"cannot rotate {volume}: its key is a trusted key of source '{from.Text()}', which never leaves the kernel, "
            + "so it cannot be sealed again",
            "nothing was changed; a volume that is made with key = \"encrypted\" can be rotated: copy the data into one"),
        (KeyKind.Trusted, false, true) => SealdiskException.Refused(
            $"cannot move {volume} to source '{to.Text()}': the kernel makes every trusted key itself, and takes none from outside",
            "nothing was changed; a volume that is made with key = \"encrypted\" can be moved: copy the data into one"),
        (KeyKind.Encrypted, true, _) when from != to => SealdiskException.Refused(
            $"cannot move {volume} from source '{from.Text()}' to '{to.Text()}': its key is decrypted only in the kernel, "
            + "which has one trust source and never hands out a key",
            "nothing was changed; copy the data into a volume of that source"),
        _ => null,
    };

    internal static void RequireDown(VolumeSpec spec, Observed observed, string act)
    {
        if (observed.DeviceSize is null)
            throw SealdiskException.Failed($"cannot {act}: {spec.Device} does not exist (ENOENT)");
        if (observed.Mapping is not null)
            throw SealdiskException.Failed(
                $"cannot {act}: the volume is in use{(observed.MountedAt is { } mount ? $", mounted on {mount}" : "")} (EBUSY)",
                $"sealdisk down {spec.Name}; the new seal is proven on its data, which takes a moment");
        if (observed.UsedBy is { } user)
            throw SealdiskException.Failed($"cannot {act}: {spec.Device}: {user} (EBUSY)", "release it first");
        if (observed.Unreachable is var (problem, remedy))
            throw SealdiskException.Failed($"cannot {act}: {problem}", remedy);
    }

    /// <summary>The volume as if that source were configured.</summary>
    private static VolumeSpec AsSource(VolumeSpec spec, TrustSource source, string? softHuk) => spec with
    {
        Source = source,
        Huk = !source.UsesHukFile() ? null : spec.Huk ?? softHuk
            ?? throw SealdiskException.Usage(
                $"cannot use source soft for {spec.Name}: no huk is configured", "add [source.soft] with huk = \"/etc/sealdisk/huk.hex\""),
    };

    private static MappingKind KindOf(VolumeSpec spec, string act)
    {
        var here = Capabilities.For(spec.Source, spec.Source.IsKernel() ? MappingKind.Dm : spec.Mapping);
        return here.Lacking is var (problem, remedy) ? throw SealdiskException.Lacking($"cannot {act}: {problem}", remedy) : here.Kind;
    }

    private static SealedKey NewKeyOf(VolumeSpec before, VolumeRecord old, VolumeSpec after, SharedRoot? shared)
    {
        using var source = KeySources.Of(before, old.Source);
        using var target = KeySources.Of(after);
        return source.Reseal(old.Key, KeySources.RequestFor(after, shared) with { Size = old.Format.KeySize }, target);
    }
}
