using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace Sealdisk.Crypto;

/// <summary>
/// Encrypts and decrypts runs of sectors exactly as a dm-crypt mapping with the same cipher, key and layout. Uses the CPU's AES
/// instructions if there are any, else a constant-time bitsliced AES.
/// </summary>
/// <remarks>
/// AES is written by hand: .NET's Aes loads OpenSSL, which the boot path does without, and BouncyCastle expands keys into managed
/// arrays that nothing wipes. Neither has XTS, and neither makes a run's IVs and blocks eight at a time, on which the speed depends
/// (docs/performance.md).
/// </remarks>
public sealed class SectorCipher
{
    private readonly Memory<byte> _schedule;
    private readonly CipherSpec _spec;
    private readonly AesPath _path;
    private readonly nuint _rounds;
    private readonly int _slotSize;
    private readonly int _sectorsPerUnit;
    private readonly int _ivShift;
    private readonly ulong _ivOffset;

    /// <summary>Expands the key.</summary>
    /// <param name="spec">The cipher.</param>
    /// <param name="layout">Sector size and IV numbering.</param>
    /// <param name="key">The key, of one of <see cref="CipherSpec.KeySizes"/>; read only here.</param>
    /// <param name="schedule">
    /// At least <see cref="ScheduleSize"/> bytes that the caller owns, best locked and kept out of core dumps. What derives from the
    /// key is kept there and nowhere else, except in registers and on the stack while a call runs. The caller wipes it when it no
    /// longer uses the cipher.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The size of key or schedule, or the layout, is wrong; the message holds no key bytes.
    /// </exception>
    public SectorCipher(CipherSpec spec, SectorLayout layout, ReadOnlySpan<byte> key, Memory<byte> schedule)
        : this(spec, layout, key, schedule, AesPaths.Best)
    {
    }

    internal SectorCipher(CipherSpec spec, SectorLayout layout, ReadOnlySpan<byte> key, Memory<byte> schedule, AesPath path)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (layout.Problem() is { } problem)
            throw new ArgumentException(problem, nameof(layout));
        if (!spec.AcceptsKeySize(key.Length))
        {
            var sizes = string.Join(", ", spec.KeySizes);
            throw new ArgumentException($"{spec.Canonical} takes a key of {sizes} bytes, not {key.Length}", nameof(key));
        }
        var needed = ScheduleSize(spec);
        if (schedule.Length < needed)
            throw new ArgumentException($"the schedule of {spec.Canonical} takes {needed} bytes, not {schedule.Length}", nameof(schedule));
        if (!AesPaths.Available.Contains(path))
            throw new ArgumentException($"this CPU does not support {path}", nameof(path));

        _spec = spec;
        _path = path;
        _schedule = schedule[..needed];
        _slotSize = SlotSize(spec);
        _sectorsPerUnit = layout.SectorsPerUnit;
        _ivShift = layout.IvShift;
        _ivOffset = layout.IvOffset;
        SectorSize = layout.SectorSize;
        var keySize = key.Length / spec.KeyCount;
        _rounds = (nuint)AesSchedule.Rounds(spec.Mode == SectorMode.Xts ? keySize / 2 : keySize);
        for (var i = 0; i < spec.KeyCount; i++)
            ExpandSlot(key.Slice(i * keySize, keySize), _schedule.Span.Slice(i * _slotSize, _slotSize));
    }

    /// <summary>Size of an encryption unit in bytes.</summary>
    public int SectorSize { get; }

    /// <summary>Bytes of memory for the expanded keys of a cipher, for any of its key sizes.</summary>
    public static int ScheduleSize(CipherSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.KeyCount * SlotSize(spec);
    }

    /// <summary>Encrypts in place. Any number of threads may do so at once; nothing is allocated.</summary>
    /// <param name="data">Whole sectors: a multiple of <see cref="SectorSize"/> bytes, of any alignment.</param>
    /// <param name="sector">
    /// The 512-byte sector of the mapping at which the data begins, a multiple of <see cref="SectorSize"/> / 512. A plain number, as
    /// this project stands below the one that has units.
    /// </param>
    /// <exception cref="ArgumentException">Length or sector is not such a multiple.</exception>
    public void Encrypt(Span<byte> data, ulong sector) => Dispatch(data, sector, encrypt: true);

    /// <summary>Decrypts in place. Any number of threads may do so at once; nothing is allocated.</summary>
    /// <param name="data">Whole sectors: a multiple of <see cref="SectorSize"/> bytes, of any alignment.</param>
    /// <param name="sector">
    /// The 512-byte sector of the mapping at which the data begins, a multiple of <see cref="SectorSize"/> / 512. A plain number, as
    /// this project stands below the one that has units.
    /// </param>
    /// <exception cref="ArgumentException">Length or sector is not such a multiple.</exception>
    public void Decrypt(Span<byte> data, ulong sector) => Dispatch(data, sector, encrypt: false);

    // A slot holds the round keys that derive from one key: data encryption, data decryption, XTS tweak, ESSIV.
    private const int DecryptionAt = AesSchedule.Size;
    private const int TweakAt = 2 * AesSchedule.Size;
    private const int EssivRounds = 14;

    private static int EssivAt(CipherSpec spec) => (spec.Mode == SectorMode.Xts ? 3 : 2) * AesSchedule.Size;

    private static int SlotSize(CipherSpec spec) => EssivAt(spec) + (spec.Iv == IvGenerator.Essiv ? AesSchedule.Size : 0);

    private void ExpandSlot(ReadOnlySpan<byte> key, Span<byte> slot)
    {
        var data = _spec.Mode == SectorMode.Xts ? key[..(key.Length / 2)] : key;
        AesSchedule.Expand(data, slot[..AesSchedule.Size]);
        AesSchedule.Invert(slot[..AesSchedule.Size], slot.Slice(DecryptionAt, AesSchedule.Size), (int)_rounds);
        if (_spec.Mode == SectorMode.Xts)
            AesSchedule.Expand(key[(key.Length / 2)..], slot.Slice(TweakAt, AesSchedule.Size));
        if (_spec.Iv != IvGenerator.Essiv)
            return;
        Span<byte> digest = stackalloc byte[Sha256.Size];
        Sha256.Hash(key, digest);
        AesSchedule.Expand(digest, slot.Slice(EssivAt(_spec), AesSchedule.Size));
        CryptographicOperations.ZeroMemory(digest);
    }

    private void Dispatch(Span<byte> data, ulong sector, bool encrypt)
    {
        if (data.Length % SectorSize != 0)
            throw new ArgumentException($"{data.Length} bytes are not whole sectors of {SectorSize} bytes", nameof(data));
        if ((sector & (ulong)(_sectorsPerUnit - 1)) != 0)
            throw new ArgumentException($"512-byte sector {sector} is not the start of a sector of {SectorSize} bytes", nameof(sector));
        if (_path == AesPath.AesNi && X86.Aes.IsSupported)
            Run<X86Encryption, X86Decryption>(data, sector, encrypt);
        else if (_path == AesPath.Armv8 && Arm.Aes.IsSupported)
            Run<ArmEncryption, ArmDecryption>(data, sector, encrypt);
        else
            Run<BitslicedEncryption, BitslicedDecryption>(data, sector, encrypt);
    }

    // Up to eight units at a time, so that their IVs are encrypted together; with several keys in turn, one at a time.
    private void Run<TEncryption, TDecryption>(Span<byte> data, ulong sector, bool encrypt)
        where TEncryption : IAesCore
        where TDecryption : IAesCore
    {
        Span<Block> ivs = stackalloc Block[8];
        Span<Block> scratch = stackalloc Block[16];
        var size = (nuint)SectorSize;
        var schedule = _schedule.Span;
        var first = sector + _ivOffset;
        while (!data.IsEmpty)
        {
            var count = _spec.KeyCount == 1 ? Math.Min(8, data.Length / SectorSize) : 1;
            var slot = schedule.Slice((int)(first & (ulong)(_spec.KeyCount - 1)) * _slotSize, _slotSize);
            ref readonly var keys = ref slot[encrypt ? 0 : DecryptionAt];
            MakeIvs<TEncryption>(ivs, first, slot);
            ref var units = ref MemoryMarshal.GetReference(data);
            if (_spec.Mode == SectorMode.Xts && encrypt)
                Xts.Run<TEncryption>(ref units, count, size, ivs, scratch, in keys, _rounds);
            else if (_spec.Mode == SectorMode.Xts)
                Xts.Run<TDecryption>(ref units, count, size, ivs, scratch, in keys, _rounds);
            else if (encrypt)
                Cbc.Encrypt<TEncryption>(ref units, count, size, ivs, in keys, _rounds);
            else
                Cbc.Decrypt<TDecryption>(ref units, count, size, ivs, in keys, _rounds);
            first += (ulong)(count * _sectorsPerUnit);
            data = data[(count * SectorSize)..];
        }
    }

    // The IVs of eight units from 512-byte sector `first` (offset included); for XTS encrypted further to tweaks.
    private void MakeIvs<TCore>(Span<Block> ivs, ulong first, ReadOnlySpan<byte> slot) where TCore : IAesCore
    {
        for (var i = 0; i < ivs.Length; i++)
            ivs[i] = PlainIv((first + (ulong)(i * _sectorsPerUnit)) >> _ivShift);
        if (_spec.Iv == IvGenerator.Essiv)
            EncryptBlocks<TCore>(ivs, in slot[EssivAt(_spec)], EssivRounds);
        else if (_spec.Iv == IvGenerator.Eboiv)
            EncryptAsZeroUnit<TCore>(ivs);
        if (_spec.Mode == SectorMode.Xts)
            EncryptBlocks<TCore>(ivs, in slot[TweakAt], _rounds);
    }

    private Block PlainIv(ulong number) => _spec.Iv switch
    {
        IvGenerator.Plain => Vector128.Create(number & uint.MaxValue, 0).AsByte(),
        IvGenerator.Plain64 or IvGenerator.Essiv => Vector128.Create(number, 0).AsByte(),
        IvGenerator.Plain64Be => BigEndian(number),
        IvGenerator.Benbi => BigEndian((number << 5) + 1),
        IvGenerator.Eboiv => Vector128.Create(number * (ulong)SectorSize, 0).AsByte(),
        _ => Block.Zero,
    };

    private static Block BigEndian(ulong number) =>
        Vector128.Create(0, BinaryPrimitives.ReverseEndianness(number)).AsByte();

    // dm-crypt makes eboiv's IV by encrypting a block of zeros with the mode itself and its first key, with the byte offset as the IV.
    private void EncryptAsZeroUnit<TCore>(Span<Block> offsets) where TCore : IAesCore
    {
        ReadOnlySpan<byte> slot = _schedule.Span[.._slotSize];
        Span<Block> tweaks = stackalloc Block[8];
        tweaks.Clear();
        if (_spec.Mode == SectorMode.Xts)
        {
            EncryptBlocks<TCore>(offsets, in slot[TweakAt], _rounds);
            offsets.CopyTo(tweaks);
        }
        EncryptBlocks<TCore>(offsets, in slot[0], _rounds);
        for (var i = 0; i < offsets.Length; i++)
            offsets[i] ^= tweaks[i];
    }

    private static void EncryptBlocks<TCore>(Span<Block> blocks, ref readonly byte keys, nuint rounds) where TCore : IAesCore
    {
        var (b0, b1, b2, b3) = (blocks[0], blocks[1], blocks[2], blocks[3]);
        var (b4, b5, b6, b7) = (blocks[4], blocks[5], blocks[6], blocks[7]);
        AesRounds.Run<TCore>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, rounds);
        (blocks[0], blocks[1], blocks[2], blocks[3]) = (b0, b1, b2, b3);
        (blocks[4], blocks[5], blocks[6], blocks[7]) = (b4, b5, b6, b7);
    }
}
