using Sealdisk.Audit.Device;
using Sealdisk.Audit.Reports;

namespace Sealdisk.Tests.Audit.Device;

/// <summary>A captured tree is foreign data: nothing in it leads out of it, and an unreadable file is not taken for absent.</summary>
public sealed class SystemRootTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sealdisk-root-").FullName;

    [Theory]
    [InlineData("/outside", "/secret")]
    [InlineData("/outside", "../../../../../../../../secret")]
    [InlineData("/a/../outside", "/../secret")]
    public void A_link_ends_inside_the_root(string path, string target)
    {
        File.WriteAllText(Path.Combine(_folder, "secret"), "inside");
        File.CreateSymbolicLink(Path.Combine(_folder, "outside"), target);
        Assert.Equal("inside", new SystemRoot(_folder).Read(path).Text);
    }

    [Fact]
    public void A_link_that_leads_to_this_machine_s_files_finds_none()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "passwd"), "/etc/passwd");
        Assert.Equal(ReadOutcome.Absent, new SystemRoot(_folder).Read("/passwd").Outcome);
        Assert.Equal(ReadOutcome.Absent, new SystemRoot(_folder).Read("/../../../../etc/passwd").Outcome);
    }

    [Fact]
    public void Links_in_a_circle_end()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "a"), "b");
        File.CreateSymbolicLink(Path.Combine(_folder, "b"), "a");
        Assert.Equal(ReadOutcome.Absent, new SystemRoot(_folder).Read("/a").Outcome);
        Assert.False(new SystemRoot(_folder).Exists("/a"));
    }

    [Fact]
    public void A_directory_in_a_file_s_place_is_unreadable()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "proc", "cmdline"));
        var reading = new SystemRoot(_folder).Read("/proc/cmdline");
        Assert.Equal((ReadOutcome.Unreadable, "it is a directory, not a file"), (reading.Outcome, reading.Problem));
    }

    [Fact]
    public void A_root_that_is_not_there_is_an_error_of_usage() =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<SealdiskException>(() => new SystemRoot(Path.Combine(_folder, "none"))).Code);

    /// <summary>A captured tree gives the findings of its original; modes and unreadable files are kept in its manifest.</summary>
    [Theory]
    [MemberData(nameof(RootTests.Constructed), MemberType = typeof(RootTests))]
    public void A_capture_audits_as_its_original(string name)
    {
        var (original, copy) = (Path.Combine(_folder, "original"), Path.Combine(_folder, "copy"));
        ConstructedRoots.All[name].WriteTo(original);
        var capture = new TreeCapture(copy);
        var first = Audit(new SystemRoot(original, capture));
        capture.Finish();
        // Modes are captured only from a running system.
        File.Copy(original + TreeManifest.FilePath, copy + TreeManifest.FilePath, overwrite: true);
        Assert.Equal(AuditJson.Write(first), AuditJson.Write(Audit(new SystemRoot(copy))));
        Assert.Equal(ExitCode.Refused, Assert.Throws<SealdiskException>(() => new TreeCapture(copy)).Code);
    }

    /// <summary>No hash of a password gets into a capture.</summary>
    [Fact]
    public void Passwords_stay_where_they_are()
    {
        var (original, copy) = (Path.Combine(_folder, "original"), Path.Combine(_folder, "copy"));
        new RootTree("x").Text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh")
            .Text("/etc/shadow", "root:$y$j9T$verysecret:19000:0:99999:7:::").WriteTo(original);
        var capture = new TreeCapture(copy);
        Audit(new SystemRoot(original, capture));
        capture.Finish();
        foreach (var file in Directory.EnumerateFiles(copy, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain("verysecret", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal("root:*:19000", File.ReadAllText(copy + "/etc/shadow").Trim());
    }

    /// <summary>The name of a swap area is the audited system's own word, and becomes part of a path.</summary>
    [Fact]
    public void A_capture_stays_in_its_directory()
    {
        var (original, copy) = (Path.Combine(_folder, "original"), Path.Combine(_folder, "a", "b", "copy"));
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        new RootTree("x").Text("/proc/swaps", "Filename\tType\n/dev/dm-/../../../../moved\tpartition\t1\t0\t-2")
            .Text("/moved/dm/uuid", "CRYPT-PLAIN-x").WriteTo(original);
        var capture = new TreeCapture(copy);
        Audit(new SystemRoot(original, capture));
        capture.Finish();
        Assert.Equal([copy], Directory.GetFileSystemEntries(Path.GetDirectoryName(copy)!));
        Assert.Equal([Path.GetDirectoryName(copy)!], Directory.GetFileSystemEntries(Path.Combine(_folder, "a")));
        Assert.Equal([Path.Combine(_folder, "a"), original], Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(Path.Combine(copy, "moved", "dm", "uuid")));
        Assert.Equal(0x1C0, Sealdisk.Linux.FileStatus.Of(copy).Mode); // 0700
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static AuditResult Audit(SystemRoot root) =>
        DeviceAudit.Run(root, "/etc/sealdisk.toml", Baseline.None, new DateOnly(2026, 11, 23));
}
