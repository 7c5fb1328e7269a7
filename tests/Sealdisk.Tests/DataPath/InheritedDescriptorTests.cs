using System.Diagnostics;

namespace Sealdisk.Tests.DataPath;

/// <summary>The server outlives the process that started it, and so must not hold on to what that process had open.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class InheritedDescriptorTests
{
    [Fact]
    public void The_server_keeps_nothing_that_its_starter_had_open()
    {
        using var directory = new TemporaryDirectory();
        const string script = """
            set -e
            cd "$2"
            "$1" huk new huk
            "$1" key new k --size 64 --blob blob --source soft --huk huk
            truncate -s 4M image
            exec 9>held-by-the-caller
            "$1" map open inherited image --cipher aes-xts-plain64 --key-size 64 --blob blob --huk huk
            ls -l /proc/$(cat /run/sealdisk/inherited/server.pid)/fd
            "$1" map close inherited
            """;
        var result = NativeBinary.Run(new ProcessStartInfo("bash", ["-c", script, "bash", NativeBinary.Path, directory["."]]));
        Assert.True(result.Exit == 0, result.Stdout + result.Stderr);
        Assert.Contains("/image", result.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("held-by-the-caller", result.Stdout, StringComparison.Ordinal);
    }
}
