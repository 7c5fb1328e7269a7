using System.Text.RegularExpressions;

namespace Sealdisk.Tests.Packaging;

/// <summary>The Debian packages, with Debian's own programs as judges: lintian, dpkg-shlibdeps, dpkg.</summary>
[Trait("needs", "native")]
public sealed partial class DebianPackageTests(DebianPackages packages) : IClassFixture<DebianPackages>
{
    [Fact]
    public void Lintian_finds_neither_an_error_nor_a_warning()
    {
        var (code, output) = Tool.Try("lintian", ["--allow-root", "--fail-on", "error,warning", .. packages.All]);
        Assert.True(code == 0 && output.Length == 0, output);
    }

    [Fact]
    public void What_overrides_lintian_gives_its_reason_above_it()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Golden.Root, "packaging", "debian"), "*.lintian-overrides"))
        {
            var lines = File.ReadAllLines(file);
            Assert.All(
                Enumerable.Range(0, lines.Length).Where(line => !lines[line].StartsWith('#')),
                line => Assert.True(line > 0 && lines[line - 1].StartsWith('#'), $"{file}:{line + 1}: no reason"));
        }
    }

    [Fact]
    public void The_same_binaries_give_the_same_packages()
    {
        DebianPackages.Make(packages["again"]);
        Assert.Equal(FolderState.Hashes(packages.Folder), FolderState.Hashes(packages["again"]));
    }

    [Fact]
    public void It_depends_on_the_glibc_that_dpkg_shlibdeps_finds()
    {
        if (DebianPackages.Architecture != "amd64")
            Assert.Skip("the other architecture's packages are read from the same symbols");
        Directory.CreateDirectory(packages["shlibs/debian"]);
        File.WriteAllText(packages["shlibs/debian/control"], "Source: sealdisk\n\nPackage: sealdisk\nArchitecture: any\n");
        var found = Tool.Shell("cd \"$1\" && dpkg-shlibdeps -O \"$2\" 2>/dev/null", packages["shlibs"], NativeBinary.Path);
        Assert.Equal($"shlibs:Depends={Field(packages.Named("sealdisk"), "Depends").Split(", ")[0]}", found.Trim());
    }

    [Fact]
    public void Its_version_is_the_binary_s_own() =>
        Assert.Equal(NativeBinary.Run("--version").Stdout.Trim(), $"sealdisk {Field(packages.Named("sealdisk"), "Version")}");

    [Fact]
    public void Both_architectures_have_the_same_files()
    {
        var ours = packages.All.Where(file => !file.EndsWith("_all.deb", StringComparison.Ordinal)).ToArray();
        if (ours.Length < 2)
            Assert.Skip("there is only one binary");
        Assert.Equal(Files(ours[0]), Files(ours[1]));
    }

    [Fact]
    public void Installed_and_purged_it_leaves_volumes_their_records_and_the_configuration_as_they_were()
    {
        Requirements.Root();
        var root = packages["root"];
        Tool.Shell("mkdir -p \"$1/var/lib/dpkg/updates\" \"$1/var/lib/dpkg/info\" && : >\"$1/var/lib/dpkg/status\"", root);
        string[] deb = [.. packages.All.Where(file => file == packages.Named(Path.GetFileName(file).Split('_')[0]))];
        Dpkg(["--install", .. deb]);
        var configuration = """
            [volume.data]
            device = "/data.img"
            record = "/etc/sealdisk/data.record"
            source = "soft"
            [source.soft]
            huk = "/etc/sealdisk/huk.hex"
            """;
        string[] kept = ["etc/sealdisk/huk.hex", "etc/sealdisk/data.record", "etc/sealdisk.toml", "data.img"];
        foreach (var file in kept)
            File.WriteAllText(Path.Combine(root, file), configuration);

        Dpkg(["--install", .. deb]); // an upgrade, or a repair
        Dpkg(["--purge", .. deb.Select(file => Field(file, "Package"))]);

        Assert.All(kept, file => Assert.Equal(configuration, File.ReadAllText(Path.Combine(root, file))));
        Assert.False(File.Exists(Path.Combine(root, "usr/sbin/sealdisk")));

        void Dpkg(string[] arguments) => Tool.Run(
            "dpkg", ["--root", root, "--force-not-root", "--force-depends", "--force-script-chrootless", .. arguments]);
    }

    [Fact]
    public void It_is_not_removed_while_a_volume_is_up_but_upgraded()
    {
        Requirements.RootWithFuseAndLoop();
        var (prerm, path) = (packages["control/prerm"], $"{Path.GetDirectoryName(NativeBinary.Path)}:/usr/sbin:/usr/bin:/sbin:/bin");
        Tool.Run("dpkg-deb", "--control", packages.Named("sealdisk"), packages["control"]);
        using var volume = TestVolume.With();
        volume.Up();

        var (code, output) = Tool.Try("env", $"PATH={path}", prerm, "remove");
        Assert.Equal(1, code);
        Assert.Contains("sealdisk: cannot be removed while volumes are up:", output, StringComparison.Ordinal);
        Assert.Contains(volume.Name, output, StringComparison.Ordinal);
        Tool.Run("env", $"PATH={path}", prerm, "upgrade", "9.9.9");
        volume.Down();
    }

    private static string Field(string package, string name) => Tool.Run("dpkg-deb", "--field", package, name).Trim();

    /// <summary>Mode, owner and path of each file.</summary>
    private static string[] Files(string package) =>
    [
        .. Tool.Run("dpkg-deb", "--contents", package).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => SizeAndTime().Replace(line, " ")),
    ];

    [GeneratedRegex(@" +\d+ \d{4}-\d\d-\d\d \d\d:\d\d ", RegexOptions.NonBacktracking)]
    private static partial Regex SizeAndTime();
}
