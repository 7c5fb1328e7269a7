using System.Globalization;

namespace Sealdisk.Crypto;

/// <summary>Reads dm-crypt's two spellings of a cipher and refuses by name what Sealdisk does not support.</summary>
internal static class CipherSpecParser
{
    private static readonly string[] Aeads =
        ["authenc", "authencesn", "gcm", "ccm", "rfc4106", "rfc4309", "rfc7539", "rfc7539esp", "aegis128"];

    /// <summary>Parses <paramref name="text"/>; returns null, or the reason why it is refused.</summary>
    public static string? Parse(string text, out CipherSpec? spec)
    {
        spec = null;
        if (text.Length == 0)
            return "the cipher is empty";
        foreach (var c in text)
        {
            if (c is <= ' ' or > '~')
                return "the cipher contains a space or a character that is not printable ASCII";
        }
        var reason = text.StartsWith("capi:", StringComparison.Ordinal)
            ? ParseCapi(text["capi:".Length..], out var parts)
            : ParsePlain(text, out parts);
        reason ??= Check(parts, out spec, text);
        return reason is null ? null : $"cipher '{text}' is refused: {reason}";
    }

    /// <summary>The canonical spelling.</summary>
    public static string Spell(SectorMode mode, IvGenerator iv, int keyCount)
    {
        var count = keyCount == 1 ? "" : ":" + keyCount.ToString(CultureInfo.InvariantCulture);
        return $"aes{count}-{(mode == SectorMode.Cbc ? "cbc" : "xts")}-{SpellIv(iv)}";
    }

    private readonly record struct Parts(string Cipher, int KeyCount, string Mode, string? Iv, string? Options);

    // cipher[:keycount]-mode-iv[:options]; a bare cipher, or cipher-plain, comes from dm-crypt's early days and means cbc-plain.
    private static string? ParsePlain(string text, out Parts parts)
    {
        parts = default;
        var (head, rest) = SplitFirst(text, '-');
        var (cipher, countText) = SplitFirst(head, ':');
        var count = 1;
        var isCount = countText is null || int.TryParse(countText, NumberStyles.None, CultureInfo.InvariantCulture, out count);
        if (!isCount || !int.IsPow2(count))
            return $"key count '{countText}' is not a power of two";
        if (count > 64)
            return $"key count {countText} is larger than 64";
        string? mode = null, iv = null, options = null;
        if (rest is not null)
        {
            (mode, var ivText) = SplitFirst(rest, '-');
            if (ivText is not null)
                (iv, options) = SplitFirst(ivText, ':');
        }
        if (mode is null || (mode == "plain" && iv is null))
            (mode, iv) = ("cbc", "plain");
        parts = new Parts(cipher, count, mode, iv, options);
        return null;
    }

    // capi:API-iv[:options]; split at the last ':' and then at the last '-', as the API's name may contain both.
    private static string? ParseCapi(string text, out Parts parts)
    {
        parts = default;
        var (rest, options) = SplitLast(text, ':');
        var (api, iv) = SplitLast(rest, '-');
        var inner = api;
        if (Unwrap(api, "essiv") is { } essiv)
        {
            var (bulk, hash) = SplitLast(essiv, ',');
            if (hash is null)
                return "essiv() needs a cipher and a hash, as in capi:essiv(cbc(aes),sha256)-plain64";
            if (iv == "essiv")
                return "ESSIV is given twice";
            if (iv is not "plain64")
                return $"essiv() is supported with the IV generator plain64, not with '{iv}'";
            if (options is not null)
                return "the IV generator plain64 takes no option";
            (inner, iv, options) = (bulk, "essiv", hash);
        }
        var open = inner.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || inner[^1] != ')')
            return RefuseAead(inner) ?? $"'{inner}' is not a mode and a cipher of the kernel crypto API, such as xts(aes)";
        parts = new Parts(inner[(open + 1)..^1], 1, inner[..open], iv, options);
        return RefuseAead(inner);
    }

    private static string? Check(Parts parts, out CipherSpec? spec, string text)
    {
        spec = null;
        if (RefuseCipher(parts.Cipher) is { } cipherReason)
            return cipherReason;
        if (RefuseMode(parts.Mode) is { } modeReason)
            return modeReason;
        if (parts.Iv is null)
            return $"no IV generator is given; {parts.Mode} needs one, such as {parts.Mode}-plain64";
        if (ReadIv(parts.Iv) is not { } iv)
            return RefuseIv(parts.Iv);
        if (iv == IvGenerator.Essiv)
        {
            if (string.IsNullOrEmpty(parts.Options))
                return "essiv needs a hash, as in essiv:sha256";
            if (parts.Options != "sha256")
                return $"essiv with the hash '{parts.Options}' is not supported, only essiv:sha256";
        }
        else if (parts.Options is not null)
        {
            return $"the IV generator {parts.Iv} takes no option, but ':{parts.Options}' is given";
        }
        spec = new CipherSpec(text, parts.Mode == "xts" ? SectorMode.Xts : SectorMode.Cbc, iv, parts.KeyCount);
        return null;
    }

    private static string? RefuseCipher(string cipher) => cipher switch
    {
        "aes" => null,
        "" => "no cipher is named",
        "cipher_null" or "null" => "cipher_null does not encrypt at all",
        "chacha20" or "xchacha20" or "xchacha12" => $"{cipher} is a stream cipher; the only cipher supported is aes",
        _ when cipher.AsSpan().ContainsAny('(', ')') => $"'{cipher}' is not the name of a cipher",
        _ => $"the cipher '{cipher}' is not supported, only aes",
    };

    private static string? RefuseMode(string mode) => mode switch
    {
        "cbc" or "xts" => null,
        "ecb" => "ecb shows which blocks of the disk are equal",
        "ctr" => "ctr repeats its key stream whenever a sector is written again, and so shows what changed",
        "gcm" or "ccm" or "rfc4106" or "rfc4309" => RefuseTags(mode),
        "random" => "random IVs need dm-integrity below, which is not supported",
        "" => "no mode is named",
        _ => $"the mode '{mode}' is not supported, only cbc and xts",
    };

    private static string? RefuseAead(string api)
    {
        foreach (var name in Aeads)
        {
            if (api == name || api.StartsWith(name + "(", StringComparison.Ordinal))
                return RefuseTags(name);
        }
        return null;
    }

    private static string RefuseTags(string name) =>
        $"{name} is authenticated encryption, whose tags need dm-integrity below, which is not supported";

    private static string RefuseIv(string iv) => iv switch
    {
        "lmk" => "the IV generator lmk (loop-AES) is not supported",
        "tcw" => "the IV generator tcw (old TrueCrypt) is not supported",
        "elephant" => "the IV generator elephant (BitLocker's diffuser) is not supported",
        "random" => "random IVs need dm-integrity below, which is not supported",
        "" => "no IV generator is named",
        _ => $"the IV generator '{iv}' is not known",
    };

    private static IvGenerator? ReadIv(string iv)
    {
        foreach (var generator in Enum.GetValues<IvGenerator>())
        {
            if (iv == (generator == IvGenerator.Essiv ? "essiv" : SpellIv(generator)))
                return generator;
        }
        return null;
    }

    private static string SpellIv(IvGenerator iv) => iv switch
    {
        IvGenerator.Plain => "plain",
        IvGenerator.Plain64 => "plain64",
        IvGenerator.Plain64Be => "plain64be",
        IvGenerator.Essiv => "essiv:sha256",
        IvGenerator.Benbi => "benbi",
        IvGenerator.Null => "null",
        _ => "eboiv",
    };

    private static string? Unwrap(string api, string template) =>
        api.StartsWith(template + "(", StringComparison.Ordinal) && api[^1] == ')' ? api[(template.Length + 1)..^1] : null;

    private static (string Head, string? Tail) SplitFirst(string text, char at) => Split(text, text.IndexOf(at, StringComparison.Ordinal));

    private static (string Head, string? Tail) SplitLast(string text, char at) => Split(text, text.LastIndexOf(at));

    private static (string Head, string? Tail) Split(string text, int at) => at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
}
