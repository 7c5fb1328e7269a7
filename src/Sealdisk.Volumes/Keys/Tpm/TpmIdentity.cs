using System.Globalization;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// Which TPM 2.0 sealed a key, and under which parent, so that a later failure can be explained: to the kernel another TPM, a cleared one and a
/// damaged blob are all the same EPERM. Fingerprints of public keys, nothing secret.
/// </summary>
/// <param name="Handle">The parent's handle.</param>
/// <param name="Parent">The parent's fingerprint.</param>
/// <param name="Endorsement">The endorsement key's, which outlives TPM2_Clear; "unknown" where its hierarchy has a password.</param>
/// <param name="Pcrs">The PCRs to which the key is bound, with the first 16 bytes of their values; empty for none.</param>
internal sealed record TpmIdentity(uint Handle, string Parent, string Endorsement, IReadOnlyList<(int Number, string Value)> Pcrs)
{
    private const string Unknown = "unknown";
    private const int ValueSize = 16;

    /// <summary>As a record keeps it, in one line.</summary>
    internal string Text => string.Create(CultureInfo.InvariantCulture, $"tpm parent {Handle:x8} {Parent}, ek {Endorsement}{(Pcrs.Count == 0 ? "" : ", pcrs")}{string.Concat(Pcrs.Select(pcr => $" {pcr.Number}={pcr.Value}"))}");

    /// <summary>Finds it at the end of a record's line; null where it is not there.</summary>
    internal static TpmIdentity? Find(string line)
    {
        var at = line.LastIndexOf("tpm parent ", StringComparison.Ordinal);
        if (at < 0 || line[at..].Split(", ") is not [var first, var second, .. { Length: <= 1 } rest]
            || first.Split(' ') is not [_, _, var handle, var parent] || !IsHex(handle, 8) || !IsHex(parent, 2 * ValueSize)
            || second.Split(' ') is not ["ek", var endorsement] || (endorsement != Unknown && !IsHex(endorsement, 2 * ValueSize)))
            return null;
        return PcrsIn(rest is [var list] ? list : null) is { } pcrs
            ? new TpmIdentity(uint.Parse(handle, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), parent, endorsement, pcrs)
            : null;
    }

    /// <summary>Of this system's TPM, its parent and PCRs; null where there is no TPM 2.0, or it does not answer.</summary>
    internal static TpmIdentity? Now(TpmSettings settings)
    {
        if (TpmDevice.Family != 2)
            return null;
        try
        {
            using var tpm = Tpm2.Open();
            return tpm.ReadPublic(settings.Parent) is { } parent ? new TpmIdentity(settings.Parent, parent.Fingerprint, EndorsementOf(tpm), PcrsOf(tpm, settings.Pcrs)) : null;
        }
        catch (Exception problem) when (problem is LinuxException or TpmException)
        {
            return null;
        }
    }

    /// <summary>Why what this TPM should open does not; null where the TPM and the parent are the same.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal TpmChange? Change(Tpm2 tpm)
    {
        var endorsement = EndorsementOf(tpm);
        if (endorsement != Endorsement && endorsement != Unknown && Endorsement != Unknown)
            return TpmChange.AnotherTpm;
        var parent = tpm.ReadPublic(Handle);
        if (parent?.Fingerprint == Parent)
            return null;
        if (Primary(tpm, Tpm2.OwnerHierarchy, TpmTemplates.StorageKey) != Parent)
            return endorsement == Endorsement && endorsement != Unknown ? TpmChange.Cleared : TpmChange.AnotherTpm;
        return parent is null ? TpmChange.ParentEvicted : TpmChange.ParentReplaced;
    }

    /// <summary>PCRs as a record keeps them.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static IReadOnlyList<(int Number, string Value)> PcrsOf(Tpm2 tpm, IReadOnlyList<int> pcrs) =>
        [.. pcrs.Zip(tpm.ReadPcrs(pcrs), (number, value) => (number, BlobText.Write(value.AsSpan(0, ValueSize))))];

    /// <summary>Reads "pcrs N=VALUE N=VALUE"; none where there is no such text, null where it is not of that form.</summary>
    private static List<(int Number, string Value)>? PcrsIn(string? text)
    {
        var pcrs = new List<(int, string)>();
        if (text is null)
            return pcrs;
        if (text.Split(' ') is not ["pcrs", _, ..] words)
            return null;
        foreach (var word in words.AsSpan(1))
        {
            if (word.Split('=') is not [{ Length: <= 2 } number, var value] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var pcr) || !IsHex(value, 2 * ValueSize))
                return null;
            pcrs.Add((pcr, value));
        }
        return pcrs;
    }

    private static bool IsHex(string text, int digits) => text.Length == digits && text.All(char.IsAsciiHexDigitLower);

    private static string EndorsementOf(Tpm2 tpm)
    {
        try
        {
            return Primary(tpm, Tpm2.EndorsementHierarchy, TpmTemplates.EndorsementKey);
        }
        catch (TpmException)
        {
            return Unknown; // a password, or a TPM without that curve
        }
    }

    private static string Primary(Tpm2 tpm, uint hierarchy, byte[] template)
    {
        var (handle, made) = tpm.CreatePrimary(hierarchy, template);
        tpm.Flush(handle);
        return made.Fingerprint;
    }
}

/// <summary>What has become of a TPM since it sealed a key.</summary>
internal enum TpmChange
{
    /// <summary>It is not that TPM.</summary>
    AnotherTpm,

    /// <summary>It is, and its owner's seed is another: TPM2_Clear. What it sealed before opens nowhere any more.</summary>
    Cleared,

    /// <summary>Its parent key is not kept any more, and can be made again.</summary>
    ParentEvicted,

    /// <summary>Another object has the parent's handle; the parent itself could be made again.</summary>
    ParentReplaced,
}
