using System.Security.Cryptography;
using Sealdisk.OpTee;

namespace Sealdisk.BoardTests;

/// <summary>Blobs of the software model, for keys of any size.</summary>
internal static class OpTeeBlob
{
    /// <summary>A random key, sealed under a HUK given as hex text; the path of a file with the blob's text.</summary>
    public static string Make(int size, byte[] hukText)
    {
        var huk = new byte[32];
        var length = HukText.Parse(hukText, huk);
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk.AsSpan(0, length), taKey);
        var iv = new byte[16];
        var key = new byte[size];
        Random.Shared.NextBytes(iv);
        Random.Shared.NextBytes(key);
        var blob = new byte[size + TrustedKeysTa.Overhead];
        TrustedKeysTa.Seal(taKey, iv, key, blob);
        CryptographicOperations.ZeroMemory(key);
        var path = Path.GetTempFileName();
        File.WriteAllText(path, BlobText.Write(blob));
        return path;
    }

    /// <summary>The key in a blob of the board whose HUK that file has.</summary>
    public static byte[] Open(string blobText, string hukFile)
    {
        var huk = new byte[32];
        var length = HukText.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, hukFile)), huk);
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk.AsSpan(0, length), taKey);
        var blob = BlobText.Parse(System.Text.Encoding.ASCII.GetBytes(blobText));
        var key = new byte[blob.Length - TrustedKeysTa.Overhead];
        Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(taKey, blob, key));
        return key;
    }
}
