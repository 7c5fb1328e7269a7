using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// A decrypted volume whose ciphertext the caller reads and writes itself, past the page cache and without waiting:
/// <see cref="TryBegin"/>, a transfer of ciphertext from or to <see cref="File"/>, <see cref="End"/>. The caller decrypts after reading
/// and encrypts before writing.
/// </summary>
internal sealed class DirectTransfers(CryptDevice volume, FileDevice ciphertext)
{
    /// <summary>Where the ciphertext is. Stays the device's.</summary>
    public FileDescriptor File => ciphertext.File;

    /// <summary>Where in <see cref="File"/> a byte of the volume is.</summary>
    public long PositionOf(long offset) => ciphertext.Start + offset;

    /// <summary>
    /// Begins a transfer: only one of whole sectors within the volume, and only if no other request needs the volume for itself.
    /// <see cref="End"/> must follow.
    /// </summary>
    public bool TryBegin(ulong offset, int length) => volume.TryEnter(offset, length);

    /// <summary>Ends what <see cref="TryBegin"/> began.</summary>
    public void End() => volume.Exit();

    /// <summary>Plaintext to ciphertext, in place, between <see cref="TryBegin"/> and <see cref="End"/>.</summary>
    public void Encrypt(long offset, Span<byte> data) => volume.Encrypt(offset, data);

    /// <summary>Ciphertext to plaintext, in place, between <see cref="TryBegin"/> and <see cref="End"/>.</summary>
    public void Decrypt(long offset, Span<byte> data) => volume.Decrypt(offset, data);

    /// <summary>Reads ciphertext and waits for it.</summary>
    public void ReadCiphertext(long offset, Span<byte> data) => ciphertext.Read(offset, data);

    /// <summary>Writes ciphertext and waits for it.</summary>
    public void WriteCiphertext(long offset, Span<byte> data) => ciphertext.Write(offset, data);
}
