using System.Globalization;
using System.Text.RegularExpressions;
using Sealdisk.Configuration;
using Sealdisk.Linux;
using Sealdisk.OpTee;

namespace Sealdisk.Keys.Tpm;

/// <summary>
/// Which TPM 2.0 sealed a key, and under which parent, so that a later failure can be explained: to the kernel another TPM, a cleared one and a
/// damaged blob are all the same EPERM. Fingerprints of public keys, nothing secret.
/// </summary>
/// <param name="Handle">The parent's handle.</param>
/// <param name="Parent">The parent's fingerprint.</param>
/// <param name="Endorsement">The endorsement key's, which outlives TPM2_Clear; "unknown" where its hierarchy has a password.</param>
/// <param name="Pcrs">The PCRs to which the key is bound, with the first 16 bytes of their values; empty for none.</param>
internal sealed partial record TpmIdentity(uint Handle, string Parent, string Endorsement, IReadOnlyList<(int Number, string Value)> Pcrs)
{
    private const string Unknown = "unknown";
    private const int ValueSize = 16;

    /// <summary>As a record keeps it, in one line.</summary>
    internal string Text => string.Create(CultureInfo.InvariantCulture, $"tpm parent {Handle:x8} {Parent}, ek {Endorsement}{(Pcrs.Count == 0 ? "" : ", pcrs")}{string.Concat(Pcrs.Select(pcr => $" {pcr.Number}={pcr.Value}"))}");

    /// <summary>Finds it in a record's line; null where it is not there.</summary>
    internal static TpmIdentity? Find(string line) => Form().Match(line) is { Success: true, Groups: var groups }
        ? new TpmIdentity(uint.Parse(groups["handle"].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), groups["parent"].Value, groups["ek"].Value, [.. groups["pcrs"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Pcr)])
        : null;

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

    private static (int Number, string Value) Pcr(string text) =>
        (int.Parse(text.AsSpan(0, text.IndexOf('=', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture), text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..]);

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

    [GeneratedRegex("tpm parent (?<handle>[0-9a-f]{8}) (?<parent>[0-9a-f]{32}), ek (?<ek>[0-9a-f]{32}|unknown)(, pcrs(?<pcrs>( [0-9]{1,2}=[0-9a-f]{32})+))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
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
