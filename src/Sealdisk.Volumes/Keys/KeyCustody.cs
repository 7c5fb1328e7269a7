namespace Sealdisk.Volumes.Keys;

/// <summary>Who holds a key while it is in use.</summary>
public enum KeyCustody
{
    /// <summary>The kernel alone: no process has ever had it.</summary>
    Kernel,

    /// <summary>A process of Sealdisk's, in locked memory, for as long as it takes to hand it on.</summary>
    Process,
}

/// <summary>The words for <see cref="KeyCustody"/>.</summary>
public static class KeyCustodyText
{
    /// <summary>The word, such as <c>kernel</c>.</summary>
    public static string Text(this KeyCustody custody) => custody == KeyCustody.Kernel ? "kernel" : "process";

    /// <summary>Reads a word; lower case only.</summary>
    public static bool TryParse(string text, out KeyCustody custody)
    {
        custody = text == "process" ? KeyCustody.Process : KeyCustody.Kernel;
        return text is "kernel" or "process";
    }
}
