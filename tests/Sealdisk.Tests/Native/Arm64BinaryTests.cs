using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sealdisk.Tests.Native;

/// <summary>The binary for arm64, executed instruction by instruction by qemu-aarch64 where the machine is an x86-64 one.</summary>
[Trait("needs", "native")]
public sealed class Arm64BinaryTests : IDisposable
{
    private const string Libraries = "/usr/aarch64-linux-gnu";

    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_arm64_binary_passes_its_self_test_and_decrypts_every_golden_image()
    {
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
            Assert.Skip("this machine is an arm64 one: every other native test runs the arm64 binary itself");

        var (binary, emulator) = (Path.Combine(Golden.Root, "dist", "linux-arm64", "sealdisk"), "/usr/bin/qemu-aarch64");
        Assert.True(File.Exists(binary), "there is no dist/linux-arm64/sealdisk: run ./build linux-arm64 first");
        Assert.InRange(new FileInfo(binary).Length, 1, BinaryTests.Largest);
        Assert.True(File.Exists(emulator), $"there is no {emulator}: install the Debian package qemu-user");
        Assert.True(Directory.Exists(Libraries), $"there is no {Libraries}: install the Debian package libc6-dev-arm64-cross");

        Assert.StartsWith("self-test passed: ", Run("self-test"), StringComparison.Ordinal);
        var images = GoldenImage.All.Where(image => image.KeyType == "trusted" && image.Name is not ("ecb" or "ctr-plain64")).ToArray();
        Assert.Equal(23, images.Length);
        Parallel.ForEach(images, image =>
        {
            var plain = _folder[image.Name];
            Run(["image", "decrypt", Golden.File(image.Name + ".64k"), plain, .. GoldenCommand.Options(image, _folder.Huk)]);
            Assert.Equal(GoldenImage.Plaintext, File.ReadAllBytes(plain));
        });

        string Run(params string[] arguments)
        {
            var start = new ProcessStartInfo(emulator, ["-L", Libraries, binary, .. arguments]);
            // The garbage collector reserves 256 GiB of addresses unless told its limit, and qemu takes a second over that.
            start.Environment["DOTNET_GCHeapHardLimit"] = "10000000";
            var result = NativeBinary.Run(start);
            Assert.True(result.Exit == 0, $"sealdisk {string.Join(' ', arguments)}: exit {result.Exit}\n{result.Stdout}{result.Stderr}");
            return result.Stdout;
        }
    }
}
