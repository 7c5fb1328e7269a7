global using Block = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sealdisk.Crypto;

/// <summary>
/// AES over eight independent blocks at a time: enough to keep a pipelined AES unit busy, and the natural width of the bitsliced
/// form. The modes are written once over this shape and compiled once per core. `keys` points at round keys as
/// <see cref="AesSchedule"/> lays them out; `rounds` is 10, 12 or 14.
/// </summary>
internal interface IAesCore
{
    /// <summary>Encrypts eight blocks in place with the round keys of <see cref="AesSchedule.Expand"/>.</summary>
    public static abstract void Encrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds);

    /// <summary>Decrypts eight blocks in place with the round keys of <see cref="AesSchedule.Invert"/>.</summary>
    public static abstract void Decrypt(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, int rounds);
}
