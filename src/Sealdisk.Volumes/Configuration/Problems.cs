using System.Runtime.InteropServices;

namespace Sealdisk.Volumes.Configuration;

/// <summary>A place in the file; both count from 1, the column in characters.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TextPosition(int Line, int Column);

/// <summary>Collects what is wrong with one file, so that a person sees all of it at once.</summary>
internal sealed class Problems(string path)
{
    private readonly List<ConfigurationError> _errors = [];

    public int Count => _errors.Count;

    public void Report(TextPosition at, string message) => _errors.Add(new ConfigurationError(at.Line, at.Column, message));

    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
            throw new ConfigurationException(path, [.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column)]);
    }
}
