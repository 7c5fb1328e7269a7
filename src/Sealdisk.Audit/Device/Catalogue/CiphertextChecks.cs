using Sealdisk.Crypto;
using static Sealdisk.Audit.Device.Verdict;

namespace Sealdisk.Audit.Device.Catalogue;

/// <summary>What the ciphertext on a disk tells.</summary>
internal static class CiphertextChecks
{
    internal static IReadOnlyList<Check> All => [Cipher, Discard];

    private static Check Cipher { get; } = new(system => system.OfEachVolume(JudgeCipher))
    {
        Id = "cipher",
        Group = CheckGroup.Volumes,
        Severity = Severity.Medium,
        Title = "The volume's cipher is AES in XTS mode with 64-bit sector numbers",
        Attack = "aes-cbc-plain and aes-cbc-plain64 use the sector number as the IV, which is no secret. Take a file whose "
            + "sector n starts with block A xor n and whose sector n+1 starts with A xor (n+1), otherwise equal. Both sectors "
            + "encrypt to the same ciphertext, so the file is recognised on the disk without the key. The 'plain' forms count "
            + "with 32 bits: beyond 2 TiB, IVs repeat. In all CBC modes, flipping bits of ciphertext flips the same bits of the "
            + "next block of plaintext.",
        Remedy = "Use aes-xts-plain64 with a key of 64 bytes for new volumes, or aes-cbc-essiv:sha256 if the hardware has only "
            + "CBC. Copy the data of an existing volume to a new one.",
        Reads = "The cipher in the record, or in the configuration before the first boot. XTS is not authenticated either: "
            + "changed ciphertext decrypts to noise, without an error.",
        Reference = "docs/ciphers.md",
    };

    private static Check Discard { get; } = new(system => system.OfEachVolume(JudgeDiscard))
    {
        Id = "discard",
        Group = CheckGroup.Volumes,
        Severity = Severity.Low,
        Title = "Discards are not passed to the disk",
        Attack = "The disk shows which sectors are in use: how much is stored, roughly which filesystem it is, and when files "
            + "are deleted.",
        Remedy = "discard = false, unless wear or speed matter more.",
        Reads = "The configuration.",
        Reference = "docs/threat-model.md",
    };

    private static Verdict JudgeCipher(AuditedVolume volume)
    {
        var seen = volume.RecordEvidence with { What = $"cipher {volume.Cipher}" };
        if (!CipherSpec.TryParse(volume.Cipher, out var cipher, out _))
            return Unknown($"the cipher {volume.Cipher} is not known", seen);
        var name = cipher!.Canonical;
        bool Has(string part) => name.Contains(part, StringComparison.Ordinal);
        if (name.EndsWith("-null", StringComparison.Ordinal))
            return Fails($"{name}: equal sectors encrypt to equal ciphertext", seen) with { Severity = Severity.High };
        if (name == "aes-xts-plain")
            return Fails("sectors are counted with 32 bits: tweaks repeat beyond 2 TiB", seen) with { Severity = Severity.Low };
        if (Has("-xts-"))
            return Holds(name, seen);
        if (Has("essiv") || Has("eboiv"))
            return Fails($"{name}: CBC lets an attacker flip chosen bits, which garbles the block before them", seen) with
            {
                Severity = Severity.Low,
            };
        return name == "aes-cbc-plain"
            ? Fails($"{name}: IVs are sector numbers, so ciphertext shows whether a chosen file is there; beyond 2 TiB they repeat", seen)
            : Fails($"{name}: IVs are known in advance, so ciphertext shows whether a chosen file is there", seen);
    }

    private static Verdict JudgeDiscard(AuditedVolume volume) => volume.Spec.Discard
        ? Fails("discards show which sectors are in use", new Evidence("configuration", "discard = true"))
        : Holds("discards are not passed on", new Evidence("configuration", "discard = false"));
}
