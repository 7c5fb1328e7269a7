namespace Sealdisk.Board;

/// <summary>
/// A software TPM (swtpm), soldered to whatever board is booted with it. Another folder is another TPM, with other seeds; a
/// folder that is empty or not there yet is one fresh from the factory.
/// </summary>
/// <param name="Folder">Where its state is, from boot to boot.</param>
public sealed record Tpm(string Folder)
{
    /// <summary>2.0 or 1.2.</summary>
    public string Version { get; init; } = "2.0";
}
