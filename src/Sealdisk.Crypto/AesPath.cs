using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>The implementations of AES.</summary>
internal enum AesPath
{
    /// <summary>Bitsliced, on any CPU.</summary>
    Bitsliced,

    /// <summary>x86-64's AES-NI.</summary>
    AesNi,

    /// <summary>The Armv8 cryptographic extension.</summary>
    Armv8,
}

/// <summary>The implementations that this CPU can run.</summary>
internal static class AesPaths
{
    /// <summary>All of them, the bitsliced one first.</summary>
    public static IReadOnlyList<AesPath> Available { get; } =
        X86.Aes.IsSupported ? [AesPath.Bitsliced, AesPath.AesNi]
        : Arm.Aes.IsSupported ? [AesPath.Bitsliced, AesPath.Armv8]
        : [AesPath.Bitsliced];

    /// <summary>The fastest of them.</summary>
    public static AesPath Best => Available[^1];

    /// <summary>Its common name, for people.</summary>
    public static string Name(AesPath path) => path switch
    {
        AesPath.AesNi => "AES-NI",
        AesPath.Armv8 => "Armv8 AES",
        _ => "bitsliced",
    };
}
