using System.Diagnostics;

namespace Sealdisk.Tests;

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
    public void Shellcheck_finds_nothing(string script)
    {
        var result = NativeBinary.Run(new ProcessStartInfo("shellcheck", ["--shell=bash", Path.Combine(Golden.Root, script)]));
        Assert.True(result.Exit == 0, result.Stdout + result.Stderr);
    }
}
