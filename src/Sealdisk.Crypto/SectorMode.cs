namespace Sealdisk.Crypto;

/// <summary>How the 16-byte blocks of one encryption unit are chained.</summary>
public enum SectorMode
{
    /// <summary>Cipher block chaining (NIST SP 800-38A); each unit has its own chain.</summary>
    Cbc,

    /// <summary>XTS (IEEE 1619); the tweak is the unit's IV, and the key is two AES keys.</summary>
    Xts,
}

/// <summary>How dm-crypt makes the 16-byte IV of an encryption unit from its sector number s.</summary>
public enum IvGenerator
{
    /// <summary>The low 32 bits of s, little endian.</summary>
    Plain,

    /// <summary>s, 64 bits, little endian.</summary>
    Plain64,

    /// <summary>s, 64 bits, big endian, in the last eight bytes.</summary>
    Plain64Be,

    /// <summary>plain64 encrypted by AES-256 under SHA-256 of the unit's key.</summary>
    Essiv,

    /// <summary>The number of the unit's first 16-byte block counted from 1, 64 bits, big endian, in the last eight bytes.</summary>
    Benbi,

    /// <summary>Sixteen zero bytes.</summary>
    Null,

    /// <summary>The unit's byte offset, little endian, encrypted under the (first) data key: BitLocker's.</summary>
    Eboiv,
}
