using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sealdisk.Crypto;

/// <summary>
/// AES-256-GCM (NIST SP 800-38D) with IVs of 16 bytes and no associated data, as OP-TEE seals. A tag is a function of key, IV and
/// ciphertext alone, so it is verified without decrypting anything. Nothing is allocated after construction, and no copy of a key is
/// left after Dispose. One object takes any number of keys, one after the other. Not for several threads at once.
/// </summary>
/// <remarks>
/// By hand: .NET's AesGcm loads OpenSSL and takes IVs of 12 bytes only. BouncyCastle's GcmBlockCipher takes these IVs, but keeps copies
/// of the key in managed arrays that it does not wipe, decrypts while it verifies, and allocates for each key; an audit tries hundreds
/// of thousands of keys on a blob.
/// </remarks>
public sealed class Gcm : IDisposable
{
    /// <summary>Bytes of a key.</summary>
    public const int KeySize = 32;

    /// <summary>Bytes of an IV, and of a tag.</summary>
    public const int BlockSize = 16;

    private const int Rounds = 14;

    private readonly AesPath _path;
    private readonly Ghash _ghash;
    private readonly byte[] _schedule = GC.AllocateArray<byte>(AesSchedule.Size, pinned: true);

    /// <summary>Uses the fastest code that this CPU can run.</summary>
    public Gcm()
        : this(AesPaths.Best, Ghash.HasCarryless)
    {
    }

    internal Gcm(AesPath path, bool carryless)
    {
        _path = path;
        _ghash = new Ghash(carryless);
    }

    /// <summary>Takes a new key of <see cref="KeySize"/> bytes; the caller keeps and wipes its own copy.</summary>
    public void SetKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        AesSchedule.Expand(key, _schedule);
        Span<byte> hashKey = stackalloc byte[BlockSize];
        hashKey.Clear();
        EncryptBlock(hashKey);
        _ghash.SetKey(hashKey);
        CryptographicOperations.ZeroMemory(hashKey);
    }

    /// <summary>Whether the tag is that of this ciphertext and IV under the key. Takes the same time wherever it differs.</summary>
    /// <param name="iv">16 bytes.</param>
    /// <param name="ciphertext">Any number of bytes.</param>
    /// <param name="tag">16 bytes.</param>
    public bool Verify(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, BlockSize, nameof(tag));
        Span<byte> right = stackalloc byte[BlockSize];
        ComputeTag(iv, ciphertext, right);
        return CryptographicOperations.FixedTimeEquals(right, tag);
    }

    /// <summary>Computes the tag of a ciphertext.</summary>
    /// <param name="iv">16 bytes.</param>
    /// <param name="ciphertext">Any number of bytes.</param>
    /// <param name="tag">Receives 16 bytes.</param>
    public void ComputeTag(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext, Span<byte> tag)
    {
        FirstCounter(iv, tag);
        EncryptBlock(tag);
        var (high, low) = _ghash.Hash(ciphertext);
        BinaryPrimitives.WriteUInt64BigEndian(tag, BinaryPrimitives.ReadUInt64BigEndian(tag) ^ high);
        BinaryPrimitives.WriteUInt64BigEndian(tag[8..], BinaryPrimitives.ReadUInt64BigEndian(tag[8..]) ^ low);
    }

    /// <summary>Encrypts or decrypts in place, which is the same operation. Verify the tag before you decrypt.</summary>
    /// <param name="iv">16 bytes; never use one twice to encrypt under the same key.</param>
    /// <param name="data">Any number of bytes.</param>
    public void Transform(ReadOnlySpan<byte> iv, Span<byte> data)
    {
        Span<byte> counter = stackalloc byte[BlockSize];
        Span<byte> stream = stackalloc byte[BlockSize];
        FirstCounter(iv, counter);
        var number = BinaryPrimitives.ReadUInt32BigEndian(counter[12..]);
        for (; !data.IsEmpty; data = data[Math.Min(BlockSize, data.Length)..])
        {
            BinaryPrimitives.WriteUInt32BigEndian(counter[12..], unchecked(++number)); // no carry into the rest of the block
            counter.CopyTo(stream);
            EncryptBlock(stream);
            for (var at = 0; at < Math.Min(BlockSize, data.Length); at++)
                data[at] ^= stream[at];
        }
        CryptographicOperations.ZeroMemory(stream);
    }

    /// <summary>Wipes the key.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_schedule);
        _ghash.Wipe();
    }

    /// <summary>The block that masks the tag and from which the counter starts: for an IV of 16 bytes, its hash.</summary>
    private void FirstCounter(ReadOnlySpan<byte> iv, Span<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(iv.Length, BlockSize, nameof(iv));
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, BlockSize, nameof(block));
        var (high, low) = _ghash.Hash(iv);
        BinaryPrimitives.WriteUInt64BigEndian(block, high);
        BinaryPrimitives.WriteUInt64BigEndian(block[8..], low);
    }

    private void EncryptBlock(Span<byte> block)
    {
        switch (_path)
        {
            case AesPath.AesNi:
                EncryptBlock<X86Encryption>(block);
                break;
            case AesPath.Armv8:
                EncryptBlock<ArmEncryption>(block);
                break;
            default:
                EncryptBlock<BitslicedEncryption>(block);
                break;
        }
    }

    /// <summary>The cores take eight blocks; the other seven cost next to nothing.</summary>
    private void EncryptBlock<TCore>(Span<byte> block)
        where TCore : IAesCore
    {
        ref var value = ref MemoryMarshal.AsRef<Block>(block);
        var (b0, b1, b2, b3, b4, b5, b6, b7) = (value, value, value, value, value, value, value, value);
        ref readonly var keys = ref MemoryMarshal.GetArrayDataReference(_schedule);
        AesRounds.Run<TCore>(ref b0, ref b1, ref b2, ref b3, ref b4, ref b5, ref b6, ref b7, in keys, Rounds);
        value = b0;
    }
}
