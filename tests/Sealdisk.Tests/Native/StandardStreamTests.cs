using System.Diagnostics;

namespace Sealdisk.Tests.Native;

/// <summary>
/// A stream that is closed when the program starts, as a careless starter leaves it: no file of ours may come to stand in its place.
/// </summary>
[Trait("needs", "native")]
public sealed class StandardStreamTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("<&- >&- 2>&-", "out")]
    [InlineData("<&- >&-", "out")]
    [InlineData(">&- 2>&-", "out")]
    [InlineData("<&- >&- 2>&-", "missing/out")] // an error to tell
    public void Messages_do_not_go_into_a_file_that_took_the_place_of_a_closed_stream(string closed, string output)
    {
        var image = GoldenImage.All.Single(image => image.Name == "xts256-plain64-512");
        File.WriteAllBytes(_folder["plain"], GoldenImage.Plaintext);
        string[] arguments = ["image", "encrypt", "plain", output, .. GoldenCommand.Options(image, _folder.Huk)];
        var start = new ProcessStartInfo("strace",
            [
                "-y", "-qq", "-f", "-o", _folder["log"], "-e", "trace=write,openat", "sh", "-c",
                $"exec \"$@\" {closed}", "sh", NativeBinary.Path, .. arguments,
            ])
        {
            WorkingDirectory = _folder.Path,
        };
        var result = NativeBinary.Run(start);
        Assert.Equal(output == "out" ? 0 : 1, result.Exit);
        var said = File.ReadAllLines(_folder["log"]).Where(call => call.Contains(" write(", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(said);
        // The runtime's source of random numbers may have come first; it is open for reading only.
        Assert.All(said, call => Assert.Matches(@" write\([12]<(/dev/null|/dev/urandom|pipe:\[\d+\])(<char 1:[39]>)?>, ", call));
        if (output == "out")
            Assert.Equal(image.Ciphertext, File.ReadAllBytes(_folder["out"]));
    }
}
