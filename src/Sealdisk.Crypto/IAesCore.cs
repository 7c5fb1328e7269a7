global using Block = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sealdisk.Crypto;

/// <summary>
/// One direction of AES over eight independent blocks in place: enough to keep a pipelined AES unit busy, and the natural width of the
/// bitsliced form. The modes are written once over this shape and compiled once per core. <see cref="AesRounds"/> does all rounds in a
/// row; XTS makes its tweaks between them. `keys` points to the round keys of that direction in the layout of
/// <see cref="AesSchedule"/>.
/// </summary>
internal interface IAesCore
{
    /// <summary>The step before the first round.</summary>
    public static abstract void Start(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys);

    /// <summary>Round `round`: any but the last, counted from 1.</summary>
    public static abstract void Round(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint round);

    /// <summary>The last round; `rounds` is its number: 10, 12 or 14.</summary>
    public static abstract void Finish(ref Block b0, ref Block b1, ref Block b2, ref Block b3,
        ref Block b4, ref Block b5, ref Block b6, ref Block b7, ref readonly byte keys, nuint rounds);
}
