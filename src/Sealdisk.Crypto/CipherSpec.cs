namespace Sealdisk.Crypto;

/// <summary>
/// A dm-crypt cipher specification, the fourth word of a `crypt` table line: `cipher[:keycount]-mode-iv[:options]`, or `capi:`, the
/// kernel crypto API's name of the cipher, and `-iv[:options]`. Only what Sealdisk can do is accepted: AES in CBC or XTS mode with the
/// IV generators of <see cref="IvGenerator"/>. Spelling and defaults are the kernel's (drivers/md/dm-crypt.c).
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

    /// <summary>The specification as written.</summary>
    public string Text { get; }

    /// <summary>The chaining mode.</summary>
    public SectorMode Mode { get; }

    /// <summary>The IV generator.</summary>
    public IvGenerator Iv { get; }

    /// <summary>How many keys take turns by sector number: a power of two, 1 unless `aes:N-` was given.</summary>
    public int KeyCount { get; }

    /// <summary>The key sizes that this cipher takes, in bytes, ascending, for all <see cref="KeyCount"/> keys together.</summary>
    public IReadOnlyList<int> KeySizes => [2 * KeyUnit, 3 * KeyUnit, 4 * KeyUnit];

    /// <summary>Whether this cipher takes a key of so many bytes.</summary>
    public bool AcceptsKeySize(int bytes) => KeySizes.Contains(bytes);

    /// <summary>
    /// The plain spelling without `capi:` and defaults. Two specifications mean the same exactly if their canonical spellings are
    /// equal. Record equality includes <see cref="Text"/> and does not answer that.
    /// </summary>
    public string Canonical => CipherSpecParser.Spell(Mode, Iv, KeyCount);

    /// <summary>Parses a specification.</summary>
    /// <exception cref="CipherSpecException">It cannot be parsed, or Sealdisk does not support it; the message says which.</exception>
    public static CipherSpec Parse(string text) =>
        TryParse(text, out var spec, out var reason) ? spec! : throw new CipherSpecException(reason!);

    /// <summary>Parses a specification; if it is refused, <paramref name="reason"/> says why.</summary>
    public static bool TryParse(string text, out CipherSpec? spec, out string? reason)
    {
        ArgumentNullException.ThrowIfNull(text);
        reason = CipherSpecParser.Parse(text, out spec);
        return reason is null;
    }

    // AES keys are two, three or four times eight bytes; XTS has two of them.
    private int KeyUnit => (Mode == SectorMode.Xts ? 16 : 8) * KeyCount;

    /// <summary>The specification as written.</summary>
    public override string ToString() => Text;
}
