using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A keyring where a person wants a key to stay after this process. The kernel would take one for keyrings that end with it, or with an
/// anonymous session that no other process has, and report a serial number that means nothing a moment later: those are refused before
/// anything is made.
/// </summary>
public static class KernelKeyring
{
    /// <summary>The keyring by its word, or the one that will do where none is named.</summary>
    /// <param name="word">
    /// keyctl's words @s, @u, @us or a serial number; null: @s if this process has a session keyring of its own, else @u.
    /// </param>
    /// <param name="act">What is about to be done, such as "make key data".</param>
    public static (KeySerial Keyring, string Why) Settle(string? word, string act)
    {
        if (word is null)
            return Keyring.Session() == SessionKeyringKind.Own
                ? (KeySerial.SessionKeyring, "@s")
                : (KeySerial.UserKeyring, "@u, as this process has no session keyring of its own");
        if (!KeySerial.TryParse(word, out var keyring))
            throw SealdiskException.Usage(
                $"cannot {act}: '{word}' is not a keyring", "give @s, @u, @us, or a serial number: see keyctl show");
        if (keyring == KeySerial.ThreadKeyring || keyring == KeySerial.ProcessKeyring)
            throw SealdiskException.Usage($"cannot {act}: {word} ends with this process, and the key with it", "use @s or @u");
        if (keyring == KeySerial.SessionKeyring)
            RequireSession(act);
        return (keyring, word);
    }

    private static void RequireSession(string act)
    {
        switch (Keyring.Session())
        {
            case SessionKeyringKind.UserDefault:
                throw SealdiskException.Lacking(
                    $"cannot {act} in @s: this process has no session keyring of its own, and a key put there would be gone with it",
                    "use --keyring @u; or run it within a session: keyctl session - COMMAND");
            case SessionKeyringKind.Ended:
                throw SealdiskException.Lacking(
                    $"cannot {act} in @s: this session keyring was revoked or has expired (EKEYREVOKED)",
                    "use --keyring @u, or log in again");
            default:
                break;
        }
    }
}
