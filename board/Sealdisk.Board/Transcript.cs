using System.Diagnostics;
using System.Text;

namespace Sealdisk.Board;

/// <summary>Text that arrives over time, for one who waits for words in it. A board's output; any thread may add.</summary>
internal sealed class Transcript
{
    private readonly StringBuilder text = new();
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private int read;
    private bool ended;

    public override string ToString()
    {
        lock (text)
            return text.ToString();
    }

    public void Add(ReadOnlySpan<byte> utf8)
    {
        lock (text)
        {
            var characters = new char[decoder.GetCharCount(utf8, flush: false)];
            text.Append(characters, 0, decoder.GetChars(utf8, characters, flush: false));
            Monitor.PulseAll(text);
        }
    }

    /// <summary>Nothing more comes.</summary>
    public void End()
    {
        lock (text)
        {
            ended = true;
            Monitor.PulseAll(text);
        }
    }

    /// <summary>
    /// Waits for the words in what has not been waited for yet; what comes up to and with them, or null at the limit or the
    /// end.
    /// </summary>
    public string? Expect(string words, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        lock (text)
        {
            while (true)
            {
                var unread = text.ToString(read, text.Length - read);
                var at = unread.IndexOf(words, StringComparison.Ordinal);
                if (at >= 0)
                {
                    read += at + words.Length;
                    return unread[..(at + words.Length)];
                }

                var left = limit - clock.Elapsed;
                if (ended || left <= TimeSpan.Zero || !Monitor.Wait(text, left))
                    return null;
            }
        }
    }
}
