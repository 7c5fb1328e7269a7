using System.Diagnostics;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Small programs of the tests' own for the board, in the folder guest: compiled when a test wants one.</summary>
internal static class GuestProgram
{
    /// <summary>Compiles guest/NAME.c; where the binary is on the host.</summary>
    public static string Compile(Workplace work, string name)
    {
        var binary = work[name];
        var source = Path.Combine(Checkout.Root, "tests", "Sealdisk.BoardTests", "guest", $"{name}.c");
        string[] arguments = ["-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-static", "-o", binary, source];
        using var compiler = Process.Start("aarch64-linux-gnu-gcc", arguments);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return binary;
    }

    /// <summary>A shell script for the board; where it is on the host.</summary>
    public static string Script(Workplace work, string name, string text)
    {
        File.WriteAllText(work[name], $"#!/bin/sh\n{text}\n");
        using var chmod = Process.Start("chmod", ["755", work[name]]);
        chmod.WaitForExit();
        return work[name];
    }
}
