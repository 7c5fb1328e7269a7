using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sealdisk.Tests.Native;

/// <summary>
/// What the binary is made of, and what it opens on the paths that unlock a volume: an initramfs has the C library and little else.
/// </summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class BinaryTests : IDisposable
{
    /// <summary>Bytes. The linker fills an arm64 binary up to pages of 64 KiB, so that it grows by as much at a time.</summary>
    internal const int Largest = 21 * 256 * 1024;

    private static readonly string[] Heavy = ["libssl", "libcrypto", "libicu"];

    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_binary_is_at_most_five_and_a_quarter_MiB() => Assert.InRange(new FileInfo(NativeBinary.Path).Length, 1, Largest);

    [Fact]
    public void The_binary_is_linked_only_against_the_C_library()
    {
        var needed = Tool.Run("readelf", "-d", NativeBinary.Path)
            .Split('\n')
            .Where(line => line.Contains("(NEEDED)", StringComparison.Ordinal))
            .Select(line => line.Split('[', ']')[1]);
        var loader = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2";
        Assert.Equal(new[] { loader, "libc.so.6", "libm.so.6" }.Order(StringComparer.Ordinal), needed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Inspecting_a_sealed_key_needs_neither_OpenSSL_nor_ICU() =>
        AssertLight(Trace("""sealdisk blob inspect "$1" --huk "$2" """, Golden.File("blob-64-1.hex"), _folder.Huk));

    [Fact]
    public void Decrypting_an_image_needs_neither_OpenSSL_nor_ICU()
    {
        var image = GoldenImage.All[0];
        AssertLight(Trace(
            """sealdisk image decrypt "$@" """,
            [Golden.File(image.Name + ".64k"), _folder["plain"], .. GoldenCommand.Options(image, _folder.Huk)]));
        Assert.Equal(GoldenImage.Plaintext, File.ReadAllBytes(_folder["plain"]));
    }

    [Fact]
    public void The_life_of_a_volume_needs_neither_OpenSSL_nor_ICU_and_no_process_with_secrets_can_be_dumped()
    {
        Requirements.RootWithFuseAndLoop();
        using var volume = TestVolume.With(("size", "32MiB"), ("mapping", "fuse"));
        var calls = Trace(
            """
            sealdisk up --config "$1" && sealdisk down --config "$1"    # first boot
            sealdisk up --config "$1" && echo kept > "$2/file" && sealdisk down --config "$1"
            """, volume.Config, volume.Mount);
        AssertLight(calls);
        AssertSecretsStayHome(calls, volume["huk.hex"]);
    }

    /// <summary>Each process closes itself and locks its memory before it opens the HUK.</summary>
    private static void AssertSecretsStayHome(string[] calls, string huk)
    {
        var readers = 0;
        foreach (var process in calls.GroupBy(call => call.Split(' ')[0], StringComparer.Ordinal))
        {
            var own = process.ToList();
            var opened = own.FindIndex(
                call => call.Contains($"\"{huk}\"", StringComparison.Ordinal) && call.Contains(" openat(", StringComparison.Ordinal));
            if (opened < 0)
                continue;
            readers++;
            AssertBefore("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE");
            AssertBefore("RLIMIT_CORE");
            AssertBefore("mlockall(MCL_CURRENT|MCL_FUTURE");

            void AssertBefore(string act) =>
                Assert.True(
                    own.FindIndex(call => call.Contains(act, StringComparison.Ordinal)) is >= 0 and var done && done < opened,
                    $"{act} does not precede the HUK's opening:\n{string.Join('\n', own)}");
        }
        Assert.True(readers >= 3, $"only {readers} processes opened the HUK");
    }

    /// <summary>
    /// Runs a shell script under strace; returns the calls of it and of everything it started, each with its process id in front.
    /// </summary>
    private string[] Trace(string script, params string[] arguments)
    {
        var log = _folder["strace.log"];
        var start = new ProcessStartInfo(
            "strace",
            [
                "-f", "-qq", "-o", log, "-e", "trace=?open,openat,?openat2,prctl,setrlimit,prlimit64,mlockall",
                "bash", "-euc", script, "bash", .. arguments,
            ]);
        var folder = Path.GetDirectoryName(NativeBinary.Path);
        start.Environment["PATH"] = $"{folder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        var result = NativeBinary.Run(start);
        Assert.True(result.Exit == 0, $"exit {result.Exit}\n{result.Stdout}{result.Stderr}");
        return File.ReadAllLines(log);
    }

    private static void AssertLight(string[] calls)
    {
        Assert.Contains(calls, call => call.Contains("libc.so.6", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, call => Heavy.Any(library => call.Contains(library, StringComparison.Ordinal)));
    }
}
