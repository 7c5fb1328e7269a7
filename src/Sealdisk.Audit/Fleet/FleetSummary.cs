using Sealdisk.Audit.Blobs;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Audit.Fleet;

/// <summary>Totals of a fleet's blobs.</summary>
public sealed class FleetSummary
{
    private readonly Dictionary<string, long> _byHuk = new(StringComparer.Ordinal);

    /// <summary>Lines, without empty ones.</summary>
    public long Lines { get; internal set; }

    /// <summary>Blobs that open under a known HUK.</summary>
    public long Known { get; private set; }

    /// <summary>Blobs that open under none of the candidates.</summary>
    public long NoCandidateMatched { get; private set; }

    /// <summary>Blobs of other trust sources.</summary>
    public long ModelDoesNotApply { get; private set; }

    /// <summary>Lines that are not a JSON object with a blob, and malformed blobs.</summary>
    public long Malformed { get; private set; }

    /// <summary>Blobs that occurred on an earlier line.</summary>
    public long Clones { get; internal set; }

    /// <summary>Bytes that remembering the blobs took.</summary>
    public long CloneMemory { get; internal set; }

    /// <summary>Known HUKs and how many blobs each opens.</summary>
    public IReadOnlyDictionary<string, long> ByHuk => _byHuk;

    internal void Count(HukVerdict verdict, HukCandidate? known)
    {
        switch (verdict)
        {
            case HukVerdict.Known:
                Known++;
                _byHuk[known!.Id] = _byHuk.GetValueOrDefault(known.Id) + 1;
                break;
            case HukVerdict.NoCandidateMatched:
                NoCandidateMatched++;
                break;
            case HukVerdict.ModelDoesNotApply:
                ModelDoesNotApply++;
                break;
            default:
                Malformed++;
                break;
        }
    }
}
