using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Configurations of two volumes, "data" on /dev/vda and "logs" on /dev/vdb, whose keys may share a root key.</summary>
internal static class TwoVolumes
{
    /// <param name="recovery">The line with the public half of a recovery key, or nothing.</param>
    /// <param name="more">Further tables.</param>
    public static void Configure(Machine machine, string source, string recovery, string key = "encrypted", string more = "")
    {
        var volumes = string.Concat(new[] { ("data", "vda"), ("logs", "vdb") }.Select(volume =>
            $"[volume.{volume.Item1}]\ndevice = \"/dev/{volume.Item2}\"\nsource = \"{source}\"\nkey = \"{key}\"\n{recovery.Trim()}\nmount = \"/{volume.Item1}\"\n"));
        machine.Put(Volume.Config, System.Text.Encoding.UTF8.GetBytes($"{volumes}[source.soft]\nhuk = \"/tmp/huk.hex\"\n{more}"));
    }
}
