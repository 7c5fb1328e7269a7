using System.Globalization;

namespace Sealdisk.Audit.Device;

/// <summary>
/// What a captured tree says besides its files, in .capture/manifest: <c>mode 0600 0 /path</c> (octal mode, with "link:" before it if the
/// path is a symbolic link, then the owner) and <c>error EACCES /path</c>. Lines that start with # are for people.
/// </summary>
internal sealed class TreeManifest
{
    internal const string FilePath = SystemRoot.CaptureFolder + "/manifest";

    private readonly Dictionary<string, Ownership> _ownerships = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _problems = new(StringComparer.Ordinal);

    internal static TreeManifest Read(SystemRoot root)
    {
        var manifest = new TreeManifest();
        foreach (var line in root.Read(FilePath).Lines)
            manifest.Add(line.Trim());
        return manifest;
    }

    internal Ownership? Ownership(string path) => _ownerships.GetValueOrDefault(path);

    internal string? Problem(string path) => _problems.GetValueOrDefault(path);

    internal static string Line(string path, Ownership ownership) =>
        $"mode {(ownership.IsLink ? "link:" : "")}{ownership.ModeText} {ownership.Uid} {path}";

    internal static string Line(string path, string problem) => $"error {problem} {path}";

    private void Add(string line)
    {
        if (line.Split(' ', 4) is ["mode", var mode, var uid, var path])
        {
            var isLink = mode.StartsWith("link:", StringComparison.Ordinal);
            var digits = isLink ? mode[5..] : mode;
            if (uint.TryParse(uid, NumberStyles.None, CultureInfo.InvariantCulture, out var owner) && IsOctal(digits))
                _ownerships[path] = new Ownership(Convert.ToInt32(digits, 8), owner, isLink);
        }
        else if (line.Split(' ', 3) is ["error", var problem, var broken])
        {
            _problems[broken] = problem;
        }
    }

    private static bool IsOctal(string digits) => digits.Length is > 0 and < 8 && digits.All(digit => digit is >= '0' and <= '7');
}
