using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Sealdisk.Cli;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Docs;

/// <summary>The manual pages and the completion know what the program knows.</summary>
public sealed partial class ManPageTests
{
    private static readonly ManPage Program = new("sealdisk.8"), Configuration = new("sealdisk.toml.5");

    /// <summary>Each verb that help shows, as words: "record show".</summary>
    public static readonly TheoryData<string> Verbs = new(Leaves(SealdiskCommand.Create(), "").Select(leaf => leaf.Words));

    [Fact]
    public void Every_key_of_the_configuration_is_in_sealdisk_toml()
    {
        // A heading names one key, [source.tpm] keys with their table: "device = path", "[source.tpm] parent = handle".
        var documented = Configuration.Headings.Where(heading => heading.Contains(" = ", StringComparison.Ordinal))
            .Select(heading => heading.Split(" = ")[0].Split(' ')[^1]).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(KeysOfTheReader(), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_word_that_a_setting_takes_is_in_sealdisk_toml()
    {
        var sources = Enum.GetValues<TrustSource>().Select(source => source.Text());
        var words = sources.Concat(FilesystemType.All.Select(type => type.Name));
        Assert.All(words, word => Assert.Contains($"\"{word}\"", Configuration.Text, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Every_verb_has_a_paragraph_and_its_options_are_named(string words)
    {
        Assert.Contains(Program.Headings, heading => $" {heading} ".Contains($" {words} ", StringComparison.Ordinal));
        Assert.Empty(Options(Verb(words)).Except(Program.Words, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void The_program_completes_every_verb_and_option(string words)
    {
        var parents = words.Split(' ');
        for (var count = 0; count < parents.Length; count++)
            Assert.Contains(parents[count], Completions(string.Join(' ', parents.Take(count)) + " "));
        Assert.Empty(LongOptions(Verb(words)).Except(Completions($"{words} -"), StringComparer.Ordinal));
    }

    [Theory]
    [Trait("needs", "native")]
    [MemberData(nameof(Verbs))]
    public void Bash_completes_every_verb_and_option(string words)
    {
        var parent = words.Contains(' ') ? words.Split(' ')[0] + " " : "";
        var (verbs, options) = (InBash(parent), InBash($"{words} --"));
        Assert.Contains(words.Split(' ')[^1], verbs);
        Assert.Empty(LongOptions(Verb(words)).Except(options, StringComparer.Ordinal));
    }

    /// <summary>What bash offers at the end of "sealdisk LINE".</summary>
    private static string[] InBash(string line)
    {
        var completion = Path.Combine(Golden.Root, "packaging", "completions", "sealdisk");
        var script = $$"""
            source {{completion}}
            COMP_LINE="{{NativeBinary.Path}} {{line}}"
            COMP_POINT=${#COMP_LINE}
            _sealdisk
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var result = NativeBinary.Run(new ProcessStartInfo("bash", ["-c", script]));
        Assert.Equal("", result.Stderr);
        return result.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The keys that the code asks a table for, in order. A text search: the reader itself keeps no list.</summary>
    private static List<string> KeysOfTheReader()
    {
        var folder = Directory.EnumerateFiles(Path.Combine(Golden.Root, "src"), "TableReader.cs", SearchOption.AllDirectories).Single();
        var code = string.Concat(Directory.EnumerateFiles(Path.GetDirectoryName(folder)!, "*.cs").Select(File.ReadAllText));
        var found = KeyRead().Matches(code).Select(match => match.Groups["key"].Value);
        var keys = found.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        // If the reader asks in another way one day, this search finds too few.
        Assert.Superset(new HashSet<string>(["device", "require", "no-write-workqueue", "huk", "pcrs"]), keys.ToHashSet());
        keys.RemoveAll(key => key is "volume" or "soft" or "tpm");
        return keys;
    }

    private static IEnumerable<(string Words, Command Command)> Leaves(Command command, string words)
    {
        var verbs = command.Subcommands.Where(verb => !verb.Hidden).ToList();
        if (verbs.Count == 0 || command.Action is not null && words.Length > 0)
            yield return (words, command);
        foreach (var verb in verbs)
        {
            foreach (var leaf in Leaves(verb, words.Length == 0 ? verb.Name : $"{words} {verb.Name}"))
                yield return leaf;
        }
    }

    private static Command Verb(string words)
    {
        Command command = SealdiskCommand.Create();
        foreach (var word in words.Split(' '))
            command = command.Subcommands.Single(verb => verb.Name == word);
        return command;
    }

    /// <summary>A verb's own options and those of every verb, without the spellings of help that are for other systems.</summary>
    private static IEnumerable<string> Options(Command verb) =>
        verb.Options.Concat(SealdiskCommand.Create().Options.Where(option => option.Recursive))
            .Where(option => !option.Hidden)
            .SelectMany(option => option.Aliases.Prepend(option.Name))
            .Where(name => name.StartsWith('-') && name != "-?")
            .Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> LongOptions(Command verb) =>
        Options(verb).Where(name => name.StartsWith("--", StringComparison.Ordinal));

    private static IEnumerable<string> Completions(string line) =>
        SealdiskCommand.Create().Parse(line).GetCompletions(line.Length).Select(completion => completion.Label);

    [GeneratedRegex("""
        \b(?:Read|Require|ReadList|Flag)(?:<[^(]*>)?\(\s*"(?<key>[a-z-]+)"
        """, RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex KeyRead();
}
