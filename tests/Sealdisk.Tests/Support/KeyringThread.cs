using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Support;

/// <summary>
/// An OS thread of its own for a test that changes its keyrings or user: both belong to the thread and end with it. Programs that the
/// test starts inherit them.
/// </summary>
internal static class KeyringThread
{
    /// <summary>A user that owns nothing, with a quota of keys that is its own.</summary>
    public const uint Nobody = 54321;

    /// <summary>Runs a test in a new anonymous session, so that all keys in @s go when it ends.</summary>
    public static void InNewSession(Action test) => Run(() =>
    {
        Keyring.JoinSession(null);
        test();
    });

    public static void Run(Action test)
    {
        ExceptionDispatchInfo? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                test();
            }
            catch (Exception exception)
            {
                thrown = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        thrown?.Throw();
    }

    /// <summary>What a keyctl(1) command prints, trimmed; it must succeed.</summary>
    public static string Keyctl(params string[] arguments)
    {
        var result = NativeBinary.Run(new System.Diagnostics.ProcessStartInfo("keyctl", arguments));
        Assert.True(result.Exit == 0, $"keyctl {string.Join(' ', arguments)}: {result.Stderr}");
        return result.Stdout.TrimEnd('\n');
    }

    /// <summary>The serial number that a keyctl(1) command prints.</summary>
    public static KeySerial KeyctlSerial(params string[] arguments) => new(int.Parse(Keyctl(arguments), CultureInfo.InvariantCulture));

    public static KeyDescription Named(string text) => KeyDescription.Parse(text);

    /// <summary>The kernel's answer to a call that it refuses.</summary>
    public static Errno Refusal(Action call) => Assert.Throws<LinuxException>(call).Errno;

    /// <summary>Waits until a key is gone: the kernel collects it a little after its last link, keyring or thread has gone.</summary>
    public static void AssertGoes(KeySerial key) => Assert.True(SpinWait.SpinUntil(() => IsGone(key), Patience.Limit), $"key {key} stays");

    private static bool IsGone(KeySerial key)
    {
        try
        {
            Keyring.Describe(key);
            return false;
        }
        catch (LinuxException refused) when (refused.Errno == Errno.ENOKEY)
        {
            return true;
        }
    }

    /// <summary>
    /// Changes the user of the calling thread alone: the C library's setresuid(2) would change all threads. The thread keeps
    /// CAP_IPC_LOCK, because the soft source has locked the memory of this process in another test, and the runtime then needs it for
    /// every page that it adds.
    /// </summary>
    public static void BecomeNobody()
    {
        Assert.Equal(0, prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
        var setresuid = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;
        Assert.Equal(0, syscall(setresuid, (nint)Nobody, (nint)Nobody, (nint)Nobody));
        const uint lockMemory = 1u << (int)Capability.IpcLock;
        Assert.Equal(0, capset([LINUX_CAPABILITY_VERSION_3, 0], [lockMemory, lockMemory, 0, 0, 0, 0]));
        Assert.False(CurrentProcess.HasCapability(Capability.SysAdmin));
    }

    private const int PR_SET_SECUREBITS = 28, SECBIT_NO_SETUID_FIXUP = 1 << 2;
    private const uint LINUX_CAPABILITY_VERSION_3 = 0x20080522;

#pragma warning disable SYSLIB1054 // LibraryImport wants unsafe code, which the tests do without.
    [DllImport("libc", SetLastError = true)]
    private static extern nint syscall(nint number, nint real, nint effective, nint saved);

    [DllImport("libc", SetLastError = true)]
    private static extern int prctl(int option, nint a, nint b, nint c, nint d);

    [DllImport("libc", SetLastError = true)]
    private static extern int capset(uint[] head, uint[] effectivePermittedInheritable);
#pragma warning restore SYSLIB1054
}
