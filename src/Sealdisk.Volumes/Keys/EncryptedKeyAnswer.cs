namespace Sealdisk.Volumes.Keys;

/// <summary>Whether an encrypted key opens under its root key.</summary>
public enum EncryptedKeyAnswer
{
    /// <summary>The root key opens with the HUK, and the encrypted key's MAC is right under it.</summary>
    Opens,

    /// <summary>The HUK does not open the root key.</summary>
    RootDoesNot,

    /// <summary>The root key opens, and the encrypted key does not under it.</summary>
    KeyDoesNot,
}
