namespace Sealdisk.Volumes.Keys;

/// <summary>What was known of a chip's life cycle when a key was sealed on it.</summary>
public enum ChipState
{
    /// <summary>No chip sealed it: a software key.</summary>
    None,

    /// <summary>Nothing shows it.</summary>
    Unknown,

    /// <summary>Open: it boots whatever it is given.</summary>
    Open,

    /// <summary>Closed: it boots only what its owner has signed.</summary>
    Closed,
}

/// <summary>The words for <see cref="ChipState"/>.</summary>
public static class ChipStateText
{
    private static readonly string[] Words = ["none", "unknown", "open", "closed"];

    /// <summary>The word, such as <c>closed</c>.</summary>
    public static string Text(this ChipState state) => Words[(int)state];

    /// <summary>Reads a word; lower case only.</summary>
    public static bool TryParse(string text, out ChipState state)
    {
        var index = Array.IndexOf(Words, text);
        state = index < 0 ? default : (ChipState)index;
        return index >= 0;
    }
}
