using System.Security.Cryptography;
using Sealdisk.Crypto;

namespace Sealdisk.OpTee.Huk;

/// <summary>The name of a HUK to try. The HUK itself is in the <see cref="HukOracle"/> only.</summary>
/// <param name="Id">Stable, for scripts: "all-zero".</param>
/// <param name="What">What it is and whose, to follow "the HUK is ".</param>
public sealed record HukCandidate(string Id, string What);

/// <summary>
/// Tells from a sealed key alone whether it was sealed under one of a list of HUKs. The tag of a blob has 128 bits: if it is right for
/// a candidate, that candidate is the HUK. If none matches, the HUK is not one of them, and nothing else is known of it.
/// </summary>
/// <remarks>Find allocates nothing. For one thread at a time. Dispose wipes what was derived from the candidates.</remarks>
public sealed class HukOracle : IDisposable
{
    private readonly List<HukCandidate> _candidates = [];
    private readonly List<Gcm> _tags = [];

    /// <summary>In the order in which they are tried.</summary>
    public IReadOnlyList<HukCandidate> Candidates => _candidates;

    /// <summary>Adds a HUK of 16 to 32 bytes; the caller keeps and wipes it.</summary>
    public void Add(HukCandidate candidate, ReadOnlySpan<byte> huk)
    {
        Span<byte> taKey = stackalloc byte[Gcm.KeySize];
        TrustedKeysTa.DeriveKey(huk, taKey);
        var tag = new Gcm();
        tag.SetKey(taKey);
        CryptographicOperations.ZeroMemory(taKey);
        _tags.Add(tag);
        _candidates.Add(candidate);
    }

    /// <summary>The first candidate under which the blob was sealed, or null; also null if it cannot be a blob of OP-TEE's.</summary>
    public HukCandidate? Find(ReadOnlySpan<byte> blob)
    {
        if (blob.Length is < TrustedKeysTa.MinBlob or > TrustedKeysTa.MaxBlob)
            return null;
        for (var i = 0; i < _tags.Count; i++)
        {
            if (TrustedKeysTa.IsSealedUnder(_tags[i], blob))
                return _candidates[i];
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tag in _tags)
            tag.Dispose();
    }
}
