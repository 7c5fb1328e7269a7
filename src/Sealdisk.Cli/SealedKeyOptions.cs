using System.CommandLine;
using Sealdisk.Audit.Device;
using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli;

/// <summary>The options that say which key, sealed by whom, for which cipher.</summary>
internal sealed class SealedKeyOptions
{
    internal Option<string?> Cipher { get; } = new("--cipher")
    {
        Description = "dm-crypt's cipher specification, such as aes-xts-plain64",
        HelpName = "CIPHER",
    };

    internal Option<int?> KeySize { get; } = new("--key-size") { Description = "Size of the key in bytes", HelpName = "BYTES" };

    internal Option<string?> Blob { get; } = new("--blob") { Description = "The file with the sealed key", HelpName = "FILE" };

    internal Option<string?> Source { get; } = NewSource();

    internal Option<string?> Huk { get; } = NewHuk("The file with the soft source's HUK (default: the configuration's)");

    internal static Option<string?> NewHuk(string description) => new("--huk") { Description = description, HelpName = "FILE" };

    internal static Option<string?> NewSource()
    {
        var option = new Option<string?>("--source")
        {
            Description = "The trust source: tee, tpm, caam, dcp, soft or auto (default: soft if --huk is given, else auto)",
            HelpName = "SOURCE",
        };
        option.CompletionSources.Add("tee", "tpm", "caam", "dcp", "soft", "auto");
        return option;
    }

    internal void AddTo(Command command)
    {
        command.Options.Add(Cipher);
        command.Options.Add(KeySize);
        command.Options.Add(Blob);
        command.Options.Add(Source);
        command.Options.Add(Huk);
    }

    private static TrustSource ParseSource(string? text, TrustSource absent) => text is null
        ? absent
        : TrustSourceText.TryParse(text, out var source) ? source : throw SealdiskException.Usage(
            $"cannot use source '{text}': it is tee, tpm, caam, dcp, soft or auto");

    /// <summary>
    /// The source as named; naming a HUK file names the soft source; otherwise whatever the kernel has. Never soft by itself.
    /// </summary>
    internal static TrustSource SourceOf(ParseResult parsed, Option<string?> source, Option<string?>? huk) =>
        ParseSource(parsed.GetValue(source), huk is null || parsed.GetValue(huk) is null ? TrustSource.Auto : TrustSource.Soft);

    internal CipherSpec? ParseCipher(ParseResult parsed)
    {
        if (parsed.GetValue(Cipher) is not { } text)
            return null;
        return CipherSpec.TryParse(text, out var spec, out var reason)
            ? spec
            : throw SealdiskException.Usage($"cannot use cipher '{text}': {Bare(reason, text)}");
    }

    /// <summary>The HUK file: as given, or as the configuration has it, if it does.</summary>
    internal string FindHuk(ParseResult parsed)
    {
        if (parsed.GetValue(Huk) is { } given)
            return Path.GetFullPath(given);
        var config = parsed.GetValue(GlobalOptions.Config)!;
        return File.Exists(config) && SealdiskConfiguration.Load(Path.GetFullPath(config), Checks.Requirable).SoftHuk is { } configured
            ? configured
            : throw SealdiskException.Usage(
                "cannot use source 'soft': its HUK is not named", $"give --huk FILE, or set huk in [source.soft] of {config}");
    }

    /// <summary>
    /// The sealed key's file as given; a regular file is read ahead, so that whatever is wrong with it is said by its name.
    /// </summary>
    internal string? FindBlob(ParseResult parsed)
    {
        var path = parsed.GetValue(Blob);
        if (path is not null && FileStatus.TryOf(path)?.Kind is (null or FileKind.Regular or FileKind.Directory))
            _ = BlobFile.Read(path);
        return path;
    }

    private static string Bare(string? reason, string text)
    {
        var beginning = $"cipher '{text}' is refused: ";
        return reason is not null && reason.StartsWith(beginning, StringComparison.Ordinal) ? reason[beginning.Length..] : reason ?? "";
    }
}
