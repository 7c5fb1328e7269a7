using System.Diagnostics;
using System.Text;

namespace Sealdisk.BoardTests;

/// <summary>What a device that loses power again and again is made of. All but the first two say how it is broken on purpose.</summary>
/// <param name="Record">Where the record is: header, detached, or in an image file.</param>
/// <param name="Discard">Whether discards reach the disk.</param>
/// <param name="Up">The command that stands for <c>sealdisk up</c>.</param>
/// <param name="Before">A command at each boot before that, such as one that makes the device.</param>
/// <param name="Device">The volume's device; null for the usual one.</param>
/// <param name="IgnoresFlushes">Its disks say that they have flushed, and have not.</param>
internal sealed record DeviceKind(
    string Record, bool Discard = false, string Up = "sealdisk up", string Before = "true", string? Device = null,
    bool IgnoresFlushes = false)
{
    /// <summary>Where the record's first copy is on the board, and the bytes to the second.</summary>
    public (string File, int Second) Copies => Record switch
    {
        "detached" => ("/boot/data.record", 4096),
        "image" => ("/boot/data.img", 524288),
        _ => (Device ?? "/dev/vda", 524288),
    };

    /// <summary>What a refusal must leave byte for byte as it was.</summary>
    public IReadOnlyList<string> Untouchable => Record == "detached" ? ["/boot/data.record", "/dev/vda"] : [Copies.File];

    /// <summary>Sealdisk's own configuration of it.</summary>
    public string Toml
    {
        get
        {
            var settings = new List<(string, string)> { ("discard", Discard ? "true" : "false") };
            if (Device is { } device)
                settings.Add(("device", $"\"{device}\""));
            if (Record == "detached")
                settings.Add(("record", "\"/boot/data.record\""));
            if (Record == "image")
                settings.AddRange([("device", "\"/boot/data.img\""), ("size", "\"12MiB\"")]);
            return Volume.Toml([.. settings]);
        }
    }

    /// <summary>At each boot, before anything of Sealdisk's.</summary>
    public string Prepare
    {
        get
        {
            if (Record == "header")
                return Before;
            var boot = Record == "image" ? "/dev/vda" : "/dev/vdb";
            return $"{Before} && mkdir -p /boot && board-fsck {boot} && mount {boot} /boot";
        }
    }

    /// <summary>The disks of a new device: the volume's own, blank; and where it needs one a second, with an ext4 for /boot.</summary>
    public IReadOnlyList<string> NewDisks(Workplace work)
    {
        if (Record == "header")
            return [work.Disk("volume", 12)];
        var boot = work.Disk("boot", Record == "image" ? 24 : 12);
        using var mkfs = Process.Start(
            new ProcessStartInfo("/usr/sbin/mkfs.ext4", ["-q", "-E", "lazy_itable_init=0", boot]) { RedirectStandardError = true })!;
        var said = mkfs.StandardError.ReadToEnd();
        mkfs.WaitForExit();
        Assert.True(mkfs.ExitCode == 0, said);
        return Record == "image" ? [boot] : [work.Disk("volume", 12), boot];
    }

    public override string ToString() => new StringBuilder(Record)
        .Append(Discard ? ", discard" : "")
        .Append(IgnoresFlushes ? ", ignores flushes" : "")
        .Append(Up == "sealdisk up" ? "" : $", up is: {Up}")
        .Append(Before == "true" ? "" : $", before: {Before}")
        .ToString();
}
