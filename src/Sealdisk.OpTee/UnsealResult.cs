namespace Sealdisk.OpTee;

/// <summary>The TA's answer to an unseal.</summary>
public enum UnsealResult
{
    /// <summary>The tag is right: exactly this key was sealed under exactly this HUK.</summary>
    Opened,

    /// <summary>Fewer than <see cref="TrustedKeysTa.MinBlob"/> bytes: no room for a key. OP-TEE answers TEE_ERROR_BAD_PARAMETERS.</summary>
    TooShort,

    /// <summary>More than <see cref="TrustedKeysTa.MaxBlob"/> bytes. OP-TEE answers TEE_ERROR_BAD_PARAMETERS.</summary>
    TooLong,

    /// <summary>
    /// The tag is wrong: the blob comes from another HUK, or was altered, or was cut off. A blob has no magic, length or key
    /// identifier. It can be checked by its tag alone, which is wrong in all three cases, so neither we nor OP-TEE (TEE_ERROR_SECURITY,
    /// which Linux turns into EFAULT) can tell them apart.
    /// </summary>
    NotThisDevice,
}
