using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>A sealed key in a file of its own: blob text without a newline, exactly as <c>keyctl pipe</c> prints it.</summary>
public static class SealedKeyFile
{
    private const int Smallest = 32;
    private const int Largest = 128;

    /// <summary>
    /// Makes a random key, seals it with the soft source and saves the blob, durably; the key itself is wiped. The blob is unsealed again
    /// from what was read back before this returns.
    /// </summary>
    /// <exception cref="SealdiskException">Size out of range (2), the file exists (3), or what reads back does not open (1).</exception>
    public static void Create(string path, int keySize, string hukPath)
    {
        RequireSize(keySize);
        using var source = SoftSource.Open(hukPath);
        RequireFree(path);
        using var key = SecretBuffer.Random(keySize);
        DurableFile.Create(path, Encoding.ASCII.GetBytes(source.SealBlob(key).ToString()), Permissions.Mode0600);
        using var back = source.UnsealHere(new SealedKey.Trusted(SealedBlob.Read(path)) { Made = KeyCustody.Process }, keySize, path);
        if (!SoftSource.SameKey(key, back))
            throw SealdiskException.Failed($"cannot write {path}: what was read back unseals to another key", "the medium may be failing");
    }

    internal static void RequireSize(int keySize)
    {
        if (keySize is < Smallest or > Largest)
            throw SealdiskException.Usage($"cannot make a key of {keySize} bytes: the kernel's trusted keys have {Smallest} to {Largest}");
    }

    internal static void RequireFree(string path)
    {
        if (DurableFile.IsTaken(path))
            throw SealdiskException.Refused(
                $"cannot write {path}: it exists, and may be the only copy of a key (EEXIST)", "name another file");
    }
}
