using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace Sealdisk.Board;

/// <summary>A command that runs on the board.</summary>
public sealed class BoardCommand
{
    private readonly Machine machine;
    private readonly ArrayBufferWriter<byte> output = new();
    private readonly ArrayBufferWriter<byte> error = new();
    private int? exitCode;
    private bool lost;

    internal BoardCommand(Machine machine, uint number, string text)
    {
        this.machine = machine;
        Number = number;
        Text = text;
    }

    public string Text { get; }

    internal uint Number { get; }

    /// <summary>What it has written to standard output up to now.</summary>
    public byte[] OutputBytes
    {
        get
        {
            lock (output)
                return output.WrittenSpan.ToArray();
        }
    }

    /// <summary>Waits until it has ended.</summary>
    /// <exception cref="BoardException">It did not within the limit, or the board ended first.</exception>
    public Answer Wait(TimeSpan? limit = null) =>
        Until(() => exitCode is not null, limit)
            ? new Answer(exitCode!.Value, Decode(output), Decode(error))
            : throw machine.Problem($"cannot wait any longer for '{Text}'");

    /// <summary>Waits until it has written these words to standard output.</summary>
    /// <exception cref="BoardException">It did not within the limit, or it or the board ended first.</exception>
    public void Expect(string words, TimeSpan? limit = null)
    {
        bool Said() => Decode(output).Contains(words, StringComparison.Ordinal);
        if (!Until(() => Said() || exitCode is not null, limit) || !Said())
            throw machine.Problem($"cannot find '{words}' in the output of '{Text}', which is:\n{Decode(output)}{Decode(error)}");
    }

    internal void AddOutput(ReadOnlySpan<byte> bytes) => Add(output, bytes);

    internal void AddError(ReadOnlySpan<byte> bytes) => Add(error, bytes);

    internal void End(int code)
    {
        lock (output)
        {
            exitCode = code;
            Monitor.PulseAll(output);
        }
    }

    /// <summary>The board has ended, and the command with it.</summary>
    internal void Lose()
    {
        lock (output)
        {
            lost = true;
            Monitor.PulseAll(output);
        }
    }

    private void Add(ArrayBufferWriter<byte> stream, ReadOnlySpan<byte> bytes)
    {
        lock (output)
        {
            stream.Write(bytes);
            Monitor.PulseAll(output);
        }
    }

    private bool Until(Func<bool> done, TimeSpan? limit)
    {
        var clock = Stopwatch.StartNew();
        lock (output)
        {
            while (!done())
            {
                if (lost)
                    throw machine.Problem($"the board ended while '{Text}' ran");
                var left = (limit ?? Machine.CommandLimit) - clock.Elapsed;
                if (left <= TimeSpan.Zero || !Monitor.Wait(output, left))
                    return done();
            }

            return true;
        }
    }

    private static string Decode(ArrayBufferWriter<byte> stream) => Encoding.UTF8.GetString(stream.WrittenSpan);
}
