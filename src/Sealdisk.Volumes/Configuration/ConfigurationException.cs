using Sealdisk.Linux;

namespace Sealdisk.Volumes.Configuration;

/// <summary>One thing wrong with a configuration file. Lines and columns (in characters) count from 1.</summary>
public sealed record ConfigurationError(int Line, int Column, string Message);

/// <summary>
/// The configuration cannot be used, and nothing was touched. <see cref="Exception.Message"/> has one line per error,
/// such as <c>/etc/sealdisk.toml:7:16: key-size 48 is not possible for aes-cbc-plain: use 32</c>.
/// </summary>
public sealed class ConfigurationException : Exception
{
    internal ConfigurationException(string path, IReadOnlyList<ConfigurationError> errors)
        : base(string.Join('\n', errors.Select(error => $"{path}:{error.Line}:{error.Column}: {error.Message}")))
    {
        Path = path;
        Errors = errors;
    }

    /// <summary>The file itself cannot be read.</summary>
    internal ConfigurationException(string path, LinuxException cause)
        : base(cause.Message, cause)
    {
        Path = path;
        Errors = [];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>All errors in the order of the file; empty if the file could not be read.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }

    /// <summary>Line of the first error, from 1; 0 if the file could not be read.</summary>
    public int Line => Errors.Count > 0 ? Errors[0].Line : 0;

    /// <summary>Column of the first error, from 1; 0 if the file could not be read.</summary>
    public int Column => Errors.Count > 0 ? Errors[0].Column : 0;
}
