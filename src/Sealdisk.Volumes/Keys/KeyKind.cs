namespace Sealdisk.Volumes.Keys;

/// <summary>What seals a volume's key: text <c>trusted</c> or <c>encrypted</c>, after the kernel's key types.</summary>
public enum KeyKind
{
    /// <summary>The trust source itself.</summary>
    Trusted,

    /// <summary>A root key that the trust source seals, and that several volumes may share.</summary>
    Encrypted,
}

/// <summary>The words for <see cref="KeyKind"/>.</summary>
public static class KeyKindText
{
    /// <summary>Every word, in the order of the enum.</summary>
    internal static readonly string[] Words = ["trusted", "encrypted"];

    /// <summary>The word, such as <c>trusted</c>.</summary>
    public static string Text(this KeyKind kind) => Words[(int)kind];
}
