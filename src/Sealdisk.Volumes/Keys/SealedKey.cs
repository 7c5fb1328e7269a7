namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A volume's key as it may lie in the open: sealed by the trust source itself, or encrypted under a root key that the trust source has
/// sealed.
/// </summary>
public abstract record SealedKey
{
    private SealedKey()
    {
    }

    /// <summary>What has to be met to open it, besides having the hardware.</summary>
    public SealBinding Binding { get; init; } = SealBinding.None;

    /// <summary>Where the key itself has been since it was made.</summary>
    public required KeyCustody Made { get; init; }

    /// <summary>Whether it is on one level or two.</summary>
    public abstract KeyKind Kind { get; }

    /// <summary>What the trust source has sealed: the key, or the root key above it.</summary>
    public abstract SealedBlob Blob { get; }

    /// <summary>
    /// The text that holds the key itself, as <c>keyctl pipe</c> prints it: blob text, or the text of a key of type <c>encrypted</c>.
    /// </summary>
    public abstract string Text { get; }

    /// <summary>
    /// Tells volumes apart: the last 16 bytes of what holds the key, as hex text. They are a tag or a MAC over all the rest.
    /// </summary>
    public string Id => Text[^Math.Min(32, Text.Length)..];

    /// <summary>On two levels: what the kernel knows the root key by; else null.</summary>
    public string? RootKeyName => (this as TwoLevel)?.RootName;

    /// <summary>Which recovery key opens it, too; null for none.</summary>
    public string? RecoveryKeyId => (this as TwoLevel)?.Recovery?.KeyId;

    /// <inheritdoc cref="Text"/>
    public sealed override string ToString() => Text;

    /// <summary>The trust source sealed the key itself.</summary>
    public sealed record Trusted(SealedBlob Sealed) : SealedKey
    {
        /// <inheritdoc/>
        public override KeyKind Kind => KeyKind.Trusted;

        /// <inheritdoc/>
        public override SealedBlob Blob => Sealed;

        /// <inheritdoc/>
        public override string Text => Sealed.ToString();
    }

    /// <summary>
    /// The trust source sealed a root key, and the root key encrypts the volume's key, as the kernel's key type <c>encrypted</c> does.
    /// </summary>
    /// <param name="Root">The sealed root key.</param>
    /// <param name="Key">The volume's key; it names the root key that it is under.</param>
    public sealed record TwoLevel(SealedBlob Root, EncryptedKeyText Key) : SealedKey
    {
        /// <summary>The volume's key once more, wrapped for a recovery key; or null.</summary>
        public RecoveryWrap? Recovery { get; init; }

        /// <inheritdoc/>
        public override KeyKind Kind => KeyKind.Encrypted;

        /// <inheritdoc/>
        public override SealedBlob Blob => Root;

        /// <inheritdoc/>
        public override string Text => Key.ToString();

        /// <summary>
        /// What the kernel knows the root key by, such as <c>sealdisk:root-5f0c11d2</c>. Volumes with one root key have one name for it.
        /// </summary>
        public string RootName => Key.MasterDescription;
    }
}
