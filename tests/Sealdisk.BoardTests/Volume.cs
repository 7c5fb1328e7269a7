using System.Security.Cryptography;
using System.Text;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Configurations of one volume "data", and the words with which tests drive it on a board.</summary>
internal static class Volume
{
    public const string Config = "/etc/sealdisk.toml";

    /// <summary>A volume on /dev/vda with source tee, mounted on /data; further settings replace or add.</summary>
    public static string Toml(params (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["device"] = "\"/dev/vda\"",
            ["source"] = "\"tee\"",
            ["mount"] = "\"/data\"",
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        var text = new StringBuilder("[volume.data]\n");
        foreach (var (key, value) in all.Where(setting => setting.Key != "huk"))
            text.Append($"{key} = {value}\n");
        if (all.TryGetValue("huk", out var huk))
            text.Append($"[source.soft]\nhuk = {huk}\n");
        return text.ToString();
    }

    public static void Configure(Machine machine, params (string Key, string Value)[] settings) =>
        machine.Put(Config, Encoding.UTF8.GetBytes(Toml(settings)));

    /// <summary>Runs sealdisk, which must answer with that exit code and, somewhere, with those words.</summary>
    public static string ExitsWith(Machine machine, ExitCode code, string command, params string[] words)
    {
        var answer = machine.Run(command);
        Assert.True(answer.ExitCode == (int)code, $"'{command}' answered {answer.ExitCode}, not {code}:\n{answer.All}");
        foreach (var word in words)
            Assert.Contains(word, answer.All, StringComparison.Ordinal);
        return answer.All;
    }

    /// <summary>Nothing is left open on the board: no mapping, no loop device, no key of ours, no mount.</summary>
    public static void AssertNothingOpen(Machine machine)
    {
        Assert.Equal("No devices found", machine.Succeed("dmsetup ls"));
        Assert.Equal("", machine.Succeed("losetup -a"));
        Assert.Equal("", machine.Succeed("grep sealdisk: /proc/keys || true"));
        Assert.Equal("", machine.Succeed("ls /dev/mapper | grep -v control || true"));
        Assert.DoesNotContain(" /data ", machine.Succeed("cat /proc/mounts"), StringComparison.Ordinal);
    }

    /// <summary>
    /// A hash of a disk or file of the board, from that byte on. A disk's is that of its image on the host, which has all that
    /// the board has written once it has synced.
    /// </summary>
    public static string Hash(Machine machine, string path, long from = 0)
    {
        var disk = path.StartsWith("/dev/vd", StringComparison.Ordinal) ? machine.Disks[path[^1] - 'a'] : null;
        if (disk is not FileDisk)
            return machine.Succeed($"sync; echo 3 > /proc/sys/vm/drop_caches; tail -c +{from + 1} {path} | sha256sum");
        machine.Succeed("sync");
        using var image = new FileStream(disk.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        image.Position = from;
        return Convert.ToHexStringLower(SHA256.HashData(image));
    }
}
