using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Native;

/// <summary>A key that is in use shows nowhere outside the memory of the one process that needs it.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class KeyHygieneTests : IDisposable
{
    private const string Name = "t1-hygiene";
    private const uint Nobody = 65534;

    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_server_of_a_mapping_keeps_its_key_to_itself()
    {
        Requirements.RootWithFuseAndLoop();
        var image = GoldenImage.All.Single(image => image.Name == "xts256-plain64-512");
        var device = _folder["disk"];
        File.WriteAllBytes(device, image.Ciphertext);
        try
        {
            using var opened = JsonDocument.Parse(_folder.Done([
                "map", "open", Name, device, "--json", .. GoldenCommand.Options(image, _folder.Huk),
            ]));
            var process = $"/proc/{opened.RootElement.GetProperty("server").GetInt32()}";
            Assert.Equal(GoldenImage.Plaintext, File.ReadAllBytes($"/run/sealdisk/{Name}/volume"));

            AssertNoKey(image.Key, $"{process}/cmdline", $"{process}/environ", $"{process}/comm", "/proc/self/mountinfo");
            AssertNoKey(image.Key, [.. Directory.GetFiles($"/run/sealdisk/{Name}").Where(path => Path.GetFileName(path) != "volume")]);
            Assert.Contains(Directory.GetFiles($"/run/sealdisk/{Name}"), path => Path.GetFileName(path) == "mapping");
            Assert.Equal(0b111_000_000, FileStatus.Of($"/run/sealdisk/{Name}").Mode);

            var locked = File.ReadLines($"{process}/status").Single(line => line.StartsWith("VmLck:", StringComparison.Ordinal));
            Assert.NotEqual("0", locked.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]);
            var core = File.ReadLines($"{process}/limits").Single(line => line.StartsWith("Max core file size", StringComparison.Ordinal));
            Assert.Equal(["0", "0", "bytes"], core["Max core file size".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            _folder.Done("map", "close", Name);
        }
    }

    /// <summary>
    /// The kernel gives root what is in /proc of a process that may not be dumped: its own user cannot trace it or read its memory.
    /// </summary>
    [Fact]
    public void A_process_cannot_be_read_by_its_own_user()
    {
        Requirements.Root();
        var blob = _folder["blob"];
        Tool.Run("mkfifo", "-m", "666", blob);
        Tool.Run("chmod", "711", _folder.Path);
        Assert.Equal(Nobody, OwnerWhileReading("cat", blob));
        Assert.Equal(0u, OwnerWhileReading(CopyForOthers(), "blob", "inspect", blob));

        uint OwnerWhileReading(params string[] command)
        {
            using var process = Process.Start(new ProcessStartInfo(
                "setpriv",
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", .. command]) { RedirectStandardOutput = true })!;
            uint owner;
            // Opening a pipe to write waits for its reader: from here on the program runs, and it waits for what comes.
            using (var pipe = FileDescriptor.Open(blob, OpenFlags.Write))
            {
                owner = FileStatus.Of($"/proc/{process.Id}/maps").Uid;
                pipe.Write("00"u8);
            }
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return owner;
        }
    }

    /// <summary>The checkout may lie where others may not go.</summary>
    private string CopyForOthers()
    {
        var copy = _folder["sealdisk"];
        File.Copy(NativeBinary.Path, copy);
        Tool.Run("chmod", "755", copy);
        return copy;
    }

    private static void AssertNoKey(byte[] key, params string[] paths)
    {
        foreach (var path in paths)
        {
            var content = ReadAll(path);
            // XTS has two keys; either of them would be too much.
            foreach (var half in new[] { key[..(key.Length / 2)], key[(key.Length / 2)..] })
            {
                foreach (var form in new[]
                {
                    half,
                    Encoding.ASCII.GetBytes(Convert.ToHexString(half)),
                    Encoding.ASCII.GetBytes(Convert.ToHexStringLower(half)),
                    Encoding.ASCII.GetBytes(Convert.ToBase64String(half[..30])),
                })
                    Assert.True(content.AsSpan().IndexOf(form) < 0, $"{path} holds the key");
            }
        }
    }

    /// <summary>Without .NET's lock, which the server's own lock on its log file would refuse.</summary>
    private static byte[] ReadAll(string path)
    {
        using var file = FileDescriptor.Open(path, OpenFlags.Read);
        var content = new byte[1 << 20];
        return content[..file.ReadAt(content, 0)];
    }
}
