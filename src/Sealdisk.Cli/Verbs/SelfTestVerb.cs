using System.CommandLine;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>self-test</c>: known answers, inside this binary, on this processor.</summary>
internal static class SelfTestVerb
{
    internal static Command Create()
    {
        var command = new Command("self-test", "Run known-answer tests inside this binary");
        command.SetAction(parsed =>
        {
            var terminal = new Terminal(parsed);
            var answers = Crypto.KnownAnswers.Run().Select(answer => new AnswerReport(answer.Name, answer.Passed))
                .Concat(SealingKnownAnswers.Run().Select(answer => new AnswerReport(answer.Name, answer.Passed)))
                .Concat(KeyKnownAnswers.Run().Select(answer => new AnswerReport(answer.Name, answer.Passed))).ToArray();
            var wrong = answers.Count(answer => !answer.Passed);
            if (terminal.Json)
            {
                terminal.Result(new SelfTestReport(wrong == 0, answers));
            }
            else
            {
                foreach (var answer in answers)
                    terminal.Note($"  {(answer.Passed ? "✓" : "✗")} {answer.Name}");
                terminal.Result(
                    wrong == 0
                        ? $"self-test passed: {answers.Length} known answers"
                        : $"self-test FAILED: {wrong} of {answers.Length} known answers are wrong");
            }
            return (int)(wrong == 0 ? ExitCode.Done : ExitCode.Failed);
        });
        return HelpWithExamples.With(command, "sealdisk self-test", "sealdisk self-test --quiet || echo 'do not trust this machine'");
    }
}
