using System.Text;
using Sealdisk.OpTee;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A key as its trust source sealed it: bytes that nothing but that source opens, and so no secret. As text they are what <c>keyctl
/// pipe</c> prints. Two are equal if their bytes are.
/// </summary>
public sealed class SealedBlob : IEquatable<SealedBlob>
{
    private readonly byte[] _bytes;

    private SealedBlob(byte[] bytes) => _bytes = bytes;

    /// <summary>1 to <see cref="BlobText.MaxBytes"/> bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Copies the bytes.</summary>
    public static SealedBlob Of(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    /// <summary>Reads blob text, with at most one line feed at its end.</summary>
    /// <exception cref="BlobTextException">It is something else.</exception>
    public static SealedBlob Parse(string text) => new(BlobText.Parse(Encoding.UTF8.GetBytes(text)));

    /// <summary>Reads a file of blob text.</summary>
    /// <exception cref="BlobTextException">It holds something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static SealedBlob Read(string path) => new(BlobText.Read(path));

    /// <summary>Reads blob text without anything at its end.</summary>
    internal static bool TryParse(string text, out SealedBlob? blob)
    {
        blob = text.Length is > 0 and <= BlobText.MaxDigits && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit) ? Parse(text) : null;
        return blob is not null;
    }

    /// <inheritdoc/>
    public bool Equals(SealedBlob? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SealedBlob);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    /// <summary>Blob text: hex digits in lower case.</summary>
    public override string ToString() => BlobText.Write(_bytes);
}
