using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>The ways to compute AES.</summary>
internal enum AesPath
{
    /// <summary>Bitsliced, on any CPU.</summary>
    Bitsliced,

    /// <summary>x86-64's AES-NI.</summary>
    AesNi,

    /// <summary>The Armv8 cryptographic extension.</summary>
    Armv8,
}

/// <summary>What this CPU, and this build of the program, can do.</summary>
internal static class AesPaths
{
    /// <summary>All that work here, the bitsliced one first.</summary>
    public static IReadOnlyList<AesPath> Available { get; } =
        X86.Aes.IsSupported ? [AesPath.Bitsliced, AesPath.AesNi]
        : Arm.Aes.IsSupported ? [AesPath.Bitsliced, AesPath.Armv8]
        : [AesPath.Bitsliced];

    /// <summary>The fastest of them.</summary>
    public static AesPath Best => Available[^1];

    /// <summary>The name that a person knows it by.</summary>
    public static string Name(AesPath path) => path switch
    {
        AesPath.AesNi => "AES-NI",
        AesPath.Armv8 => "Armv8 AES",
        _ => "bitsliced",
    };
}
