using System.Diagnostics;

namespace Sealdisk.Tests.Scripts;

/// <summary>The scripts that a newcomer runs first, read by shellcheck.</summary>
[Trait("needs", "native")]
public sealed class ShellScriptTests
{
    [Theory]
    [InlineData("build")]
    [InlineData("demo")]
    [InlineData("test")]
    [InlineData(".ci/run")]
    [InlineData("packaging/need")]
    [InlineData("packaging/aarch64-link")]
    [InlineData("packaging/completions/sealdisk")]
    [InlineData("board/build")]
    [InlineData("board/run")]
    [InlineData("board/start")]
    [InlineData("board/lib/place")]
    [InlineData("board/lib/steps")]
    [InlineData("board/lib/archive")]
    [InlineData("board/lib/kernel")]
    [InlineData("board/lib/initramfs")]
    [InlineData("board/arm64/recipe")]
    [InlineData("board/arm64/qemu")]
    [InlineData("board/guest/person")]
    public void Shellcheck_has_no_findings(string script)
    {
        var result = NativeBinary.Run(new ProcessStartInfo("shellcheck", ["--shell=bash", Path.Combine(Golden.Root, script)]));
        Assert.True(result.Exit == 0, result.Stdout + result.Stderr);
    }
}
