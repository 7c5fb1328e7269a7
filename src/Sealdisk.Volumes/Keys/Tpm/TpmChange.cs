namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>What has become of a TPM since it sealed a key.</summary>
internal enum TpmChange
{
    /// <summary>It is not that TPM.</summary>
    AnotherTpm,

    /// <summary>It is, and its owner's seed is another: TPM2_Clear. What it sealed before opens nowhere any more.</summary>
    Cleared,

    /// <summary>Its parent key is not kept any more, and can be made again.</summary>
    ParentEvicted,

    /// <summary>Another object has the parent's handle; the parent itself could be made again.</summary>
    ParentReplaced,
}
