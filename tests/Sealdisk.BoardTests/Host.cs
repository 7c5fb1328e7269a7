using System.Diagnostics;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>The host's side: the published binary for this machine, with a board's HUK as its soft source.</summary>
internal sealed class Host : IDisposable
{
    private static readonly string Binary = Path.Combine(Checkout.Root, "dist", "linux-x64", "sealdisk");
    private readonly Workplace _work;

    public Host(Workplace work, string hukFile)
    {
        _work = work;
        Huk = work["huk.hex"];
        File.Copy(Path.Combine(AppContext.BaseDirectory, hukFile), Huk);
        Run("chmod", "600", Huk);
    }

    public string Huk { get; }

    public string Blob => _work["of-host.blob"];

    public void Succeed(params string[] arguments) => Run(Binary, arguments);

    /// <summary>A command of debugfs(8) on a plain ext4 image; its output.</summary>
    public string Debugfs(string image, string command) => Run("debugfs", "-R", command, image);

    /// <summary>
    /// An encrypted volume that fills a file and holds an ext4 with one file in it, "file"; its key is sealed by the soft
    /// source.
    /// </summary>
    public void MakeVolume(string path, string content)
    {
        var tree = Directory.CreateDirectory(_work["tree"]).FullName;
        File.WriteAllText(Path.Combine(tree, "file"), content + "\n");
        var plain = _work["plain-of-host"];
        Disk.Create(plain, new FileInfo(path).Length);
        Run("mkfs.ext4", "-q", "-F", "-b", "4096", "-d", tree, plain);
        Succeed("key", "new", "host", "--size", "64", "--blob", Blob, "--source", "soft", "--huk", Huk);
        Succeed(
            "image", "encrypt", plain, path, "--force", "--cipher", "aes-xts-plain64", "--key-size", "64", "--sector-size", "4096",
            "--blob", Blob, "--source", "soft", "--huk", Huk);
    }

    public void Dispose() => File.Delete(Huk);

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] += ":/usr/sbin:/sbin";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} answered {process.ExitCode}: {error.Result}");
        return output;
    }
}
