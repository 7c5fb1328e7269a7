namespace Sealdisk.Board;

/// <summary>How a command on the board ended.</summary>
/// <param name="ExitCode">The shell's: 128 + n after signal n.</param>
/// <param name="Output">Standard output, as text.</param>
/// <param name="Error">Standard error, as text.</param>
public sealed record Answer(int ExitCode, string Output, string Error)
{
    /// <summary>Both outputs, standard error last.</summary>
    public string All => Output + Error;
}
