namespace Sealdisk.Crypto;

/// <summary>
/// A dm-crypt cipher specification, as the fourth word of a `crypt` table line: `cipher[:keycount]-mode-iv[:options]`, or
/// `capi:` and the kernel crypto API's name of the cipher, `-iv[:options]`. Only what this room can do is accepted: AES in CBC
/// or XTS mode with the IV generators of <see cref="IvGenerator"/>. Spelling and defaults are the kernel's (drivers/md/dm-crypt.c).
/// </summary>
public sealed record CipherSpec
{
    internal CipherSpec(string text, SectorMode mode, IvGenerator iv, int keyCount)
    {
        Text = text;
        Mode = mode;
        Iv = iv;
        KeyCount = keyCount;
    }

    /// <summary>The specification as it was given.</summary>
    public string Text { get; }

    /// <summary>The chaining mode.</summary>
    public SectorMode Mode { get; }

    /// <summary>The IV generator.</summary>
    public IvGenerator Iv { get; }

    /// <summary>How many keys take turns by sector number: a power of two, 1 unless `aes:N-` was given.</summary>
    public int KeyCount { get; }

    /// <summary>Key sizes this cipher takes, in bytes, ascending, all <see cref="KeyCount"/> keys together.</summary>
    public IReadOnlyList<int> KeySizes => [2 * KeyUnit, 3 * KeyUnit, 4 * KeyUnit];

    /// <summary>Whether a key of this many bytes is one that this cipher takes.</summary>
    public bool AcceptsKeySize(int bytes) => KeySizes.Contains(bytes);

    /// <summary>
    /// The plain spelling without `capi:` and defaults. Two specifications mean the same exactly when their canonical spellings are equal;
    /// record equality, which includes <see cref="Text"/>, is not that question.
    /// </summary>
    public string Canonical => CipherSpecParser.Spell(Mode, Iv, KeyCount);

    /// <summary>Parses a specification.</summary>
    /// <exception cref="CipherSpecException">It cannot be parsed, or names something that Sealdisk does not do; the message says which.</exception>
    public static CipherSpec Parse(string text) => TryParse(text, out var spec, out var reason) ? spec! : throw new CipherSpecException(reason!);

    /// <summary>Parses a specification; where it is refused, <paramref name="reason"/> says why, by name.</summary>
    public static bool TryParse(string text, out CipherSpec? spec, out string? reason)
    {
        ArgumentNullException.ThrowIfNull(text);
        reason = CipherSpecParser.Parse(text, out spec);
        return reason is null;
    }

    // AES keys are two, three or four times eight bytes; XTS has two of them.
    private int KeyUnit => (Mode == SectorMode.Xts ? 16 : 8) * KeyCount;

    /// <summary>The specification as it was given.</summary>
    public override string ToString() => Text;
}
