using System.Diagnostics;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Support;

/// <summary>A temporary directory to run the published binary in, with the golden HUK at the mode that the soft source asks for.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public WorkFolder()
    {
        File.Copy(Golden.File("HUK.hex"), Huk);
        using var huk = FileDescriptor.Open(Huk, OpenFlags.Write);
        huk.SetMode(0b110_000_000);
    }

    /// <summary>The HUK of zeros under which the golden blobs were sealed.</summary>
    public string Huk => this["huk.hex"];

    public string Path => _directory.Path;

    public string this[string name] => _directory[name];

    /// <summary>Another device's HUK.</summary>
    public string OtherHuk()
    {
        var path = this["other-huk.hex"];
        if (!File.Exists(path))
            Done("huk", "new", path);
        return path;
    }

    /// <summary>Runs the binary in this directory.</summary>
    public ProgramResult Run(params string[] arguments) =>
        NativeBinary.Run(new ProcessStartInfo(NativeBinary.Path, arguments) { WorkingDirectory = Path });

    /// <summary>Runs the binary, which must succeed; returns its standard output.</summary>
    public string Done(params string[] arguments) => Expect(0, arguments).Stdout;

    /// <summary>Runs the binary, which must end with this exit code.</summary>
    public ProgramResult Expect(int exit, params string[] arguments)
    {
        var result = Run(arguments);
        Assert.True(
            result.Exit == exit,
            $"sealdisk {string.Join(' ', arguments)}: exit {result.Exit}, not {exit}\n{result.Stdout}{result.Stderr}");
        return result;
    }

    public void Dispose() => _directory.Dispose();
}
