namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>The password that a TPM's sealed object has, if the configuration names another one for the next.</summary>
/// <param name="Path">The file with it, hex text of 20 bytes; null if the object has none.</param>
public sealed record OldAuth(string? Path);
