using System.Text;
using Sealdisk.Board;

namespace Sealdisk.Bench;

/// <summary>
/// 'sealdisk up' of a ready volume against the shell sequence that does the same, on the virtual board with OP-TEE and
/// dm-crypt.
/// </summary>
internal static class BoardRuns
{
    private const string Configuration = """
        [volume.data]
        device = "/dev/vda"
        source = "tee"
        record = "/root/data.record"
        sector-size = 512
        mount = "/data"
        """;

    /// <param name="rounds">Of each, in turn.</param>
    /// <param name="results">Appended to: section, row, subject, unit, value.</param>
    public static void Measure(int rounds, string results)
    {
        var folder = Directory.CreateTempSubdirectory("sealdisk-bench-").FullName;
        try
        {
            var disk = Path.Combine(folder, "disk");
            Disk.Create(disk, 64 << 20);
            using var machine = Machine.Boot(new BootOptions { Disks = [new FileDisk(disk)] });
            machine.Put("/etc/sealdisk.toml", Encoding.UTF8.GetBytes(Configuration));
            machine.Put("/root/up", File.ReadAllBytes(Path.Combine(Checkout.Root, "bench", "guest", "up")));
            File.AppendAllText(results, machine.Succeed($"bash /root/up {rounds}", TimeSpan.FromMinutes(6)).TrimEnd('\n') + "\n");
            machine.PowerOff();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
