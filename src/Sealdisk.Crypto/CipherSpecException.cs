namespace Sealdisk.Crypto;

/// <summary>A cipher specification that is refused; the message says why and names what is refused.</summary>
public sealed class CipherSpecException(string message) : Exception(message);
