using System.CommandLine;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk blob ...</c>: sealed keys as keyctl writes them.</summary>
internal static class BlobVerbs
{
    internal static Command Create()
    {
        var blob = new Command("blob", "Sealed keys as 'keyctl pipe' writes them");
        blob.Subcommands.Add(Inspect());
        blob.Subcommands.Add(BlobAuditVerb.Create());
        return blob;
    }

    private static Command Inspect()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Text as keyctl prints it: hex digits of a trusted key, or an encrypted key",
        };
        var huk = SealedKeyOptions.NewHuk("Also try to open it with this HUK (OP-TEE blobs)");
        var root = new Option<string?>("--root")
        {
            Description = "With --huk, for an encrypted key: the file with the sealed root key that it is under",
            HelpName = "FILE",
        };
        var command = new Command("inspect", "Show which source made it, its key size, and whether it is well formed") { file, huk, root };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var path = parsed.GetRequiredValue(file);
            var (description, opens, why) = Look(path, parsed.GetValue(huk), parsed.GetValue(root));
            if (terminal.Json)
                terminal.Result(new BlobReport(path, Word(description.Kind), description, opens));
            else
                Print(terminal, path, description, why);
            return (int)(opens == false ? ExitCode.DoesNotOpen : description.WellFormed ? ExitCode.Done : ExitCode.Usage);
        });
        return HelpWithExamples.With(
            command,
            "sealdisk blob inspect key.blob",
            "sealdisk blob inspect key.blob --huk huk.hex",
            "sealdisk blob inspect volume.key --huk huk.hex --root root.blob",
            "keyctl pipe 123 > key.blob; sealdisk blob inspect key.blob");
    }

    /// <summary>A regular file is read twice if it is not an encrypted key; a pipe can hold a blob only.</summary>
    /// <returns>What it is; whether it opens, null if that was not found out; and that in words, null if that was not asked for.</returns>
    private static (BlobDescription Description, bool? Opens, string? Why) Look(string path, string? huk, string? root)
    {
        if (root is not null && huk is null)
            throw SealdiskException.Usage("cannot use --root: it is opened with a HUK", "give --huk FILE too");
        if (FileStatus.TryOf(path)?.Kind == FileKind.Regular && EncryptedKeyFile.Describe(path) is { } encrypted)
        {
            var (answer, words) = huk is null || !encrypted.WellFormed ? (null, null) : OfEncrypted(path, huk, root);
            return (encrypted, answer, words);
        }
        if (root is not null)
            throw SealdiskException.Usage(
                $"cannot use --root with {path}: it is not an encrypted key", "only keys of type encrypted are under a root key");
        var bytes = BlobFile.Read(path);
        var description = BlobDescription.Of(bytes);
        bool? opens = huk is null ? null : Opens(huk, bytes);
        return (description, opens, opens is { } yes ? yes ? "yes, with this HUK" : WhyNot(description.Kind) : null);
    }

    private static (bool? Opens, string Why) OfEncrypted(string path, string huk, string? root)
    {
        if (root is null)
            return (null, "not checked: the HUK opens its root key, and that opens it; --root names the file with the sealed root key");
        return EncryptedKeyFile.Open(path, SealedBlob.Of(BlobFile.Read(root)), huk) switch
        {
            EncryptedKeyAnswer.Opens => (true, "yes: its root key opens with this HUK, and its MAC is right under that"),
            EncryptedKeyAnswer.RootDoesNot => (false, "no: its root key does not open with this HUK"),
            _ => (false, "no: its root key opens with this HUK, but its MAC is wrong: it was altered, or is under another root key"),
        };
    }

    private static void Print(Terminal terminal, string path, BlobDescription description, string? why)
    {
        terminal.Result($"{path}: {Sentence(description.Kind)}");
        Line("length", $"{description.Length} bytes");
        if (description.KeySize is { } size)
            Line("key", $"{size} bytes");
        foreach (var (name, value) in description.Details)
            Line(name, value);
        Line("form", description.WellFormed ? "well formed" : $"malformed: {description.Problem}");
        if (why is not null)
            Line("opens", why);

        void Line(string label, string value) => terminal.Result($"  {label,-14} {value}");
    }

    private static string WhyNot(BlobKind kind) =>
        kind == BlobKind.OpTee
            ? "no: another HUK sealed it, or it was altered"
            : "no: a HUK opens what OP-TEE or the soft source sealed, and nothing else";

    private static bool Opens(string hukPath, byte[] blob)
    {
        using var source = SoftSource.Open(hukPath);
        return source.Opens(SealedBlob.Of(blob));
    }

    private static string Sentence(BlobKind kind) => kind switch
    {
        BlobKind.OpTee => "a key sealed by OP-TEE's trusted keys (source tee, or soft)",
        BlobKind.Tpm2 => "a key sealed by a TPM 2.0 (source tpm)",
        BlobKind.Tpm12 => "a key sealed by a TPM 1.2 (source tpm)",
        BlobKind.Caam => "a key sealed by NXP's CAAM (source caam)",
        BlobKind.Dcp => "a key sealed by NXP's DCP (source dcp)",
        BlobKind.Encrypted => "a key of type encrypted, under a root key that is sealed elsewhere",
        _ => "no sealed key of a kind that Sealdisk knows",
    };

    internal static string Word(BlobKind kind) => kind switch
    {
        BlobKind.OpTee => "op_tee",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
