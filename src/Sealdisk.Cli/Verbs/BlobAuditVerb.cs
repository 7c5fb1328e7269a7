using System.CommandLine;
using Sealdisk.Audit.Blobs;
using Sealdisk.Audit.Fleet;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>blob audit</c>: does a sealed key open under a HUK that is public knowledge?</summary>
internal static class BlobAuditVerb
{
    private const int LongestCandidates = 1 << 24;

    private static readonly HukCandidate FoundBySearch = new("npcm-search", "SHA-256 of five bytes, found by searching: a Nuvoton NPCM8xx");

    internal static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Blobs as 'keyctl pipe' writes them; '-' is standard input", Arity = ArgumentArity.OneOrMore,
        };
        var ndjson = new Option<bool>("--ndjson")
        {
            Description = "Read one JSON object a line, with device and blob, and write one verdict a line",
        };
        var candidates = new Option<string?>("--candidates")
        {
            Description = "More HUKs to try, one a line: HEX or NAME = HEX", HelpName = "FILE",
        };
        var family = HukDeriveVerb.FamilyOption("The chip that the blobs are from");
        var dna = HukDeriveVerb.HexOption("--dna", "That chip's device DNA: try what follows from it");
        var uid = HukDeriveVerb.HexOption("--uid", "That chip's unique identifier: try what follows from it");
        var scratch = HukDeriveVerb.HexOption("--scratch", "The five bytes that a Nuvoton NPCM8xx hashes: try them");
        var search = new Option<bool>("--search-npcm")
        {
            Description = $"Search the HUK of a Nuvoton NPCM8xx among {NpcmSearch.Count} values (some seconds a blob)",
        };
        var command = new Command("audit", "Does it open under a HUK that is public knowledge?")
        {
            files, ndjson, candidates, family, dna, uid, scratch, search,
        };
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            using var oracle = new HukOracle();
            PublicHuks.AddConstants(oracle);
            AddChip(oracle, new ChipFacts(
                HukDeriveVerb.HexValue(parsed, dna), HukDeriveVerb.HexValue(parsed, uid), HukDeriveVerb.HexValue(parsed, scratch)));
            if (parsed.GetValue(candidates) is { } candidateFile)
                AddCandidates(oracle, candidateFile);
            var chip = parsed.GetValue(family) is { } id ? HukDeriveVerb.FindFamily(id) : null;
            var paths = parsed.GetRequiredValue(files);
            return parsed.GetValue(ndjson)
                ? Filter(terminal, oracle, paths)
                : Files(terminal, oracle, paths, chip, parsed.GetValue(search));
        });
        return HelpWithExamples.With(
            command,
            "sealdisk blob audit key.blob",
            "keyctl pipe 123 | sealdisk blob audit - --uid 1d0022000a51383133303830",
            "sealdisk blob audit --ndjson - < fleet.ndjson > verdicts.ndjson");
    }

    private static int Files(Terminal terminal, HukOracle oracle, string[] paths, HukFamily? family, bool search)
    {
        var tried = oracle.Candidates.Select(candidate => candidate.Id).Distinct(StringComparer.Ordinal).ToArray();
        var reports = new List<BlobAuditReport>();
        foreach (var path in paths)
        {
            var report = OfFile(oracle, path, family, search, tried);
            reports.Add(report);
            if (!terminal.Json)
                Print(terminal, report);
        }
        if (terminal.Json)
            terminal.Result(new BlobAuditsReport(reports));
        return (int)(reports.Any(report => report.Verdict == "known") ? ExitCode.Findings
            : reports.Any(report => report.Verdict == "malformed") ? ExitCode.Usage : ExitCode.Done);
    }

    private static BlobAuditReport OfFile(HukOracle oracle, string path, HukFamily? family, bool search, string[] tried)
    {
        byte[] blob;
        try
        {
            blob = BlobFile.ReadText(path == "-" ? "/dev/stdin" : path);
        }
        catch (BlobTextException problem)
        {
            return new BlobAuditReport(path, "malformed", null, null, "unknown", problem.Message, tried, null);
        }
        var finding = BlobAudit.Of(oracle, blob, family);
        string? searched = null;
        if (search && finding.Verdict == HukVerdict.NoCandidateMatched)
        {
            searched = NpcmSearch.Scope;
            if (NpcmSearch.Find(blob) is not null)
                finding = finding with { Verdict = HukVerdict.Known, Known = FoundBySearch };
        }
        var known = finding.Known;
        var kind = BlobVerbs.Word(finding.Kind);
        return new BlobAuditReport(path, BlobAudit.Word(finding.Verdict), known?.Id, known?.What, kind, finding.Reason, tried, searched);
    }

    private static void Print(Terminal terminal, BlobAuditReport report)
    {
        switch (report.Verdict)
        {
            case "known":
                terminal.Result($"{report.File}: known: {report.Huk}");
                terminal.Result($"  The HUK is {report.What}.");
                terminal.Result("  Proven by the 128-bit tag: anyone who has this sealed key has the key in it.");
                break;
            case "no_candidate_matched":
                terminal.Result($"{report.File}: no candidate matched");
                terminal.Result($"  It opens under none of {report.Tried.Count} known HUKs. That does not prove that its HUK is secret.");
                if (report.Searched is { } scope)
                    terminal.Result($"  Also searched, without a match: {scope}.");
                break;
            case "model_does_not_apply":
                terminal.Result($"{report.File}: model does not apply");
                terminal.Result($"  {char.ToUpperInvariant(report.Reason![0])}{report.Reason[1..]}: there is no HUK to try.");
                break;
            default:
                terminal.Result($"{report.File}: malformed: {report.Reason}");
                break;
        }
    }

    private static int Filter(Terminal terminal, HukOracle oracle, string[] paths)
    {
        if (paths is not [var path])
            throw SealdiskException.Usage(
                "cannot read several files with --ndjson", "concatenate them: cat a b | sealdisk blob audit --ndjson -");
        using var input = path == "-" ? FileDescriptor.Standard(0) : FileDescriptor.Open(path, OpenFlags.Read);
        using var output = FileDescriptor.Standard(1);
        var summary = FleetFilter.Run(oracle, input, output);
        terminal.Note(
            $"{summary.Lines} blobs: {summary.Known} under a known HUK, "
            + $"{summary.NoCandidateMatched} under none of {oracle.Candidates.Count} tried (no proof), "
            + $"{summary.ModelDoesNotApply} of other sources, {summary.Malformed} malformed; {summary.Clones} occurred before");
        return (int)(summary.Known + summary.Clones > 0 ? ExitCode.Findings : ExitCode.Done);
    }

    private static void AddChip(HukOracle oracle, ChipFacts chip)
    {
        if (chip.Dna is { Length: not (12 or 16) })
            throw SealdiskException.Usage($"cannot use --dna: {chip.Dna.Length} bytes; it has 12 (Zynq UltraScale+) or 16 (Versal)");
        if (chip.Uid is { Length: not 12 })
            throw SealdiskException.Usage($"cannot use --uid: {chip.Uid.Length} bytes; it has 12 (STM32MP15)");
        if (chip.Scratch is { Length: not (5 or 64) })
            throw SealdiskException.Usage($"cannot use --scratch: {chip.Scratch.Length} bytes; it has 5 (64 for OP-TEE 4.0)");
        PublicHuks.AddChip(oracle, chip);
    }

    private static void AddCandidates(HukOracle oracle, string path)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        var size = file.Status().Size;
        if (size is 0 or > LongestCandidates)
            throw SealdiskException.Usage($"cannot use candidates {path}: it has {size} bytes; it must have 1 to {LongestCandidates}");
        using var text = SecretBuffer.Allocate((int)size);
        var length = file.ReadAt(text.Memory.Span, 0);
        try
        {
            CandidateFile.AddTo(oracle, text.Memory.Span[..length]);
        }
        catch (HukTextException problem)
        {
            throw SealdiskException.Usage(
                $"cannot use candidates {path}: {problem.Message}", "one HUK a line: 32 to 64 hex digits, alone or as NAME = HEX");
        }
    }
}
