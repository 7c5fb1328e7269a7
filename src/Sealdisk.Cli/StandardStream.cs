using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Cli;

/// <summary>
/// Standard output or standard error, unbuffered, in UTF-8. Not the runtime's console: at its first word that one switches the terminal's
/// cursor keys into another mode, and never switches them back.
/// </summary>
internal sealed class StandardStream : TextWriter
{
    private readonly int _number;

    private StandardStream(int number)
    {
        _number = number;
        NewLine = "\n";
    }

    internal static StandardStream Output { get; } = new(1);

    internal static StandardStream Error { get; } = new(2);

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        try
        {
            // Opened each time, as a server redirects its streams and closes all other descriptors.
            using var stream = FileDescriptor.Standard(_number);
            stream.Write(bytes);
        }
        catch (LinuxException problem) when (problem.Errno is Errno.EPIPE or Errno.EBADF)
        {
            // The reader has heard enough, as with 'sealdisk --help | head', or never wanted to hear; the work goes on.
        }
    }
}
