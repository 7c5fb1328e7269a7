using Sealdisk.Linux;

namespace Sealdisk.Volumes.Filesystems;

/// <summary>Mount options as mount(8) reads them: the kernel's own flags apart from what is handed to the filesystem.</summary>
public sealed class MountOptions
{
    // What mount(8) and systemd keep for themselves.
    private static readonly string[] NotForTheKernel = ["defaults", "auto", "noauto", "nofail", "_netdev"];

    private static readonly (string Set, string Clear, MountFlags Flag)[] Pairs =
    [
        ("ro", "rw", MountFlags.ReadOnly),
        ("nosuid", "suid", MountFlags.NoSetUserId),
        ("nodev", "dev", MountFlags.NoDevices),
        ("noexec", "exec", MountFlags.NoExecute),
        ("sync", "async", MountFlags.Synchronous),
        ("dirsync", "", MountFlags.DirectorySync),
        ("noatime", "atime", MountFlags.NoAccessTime),
        ("nodiratime", "diratime", MountFlags.NoDirectoryAccessTime),
        ("relatime", "norelatime", MountFlags.RelativeAccessTime),
        ("strictatime", "nostrictatime", MountFlags.StrictAccessTime),
        ("lazytime", "nolazytime", MountFlags.LazyTime),
        ("silent", "loud", MountFlags.Silent),
    ];

    private MountOptions(IReadOnlyList<string> words, MountFlags flags, string? data)
    {
        Words = words;
        Flags = flags;
        Data = data;
    }

    /// <summary>No options.</summary>
    public static MountOptions None { get; } = Parse([]);

    /// <summary>The options as they were written, one an entry.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>MS_* flags for mount(2).</summary>
    public MountFlags Flags { get; }

    /// <summary>What the filesystem gets, comma separated; null for nothing.</summary>
    public string? Data { get; }

    /// <summary>Reads options for which <see cref="Problem"/> has no objection; later ones win.</summary>
    public static MountOptions Parse(IReadOnlyList<string> options)
    {
        var flags = MountFlags.None;
        var data = new List<string>();
        foreach (var option in options)
        {
            var (set, _, flag) = Array.Find(Pairs, pair => option == pair.Set || option == pair.Clear);
            if (set is null && IsForTheKernel(option))
                data.Add(option);
            else
                flags = option == set ? flags | flag : flags & ~flag;
        }
        return new MountOptions(options, flags, data.Count == 0 ? null : string.Join(',', data));
    }

    /// <summary>Why a word cannot be one option, as the end of a sentence that begins with the word; null if it can.</summary>
    internal static string? Problem(string option)
    {
        if (option.Length == 0)
            return "is empty";
        if (option.Contains(','))
            return "contains a comma: write one option per entry";
        return option.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter) || letter is '"' or '\'' or '\\')
            ? "contains a space, quote, backslash or control character"
            : null;
    }

    private static bool IsForTheKernel(string option) =>
        !NotForTheKernel.Contains(option, StringComparer.Ordinal) && !option.StartsWith("x-", StringComparison.OrdinalIgnoreCase);
}
