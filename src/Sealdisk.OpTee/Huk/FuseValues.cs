namespace Sealdisk.OpTee.Huk;

/// <summary>What is known of one chip. Empty: not given. The caller owns the values and wipes the secret ones.</summary>
public readonly ref struct FuseValues
{
    /// <summary>Secret: the fuse words that are the HUK or its key.</summary>
    public ReadOnlySpan<byte> Otp { get; init; }

    /// <summary>Secret: a key or value that the chip's hardware or firmware holds.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    /// <summary>The chip's unique identifier.</summary>
    public ReadOnlySpan<byte> Uid { get; init; }

    /// <summary>The device DNA.</summary>
    public ReadOnlySpan<byte> Dna { get; init; }

    /// <summary>User fuse words.</summary>
    public ReadOnlySpan<byte> UserFuses { get; init; }

    /// <summary>Bytes of scratch memory.</summary>
    public ReadOnlySpan<byte> Scratch { get; init; }

    /// <summary>Bytes of each, in this order.</summary>
    internal (int Otp, int Key, int Uid, int Dna, int UserFuses, int Scratch) Lengths =>
        (Otp.Length, Key.Length, Uid.Length, Dna.Length, UserFuses.Length, Scratch.Length);
}
