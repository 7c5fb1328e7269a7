using System.Diagnostics;
using System.Text;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Native;

/// <summary>
/// With the software source keys are in user space, and must be nowhere but in pages of their own: locked, left out of core dumps, wiped.
/// Every process is stopped in reads, writes and ioctls of each of its threads, and all of its memory searched for the volume key, the HUK
/// and the TA key. (The volume key of a hardware source is searched for on the board.)
/// </summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class KeysInMemoryTests
{
    [Fact]
    public void The_search_finds_a_key_that_is_in_memory()
    {
        var planted = new byte[16];
        Random.Shared.NextBytes(planted);
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "read line; read forever"]) { RedirectStandardInput = true })!;
        process.StandardInput.WriteLine(Convert.ToHexStringLower(planted));
        process.StandardInput.Flush();
        Assert.True(SpinWait.SpinUntil(() => MemoryImage.Of(process.Id).Find(planted).Any(), Patience.Limit));
        Assert.Empty(MemoryImage.Of(process.Id).Find(new byte[15].Append((byte)77).ToArray()));
        process.Kill();
    }

    /// <summary>
    /// What has failed at its riskiest moment leaves no core: first that this machine would write one, of a program that has a key.
    /// </summary>
    [Fact]
    public void A_server_that_dies_leaves_no_core()
    {
        using var volume = TestVolume.With(("size", "32MiB"));
        var pattern = File.ReadAllText("/proc/sys/kernel/core_pattern").Trim();
        Assert.SkipUnless(
            pattern.Length > 0 && !pattern.Contains('/') && !pattern.StartsWith('|'),
            $"this machine's core dumps go elsewhere (core_pattern is {pattern})");
        Tool.Run("mkdir", volume["cores"]);
        Tool.Try("sh", "-c", "cd $1; ulimit -c unlimited; sh -c 'planted=of-a-planted-key; kill -SEGV $$'", "sh", volume["cores"]);
        var core = Assert.Single(Directory.GetFiles(volume["cores"]));
        Assert.True(File.ReadAllBytes(core).AsSpan().IndexOf("of-a-planted-key"u8) >= 0);
        File.Delete(core);

        Tool.Shell("cd $1; ulimit -c unlimited; $2 up --config $3 --quiet", volume["cores"], NativeBinary.Path, volume.Config);
        var server = Assert.Single(TestVolume.Servers(volume.Name));
        var folder = Directory.ResolveLinkTarget($"/proc/{server}/cwd", returnFinalTarget: true)!.FullName;
        string[] Files() => [.. Directory.GetFiles(folder), .. Directory.GetFiles(volume["cores"])];
        var before = Files();
        Tool.Run("kill", "-ABRT", $"{server}"); // the run time has a use of its own for SIGSEGV
        Assert.True(SpinWait.SpinUntil(() => !TestVolume.Servers(volume.Name).Any(), Patience.Limit));
        Assert.Equal(before, Files());
    }

    [Theory]
    [InlineData("trusted")]
    [InlineData("encrypted")]
    public void A_first_boot_keeps_its_keys_in_their_own_pages(string key) => Watch("up", wasSetUp: false, mostPerThread: 20, key);

    [Theory]
    [InlineData("trusted")]
    [InlineData("encrypted")]
    public void A_later_boot_keeps_its_keys_in_their_own_pages(string key) => Watch("up", wasSetUp: true, mostPerThread: 20, key);

    [Theory]
    [InlineData("trusted")]
    [InlineData("encrypted")]
    public void A_rotation_keeps_its_keys_in_their_own_pages(string key) => Watch("rotate", wasSetUp: true, mostPerThread: 100, key);

    /// <summary>The recovery key too, as it was typed and as it is used.</summary>
    [Fact]
    public void A_recovery_keeps_its_keys_in_their_own_pages()
    {
        using var volume = TestVolume.OnAnotherDevice(settings: [("size", "32MiB")]);
        using var secret = RecoveryKey.Read(volume["recovery.key"]);
        Watch(
            volume,
            ["recover", volume.Name, "--key", volume["recovery.key"]],
            100,
            [
                ("recovery key", secret.Memory.ToArray()),
                ("recovery key's text", Encoding.ASCII.GetBytes(File.ReadAllText(volume["recovery.key"])[6..30])),
            ]);
    }

    [Fact]
    public void A_check_keeps_its_keys_in_their_own_pages() => Watch("check", wasSetUp: true, mostPerThread: 100, "trusted");

    [Theory]
    [InlineData("trusted")]
    [InlineData("encrypted")]
    public void A_running_server_keeps_its_key_only_in_its_own_pages(string key)
    {
        using var volume = TestVolume.With(("size", "32MiB"), ("key", key));
        volume.Up();
        Tool.Shell("dd if=/dev/urandom of=$1/data bs=64k count=64 conv=fsync status=none; cat $1/data > /dev/null", volume.Mount);
        var (volumeKey, others) = Secrets(volume);
        var image = MemoryImage.Of(Assert.Single(TestVolume.Servers(volume.Name)));
        Assert.NotEmpty(image.FindSetApart(volumeKey)); // it works with it, so the search can find it
        Assert.Empty(image.Find(volumeKey));
        foreach (var (_, secret) in others)
        {
            Assert.Empty(image.Find(secret));
            Assert.Empty(image.FindSetApart(secret));
        }
        Assert.Equal(
            "0 kB",
            File.ReadLines($"/proc/{TestVolume.Servers(volume.Name).Single()}/status")
                .Single(line => line.StartsWith("VmSwap:", StringComparison.Ordinal))[7..]
                .Trim());
        volume.Down();
    }

    private static void Watch(string verb, bool wasSetUp, int mostPerThread, string key)
    {
        using var volume = TestVolume.With(("size", "32MiB"), ("key", key));
        if (wasSetUp)
        {
            volume.Up();
            volume.Down();
        }
        Watch(volume, [verb], mostPerThread, []);
    }

    private static void Watch(TestVolume volume, string[] verb, int mostPerThread, (string Name, byte[] Secret)[] more)
    {
        var images = new List<MemoryImage>();
        using var log = KernelLog.FromNow();
        var run = StoppedRun.Of(
            volume["trace"],
            mostPerThread,
            process => images.Add(MemoryImage.Of(process)),
            NativeBinary.Path,
            ["--config", volume.Config, .. verb]);
        Assert.Contains(volume.Name, run.Output, StringComparison.Ordinal);
        var (volumeKey, others) = Secrets(volume);
        volume.Run("down");

        Assert.True(images.Count >= 20, $"only {images.Count} looks; {run.Output}");
        Assert.True(images.Sum(image => image.Size) > 1_000_000, "next to no memory was searched");
        Assert.True(
            images.Exists(image => image.FindSetApart(volumeKey).Any()),
            "the volume key was in no process at any stop: they are the wrong stops");
        foreach (var (name, secret) in others.Prepend(("volume key", volumeKey)).Concat(more))
        {
            Parallel.For(0, images.Count, index =>
            {
                var places = images[index].Find(secret).ToArray();
                Assert.True(places.Length == 0, $"the {name} at stop {index} of {images.Count}: {string.Join('\n', places)}");
            });
            Assert.DoesNotContain(
                Convert.ToHexStringLower(secret)[..32],
                run.Output + string.Concat(log.Read()),
                StringComparison.OrdinalIgnoreCase);
        }
        TestContext.Current.SendDiagnosticMessage($"{verb[0]}: {images.Count} looks, {images.Sum(image => image.Size) >> 20} MiB searched");
    }

    /// <summary>Known here as the HUK file is: the sealed key is in the record.</summary>
    private static (byte[] VolumeKey, List<(string Name, byte[] Secret)> Others) Secrets(TestVolume volume)
    {
        var huk = Convert.FromHexString(File.ReadAllText(volume["huk.hex"]).Trim());
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk, taKey);
        var others = new List<(string, byte[])> { ("HUK", huk), ("TA key", taKey) };
        var block = new byte[4096];
        using (var image = FileDescriptor.Open(volume.Image, OpenFlags.Read))
            image.ReadAt(block, 0);
        var record = Assert.IsType<CopyReading.Valid>(RecordFormat.Read(block)).Record;
        var blob = record.Key.Blob.Bytes.ToArray();
        var unsealed = new byte[blob.Length - TrustedKeysTa.Overhead];
        Assert.Equal(UnsealResult.Opened, TrustedKeysTa.Unseal(taKey, blob, unsealed));
        if (record.Key is not SealedKey.TwoLevel two)
            return (unsealed, others);
        others.Add(("root key", unsealed));
        var key = new byte[record.Format.KeySize];
        Assert.True(EncryptedKeyModel.Unwrap(two.Key, unsealed, key));
        return (key, others);
    }
}
