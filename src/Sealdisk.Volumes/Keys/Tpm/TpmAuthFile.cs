using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>A file with the password of a sealed object: hex text of 20 bytes, as the kernel takes it (blobauth=), mode 0600.</summary>
internal static class TpmAuthFile
{
    private const int Digits = 40;
    private const int GroupAndOthers = Permissions.Mode0077;

    /// <summary>The 40 digits; the caller wipes them by disposing.</summary>
    /// <exception cref="SealdiskException">Absent, readable by others, or something else (exit code 2).</exception>
    internal static SecretBuffer Read(string path)
    {
        using var file = Open(path);
        var status = file.Status();
        if (status.Kind != FileKind.Regular)
            throw SealdiskException.Usage($"cannot use TPM password file {path}: it is not a regular file");
        if ((status.Mode & GroupAndOthers) != 0)
            throw SealdiskException.Usage(
                $"cannot use TPM password file {path}: its mode {Permissions.Text(status.Mode)} lets others read it",
                $"chmod 600 {path}");
        using var text = SecretBuffer.Allocate(Digits + 2);
        var length = file.ReadAt(text.Memory.Span, 0);
        if (length < Digits
            || length > Digits + 1
            || (length == Digits + 1 && text.Memory.Span[Digits] != (byte)'\n')
            || !AreDigits(text.Memory.Span[..Digits]))
            throw SealdiskException.Usage(
                $"cannot use TPM password file {path}: it is not hex text of 20 bytes",
                "make one with: (umask 077; od -An -N20 -tx1 /dev/random | tr -d ' \\n' > FILE)");
        var digits = SecretBuffer.Allocate(Digits);
        text.Memory.Span[..Digits].CopyTo(digits.Memory.Span);
        return digits;
    }

    /// <summary>The 20 bytes themselves; the caller wipes them by disposing.</summary>
    /// <exception cref="SealdiskException">As <see cref="Read"/>.</exception>
    internal static SecretBuffer ReadBytes(string path)
    {
        using var digits = Read(path);
        var bytes = SecretBuffer.Allocate(Digits / 2);
        for (var i = 0; i < bytes.Length; i++)
            bytes.Memory.Span[i] = (byte)((Value(digits.Memory.Span[2 * i]) << 4) | Value(digits.Memory.Span[2 * i + 1]));
        return bytes;
    }

    private static int Value(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static bool AreDigits(ReadOnlySpan<byte> text)
    {
        foreach (var letter in text)
        {
            if (!char.IsAsciiHexDigit((char)letter))
                return false;
        }
        return true;
    }

    private static FileDescriptor Open(string path)
    {
        try
        {
            return FileDescriptor.Open(path, OpenFlags.Read);
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Usage(problem.Message, "[source.tpm] names it as auth");
        }
    }
}
