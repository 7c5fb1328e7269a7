namespace Sealdisk.Volumes;

/// <summary>
/// An expected way for an operation to end without success. The message reads "cannot (act) (object): (cause)"; the hint, when there is
/// one, is something a person can do next. Neither ever holds key bytes.
/// </summary>
public sealed class SealdiskException(ExitCode code, string message, string? hint = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The exit code that this failure becomes.</summary>
    public ExitCode Code { get; } = code;

    /// <summary>The way out, or null.</summary>
    public string? Hint { get; } = hint;

    /// <summary>Something that should have worked did not.</summary>
    public static SealdiskException Failed(string message, string? hint = null, Exception? inner = null) =>
        new(ExitCode.Failed, message, hint, inner);

    /// <summary>The command line or configuration asks for something impossible.</summary>
    public static SealdiskException Usage(string message, string? hint = null) => new(ExitCode.Usage, message, hint);

    /// <summary>Going on might lose data.</summary>
    public static SealdiskException Refused(string message, string? hint = null) => new(ExitCode.Refused, message, hint);

    /// <summary>The sealed key does not open with what this device has.</summary>
    public static SealdiskException DoesNotOpen(string message, string? hint = null) => new(ExitCode.DoesNotOpen, message, hint);

    /// <summary>The system lacks something that the message names.</summary>
    public static SealdiskException Lacking(string message, string? hint = null) => new(ExitCode.Lacking, message, hint);
}
