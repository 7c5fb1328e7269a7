namespace Sealdisk.Crypto;

/// <summary>A cipher specification is refused; the message names what is refused and says why.</summary>
public sealed class CipherSpecException(string message) : Exception(message);
