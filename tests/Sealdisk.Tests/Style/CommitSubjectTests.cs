using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Style;

/// <summary>What <c>git log --oneline</c> shows of each commit.</summary>
public sealed partial class CommitSubjectTests
{
    private const int Limit = 72;

    // The rule holds for what came after this commit.
    private const string Since = "ba12871a315e0dd4df5251f77f13ce92d498816f";

    [Fact]
    public void A_subject_is_an_area_and_a_text_of_at_most_72_columns()
    {
        var subjects = Subjects();
        var wrong = subjects.Where(commit => commit.Subject.EnumerateRunes().Count() > Limit || !Form().IsMatch(commit.Subject));
        Assert.True(!wrong.Any(), $"not 'area: text' of at most {Limit} columns:\n{string.Join('\n', wrong)}");
    }

    /// <summary>Of each commit since the rule. Skipped if git or that commit is not here: a tarball, a shallow clone.</summary>
    private static List<(string Commit, string Subject)> Subjects()
    {
        var known = Git("cat-file", "-e", Since + "^{commit}");
        Assert.SkipWhen(known is null, "git is not installed");
        Assert.SkipWhen(known is not { Exit: 0 }, $"this is not a clone with commit {Since[..7]} in it");
        var log = Git("log", "--no-merges", "--format=%h%x09%s", $"{Since}..HEAD")!.Value;
        Assert.True(log.Exit == 0, log.Stderr);
        var lines = log.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t', 2));
        return [.. lines.Select(part => (part[0], part[1]))];
    }

    /// <summary>Null without git.</summary>
    private static ProgramResult? Git(params string[] arguments)
    {
        // The checkout may belong to another user than the one who runs the tests.
        string[] all = ["-c", "safe.directory=*", "-C", Golden.Root, .. arguments];
        try
        {
            return NativeBinary.Run(new ProcessStartInfo("git", all));
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^[a-z0-9][\w./ ,-]*: \S", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
