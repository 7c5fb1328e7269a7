using System.Reflection;
using Xunit.v3;

[assembly: Sealdisk.BoardTests.BoardNeeded]

namespace Sealdisk.BoardTests;

/// <summary>
/// Skips, by name, the tests of a board that <c>./test</c> could not have: SEALDISK_BOARDS_MISSING holds their names with
/// spaces between. A test is of the arm64 board where no trait says otherwise. Without that variable a board that is missing is a failure.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class BoardNeededAttribute : BeforeAfterTestAttribute
{
    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        var board = test.Traits.TryGetValue(BoardNeeded.Trait, out var boards) ? boards.Single() : "arm64";
        var names = Environment.GetEnvironmentVariable("SEALDISK_BOARDS_MISSING") ?? "";
        var missing = names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.SkipWhen(missing.Contains(board, StringComparer.Ordinal), $"what the board {board} is built from cannot be had here");
    }
}

/// <summary>Which board a test boots.</summary>
internal static class BoardNeeded
{
    public const string Trait = "board";
}
