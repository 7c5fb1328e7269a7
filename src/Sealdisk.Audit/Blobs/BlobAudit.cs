using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Audit.Blobs;

/// <summary>What a sealed key alone tells about the HUK that it was sealed under.</summary>
public enum HukVerdict
{
    /// <summary>It opens under a HUK that is known. The 128-bit tag proves it.</summary>
    Known,

    /// <summary>It opens under none of the candidates. That proves nothing about the HUK, except that it is none of them.</summary>
    NoCandidateMatched,

    /// <summary>Another trust source made it, or a chip that does not use OP-TEE's own derivation: there is no HUK to try.</summary>
    ModelDoesNotApply,

    /// <summary>It is not a sealed key, or a damaged one.</summary>
    Malformed,
}

/// <summary>The verdict on one blob.</summary>
/// <param name="Verdict">Which.</param>
/// <param name="Known">The HUK, for <see cref="HukVerdict.Known"/>; else null.</param>
/// <param name="Kind">The trust source that made it, as far as its bytes tell.</param>
/// <param name="Reason">Why the model does not apply, or what is malformed; else null.</param>
public sealed record BlobFinding(HukVerdict Verdict, HukCandidate? Known, BlobKind Kind, string? Reason);

/// <summary>Asks a <see cref="HukOracle"/> about blobs of any kind.</summary>
public static class BlobAudit
{
    /// <summary>Never throws, whatever the bytes are.</summary>
    /// <param name="oracle">The candidates.</param>
    /// <param name="blob">A blob as bytes.</param>
    /// <param name="family">The chip that it is from; null if that is not known.</param>
    public static BlobFinding Of(HukOracle oracle, ReadOnlySpan<byte> blob, HukFamily? family = null)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        // First of all: a correct tag outweighs what the length and the unauthenticated first byte suggest.
        if (oracle.Find(blob) is { } known)
            return new BlobFinding(HukVerdict.Known, known, BlobKind.OpTee, null);
        var description = BlobDescription.Of(blob);
        return description switch
        {
            { WellFormed: false, Problem: var problem } => new BlobFinding(HukVerdict.Malformed, null, description.Kind, problem),
            { Kind: not BlobKind.OpTee } => new BlobFinding(
                HukVerdict.ModelDoesNotApply, null, description.Kind, $"{Maker(description.Kind)} made it, without OP-TEE's HUK"),
            _ when family?.OtherDerivation is { } other => new BlobFinding(HukVerdict.ModelDoesNotApply, null, BlobKind.OpTee, other),
            _ => new BlobFinding(HukVerdict.NoCandidateMatched, null, BlobKind.OpTee, null),
        };
    }

    /// <summary>The verdict as a word for scripts.</summary>
    public static string Word(HukVerdict verdict) => verdict switch
    {
        HukVerdict.Known => "known",
        HukVerdict.NoCandidateMatched => "no_candidate_matched",
        HukVerdict.ModelDoesNotApply => "model_does_not_apply",
        _ => "malformed",
    };

    private static string Maker(BlobKind kind) => kind switch
    {
        BlobKind.Tpm2 => "a TPM 2.0",
        BlobKind.Tpm12 => "a TPM 1.2",
        BlobKind.Caam => "NXP's CAAM (judging by the length)",
        BlobKind.Dcp => "NXP's DCP",
        _ => "another source",
    };
}
