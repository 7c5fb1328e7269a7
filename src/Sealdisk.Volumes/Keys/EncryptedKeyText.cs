using System.Buffers;
using System.Globalization;
using System.Text;
using Sealdisk.Crypto;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A key of the kernel's type <c>encrypted</c> as <c>keyctl pipe</c> prints it and <c>load</c> takes it (Linux,
/// security/keys/encrypted-keys/encrypted.c):
/// <code>
/// FORMAT MASTER LENGTH HEX      HEX = iv (16 bytes), one byte 00, ciphertext (LENGTH rounded up to 16), HMAC-SHA256 (32)
/// </code>
/// The byte 00 is not read back, and is authenticated as 00. Nothing in it is secret.
/// </summary>
/// <param name="Format">default, ecryptfs or enc32.</param>
/// <param name="Master">
/// The key that it is encrypted under: "trusted:DESCRIPTION" or "user:DESCRIPTION". Authenticated, so a renamed master opens nothing.
/// </param>
/// <param name="KeySize">Bytes of the key in it.</param>
/// <param name="Iv">16 bytes.</param>
/// <param name="Ciphertext">The key, padded with zeros to whole blocks.</param>
/// <param name="Mac">32 bytes.</param>
public sealed record EncryptedKeyText(string Format, string Master, int KeySize, byte[] Iv, byte[] Ciphertext, byte[] Mac)
{
    /// <summary>Bytes of the shortest and longest key (MIN_DATA_SIZE and MAX_DATA_SIZE of encrypted.c).</summary>
    public const int MinKey = 20, MaxKey = 4096;

    /// <summary>More characters than the longest text has.</summary>
    internal const int MaxText = 2 * (Overhead + MaxKey) + 512;

    private const int Separator = AesCbc.BlockSize;
    private const int CiphertextAt = Separator + 1;
    private const int Overhead = CiphertextAt + Sha256.Size;

    /// <summary>The type of the master key: trusted or user.</summary>
    public string MasterType => Master[..Master.IndexOf(':', StringComparison.Ordinal)];

    /// <summary>The description of the master key, without its type.</summary>
    public string MasterDescription => Master[(Master.IndexOf(':', StringComparison.Ordinal) + 1)..];

    /// <summary>Whether a text is meant as one, whole or not; blob text of a trusted key never is.</summary>
    internal static bool Recognises(ReadOnlySpan<byte> utf8) =>
        utf8.StartsWith("default "u8) || utf8.StartsWith("ecryptfs "u8) || utf8.StartsWith("enc32 "u8);

    /// <summary>Reads the text, with at most one line feed at its end.</summary>
    /// <returns>Null and the cause, continuing "it ...", if the kernel would not load it.</returns>
    internal static EncryptedKeyText? Parse(string text, out string? problem)
    {
        if (text.EndsWith('\n'))
            text = text[..^1];
        var words = text.Split(' ');
        problem = words.Length != 4 ? $"has {words.Length} words, and should have four: format, master key, length and hex digits"
            : words[0] is not ("default" or "ecryptfs" or "enc32") ? $"has an unknown format"
            : !IsMaster(words[1]) ? "names no master key of type trusted or user"
            : null;
        if (problem is not null)
            return null;
        if (!int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || words[2][0] == '0'
            || SizeProblem(words[0], size) is not null)
        {
            problem = $"gives a length of '{words[2]}', which is not possible";
            return null;
        }
        var bytes = new byte[Overhead + RoundUp(size)];
        if (words[3].Length != 2 * bytes.Length)
        {
            problem = $"has {words[3].Length} hex digits; with a key of {size} bytes it should have {2 * bytes.Length}";
            return null;
        }
        if (Convert.FromHexString(words[3], bytes, out _, out _) != OperationStatus.Done)
        {
            problem = "has something else than hex digits";
            return null;
        }
        return new EncryptedKeyText(words[0], words[1], size, bytes[..Separator], bytes[CiphertextAt..^Sha256.Size], bytes[^Sha256.Size..]);
    }

    /// <summary>The key under a trusted key, as a volume's is.</summary>
    /// <exception cref="SealdiskException">The text is something else (4).</exception>
    public static EncryptedKeyText ParseUnderTrusted(string text) =>
        Parse(text, out var problem) is { MasterType: "trusted" } key
            ? key
            : throw SealdiskException.DoesNotOpen(
                $"cannot use an encrypted key: it {problem ?? "is under no trusted key"}", "'sealdisk blob inspect' says what it is");

    /// <summary>Why a key of that size cannot be in that format, or null.</summary>
    internal static string? SizeProblem(string format, int size) => format switch
    {
        "ecryptfs" when size != 64 => "ecryptfs takes 64 bytes",
        "enc32" when size != 32 => "enc32 takes 32 bytes",
        _ => size is < MinKey or > MaxKey ? $"the kernel's encrypted keys have {MinKey} to {MaxKey} bytes" : null,
    };

    /// <summary>Bytes of ciphertext for a key of that size.</summary>
    internal static int RoundUp(int size) => (size + AesCbc.BlockSize - 1) / AesCbc.BlockSize * AesCbc.BlockSize;

    /// <summary>What the MAC is of.</summary>
    internal byte[] Authenticated()
    {
        var words = string.Create(CultureInfo.InvariantCulture, $"{Format}\0{Master}\0{KeySize}\0");
        return [.. Encoding.ASCII.GetBytes(words), .. Iv, 0, .. Ciphertext];
    }

    /// <summary>Equal if their texts are.</summary>
    public bool Equals(EncryptedKeyText? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>What <c>keyctl pipe</c> prints.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Format} {Master} {KeySize} {BlobText.Write([.. Iv, 0, .. Ciphertext, .. Mac])}");

    private static bool IsMaster(string word)
    {
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && colon < word.Length - 1
            && word[..colon] is ("trusted" or "user")
            && word.Length <= 256
            && !word.AsSpan().ContainsAnyExceptInRange('!', '~');
    }
}
