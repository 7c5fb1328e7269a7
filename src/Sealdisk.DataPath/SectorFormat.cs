using Sealdisk.Crypto;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// How the sectors of a volume are encrypted, and where on its device they are: what a dm-crypt table says besides the key.
/// </summary>
public sealed record SectorFormat
{
    /// <summary>What <see cref="Integrity"/> is without authentication.</summary>
    public const string NoIntegrity = "none";

    /// <summary>The cipher.</summary>
    public required CipherSpec Cipher { get; init; }

    /// <summary>Bytes of key.</summary>
    public required int KeySize { get; init; }

    /// <summary>Sector size and IV rules.</summary>
    public required SectorLayout Layout { get; init; }

    /// <summary>
    /// How each sector is authenticated, in dm-crypt's words for its <c>integrity</c> option; <see cref="NoIntegrity"/> if it is not.
    /// </summary>
    public string Integrity { get; init; } = NoIntegrity;

    /// <summary>Where the encrypted data begin on the device.</summary>
    public required Sectors Offset { get; init; }

    /// <summary>How much encrypted data there is.</summary>
    public required Sectors Length { get; init; }

    /// <summary>Where the encrypted data end on the device.</summary>
    public Sectors End => Offset + Length;

    /// <summary>Added to the sector number for the IV.</summary>
    public Sectors IvOffset => new(Layout.IvOffset);

    /// <summary>The decrypted view of the data under a key.</summary>
    /// <param name="device">A device that holds the ciphertext, open; disposed with the view.</param>
    /// <param name="key">Stays the caller's; the expanded keys live in locked memory until the view is disposed.</param>
    public CryptDevice Decrypt(FileDescriptor device, SecretBuffer key) => Decrypt(new FileDevice(device, Offset.Bytes, Length.Bytes), key);

    /// <summary>The same for the data alone.</summary>
    /// <param name="data">The ciphertext from <see cref="Offset"/> on; disposed with the view.</param>
    /// <param name="key">As above.</param>
    public CryptDevice Decrypt(IBlockDevice data, SecretBuffer key)
    {
        var schedule = SecretBuffer.Allocate(SectorCipher.ScheduleSize(Cipher));
        return new CryptDevice(data, NewCipher(key, schedule), schedule);
    }

    /// <summary>Encrypts or decrypts the data of a device into, or out of, a file that holds nothing else, and syncs it.</summary>
    /// <param name="input">What is read; a device is read from <see cref="Offset"/> on.</param>
    /// <param name="inputOffset">Where the data begin in it.</param>
    /// <param name="output">What is written, from its first byte on.</param>
    /// <param name="key">Stays the caller's.</param>
    /// <param name="encrypt">False to decrypt.</param>
    /// <param name="progress">Told the bytes done so far, from any thread.</param>
    public void Transform(
        FileDescriptor input, Sectors inputOffset, FileDescriptor output, SecretBuffer key, bool encrypt, Action<long> progress)
    {
        using var schedule = SecretBuffer.Allocate(SectorCipher.ScheduleSize(Cipher));
        ImageTransform.Run(input, inputOffset.Bytes, output, Length.Bytes, NewCipher(key, schedule), encrypt, progress);
    }

    private SectorCipher NewCipher(SecretBuffer key, SecretBuffer schedule) => new(Cipher, Layout, key.Memory.Span, schedule.Memory);

    /// <summary>Short, since the text that a record makes of all its members stays in the binary whether it is used or not.</summary>
    public override string ToString() => Cipher.Text;
}
