using System.Runtime.InteropServices;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A place in the file; both count from 1, the column in characters.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TextPosition(int Line, int Column);

/// <summary>Collects what is wrong with one file, so that a person sees all of it at once.</summary>
/// <param name="path">The file, for messages.</param>
public sealed class Problems(string path)
{
    private readonly List<ConfigurationError> _errors = [];

    internal int Count => _errors.Count;

    /// <summary>Adds one.</summary>
    public void Report(TextPosition at, string message) => _errors.Add(new ConfigurationError(at.Line, at.Column, message));

    /// <summary>Ends the reading if there is any.</summary>
    /// <exception cref="ConfigurationException">All of them, in the order of the file.</exception>
    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
            throw new ConfigurationException(path, [.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column)]);
    }
}
