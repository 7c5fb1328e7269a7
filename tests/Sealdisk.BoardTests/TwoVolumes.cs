using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Configurations of two volumes, "data" on /dev/vda and "logs" on /dev/vdb, whose keys may share a root key.</summary>
internal static class TwoVolumes
{
    /// <param name="recovery">The line with the public half of a recovery key, or nothing.</param>
    /// <param name="more">Further tables.</param>
    public static void Configure(Machine machine, string source, string recovery, string key = "encrypted", string more = "")
    {
        var text = $"{Table("data", "/dev/vda")}{Table("logs", "/dev/vdb")}[source.soft]\nhuk = \"/tmp/huk.hex\"\n{more}";
        machine.Put(Volume.Config, System.Text.Encoding.UTF8.GetBytes(text));

        string Table(string name, string device) => $"""
            [volume.{name}]
            device = "{device}"
            source = "{source}"
            key = "{key}"
            {recovery.Trim()}
            mount = "/{name}"

            """;
    }
}
