using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sealdisk.Linux;
using static Sealdisk.Tests.Support.KeyringThread;

namespace Sealdisk.Tests.Linux;

/// <summary>Who has which keyrings: the special ones belong to a thread, and @s is not always what it seems.</summary>
[Trait("needs", "native")]
public sealed class SessionKeyringTests
{
    private static readonly KeyDescription Name = KeyDescription.Parse("sealdisk:test");
    private const string Variable = "SEALDISK_TEST_SESSION";

    [Fact]
    public void A_session_of_its_own() => Run(() =>
    {
        var anonymous = Keyring.JoinSession(null);
        Assert.Equal(SessionKeyringKind.Own, Keyring.Session());
        var name = Named($"sealdisk-test-{Guid.NewGuid():N}");
        var named = Keyring.JoinSession(name);
        Assert.NotEqual(anonymous, named);
        Assert.Equal(SessionKeyringKind.Own, Keyring.Session());
        Assert.Equal(named, Keyring.Resolve(KeySerial.SessionKeyring, create: false));
        Run(() => Assert.NotEqual(named, Keyring.JoinSession(name)));
        Keyring.SetPermissions(named, KeyPermissions.PossessorAll | KeyPermissions.UserView | KeyPermissions.UserSearch);
        Run(() => Assert.Equal(named, Keyring.JoinSession(name)));

        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Assert.Equal([key], Keyring.Members(named));
        Keyring.Clear(named); // which is found by its name until it is collected
    });

    /// <summary>The trap: adding to @s gives a serial number, and puts the key where nobody else looks.</summary>
    [Fact]
    public void The_default_is_left_for_a_session_that_ends_with_the_process() => Run(() =>
    {
        var theDefault = JoinDefault();
        Assert.Equal(SessionKeyringKind.UserDefault, Keyring.Session());
        Assert.Equal(SessionKeyringKind.UserDefault, Keyring.Session()); // asking has changed nothing
        Assert.Equal(theDefault, Keyring.Resolve(KeySerial.SessionKeyring, create: false));

        var key = Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring);
        Assert.NotEqual(theDefault, Keyring.Resolve(KeySerial.SessionKeyring, create: false));
        Assert.DoesNotContain(key, Keyring.Members(theDefault));
        Assert.Equal(SessionKeyringKind.Own, Keyring.Session());
    });

    [Fact]
    public void The_default_of_another_user_is_no_better() => Run(() =>
    {
        var theDefault = JoinDefault();
        BecomeNobody();
        Assert.NotEqual(theDefault, Keyring.Resolve(KeySerial.UserSessionKeyring, create: false));
        Assert.Equal(theDefault, Keyring.Resolve(KeySerial.SessionKeyring, create: false));
        Assert.Equal(SessionKeyringKind.UserDefault, Keyring.Session());
    });

    [Fact]
    public void A_session_that_has_ended() => Run(() =>
    {
        Keyring.Revoke(Keyring.JoinSession(null));
        Assert.Equal(SessionKeyringKind.Ended, Keyring.Session());
        Assert.Equal(Errno.EKEYREVOKED, Refusal(() => Keyring.Add("user", Name, "x"u8, KeySerial.SessionKeyring)));
    });

    /// <summary>Seen from a process started in each situation: this very test program.</summary>
    [Fact]
    public void A_child_sees_what_it_was_started_in()
    {
        Run(() =>
        {
            JoinDefault();
            Assert.Equal("UserDefault", Child());
            Assert.Equal("UserDefault", Child("setsid", "--wait"));
            Assert.Equal("Own", Child("keyctl", "session", "-"));
            Assert.Equal("Own", Child("keyctl", "session", $"sealdisk-test-{Guid.NewGuid():N}"));
            // keyctl puts a new session in place for the shell, its parent.
            Assert.Equal("Own", Child("sh", "-c", "keyctl new_session >/dev/null && exec \"$@\"", "sh"));
        });
        InNewSession(() => Assert.Equal("Own", Child()));
        Run(() =>
        {
            Keyring.Revoke(Keyring.JoinSession(null));
            Assert.Equal("Ended", Child());
        });
    }

    [Fact]
    public void A_thread_keyring_is_one_threads_alone()
    {
        var key = default(KeySerial);
        Run(() =>
        {
            Assert.Null(Keyring.Request("user", Name));
            key = Keyring.Add("user", Name, "x"u8, KeySerial.ThreadKeyring);
            Assert.Equal(key, Keyring.Request("user", Name));
            var keyring = Keyring.Resolve(KeySerial.ThreadKeyring, create: false);
            Run(() =>
            {
                Assert.NotEqual(keyring, Keyring.Resolve(KeySerial.ThreadKeyring, create: false)); // the kernel gives it an empty one
                Assert.Null(Keyring.Request("user", Name));
            });
            Assert.Equal(1, Keyring.Read(key, []));
        });
        AssertGoes(key);
    }

    /// <summary>
    /// A process keyring that is made while threads run belongs to its maker and to threads that start later. The other threads do not
    /// see it, unless all had it before.
    /// </summary>
    [Fact]
    public void A_process_keyring_made_late_is_not_the_whole_processes()
    {
        var early = Keyring.Resolve(KeySerial.ProcessKeyring, create: false) is not null; // left to this thread by a test before
        using var ready = new ManualResetEventSlim();
        using var made = new ManualResetEventSlim();
        KeySerial? seenByOther = default, seenByLater = default;
        var other = new Thread(() =>
        {
            ready.Set();
            made.Wait(TestContext.Current.CancellationToken);
            seenByOther = Keyring.Request("user", Named("sealdisk:late"));
        });
        other.Start();
        ready.Wait(TestContext.Current.CancellationToken);
        var key = default(KeySerial);
        Run(() =>
        {
            key = Keyring.Add("user", Named("sealdisk:late"), "x"u8, KeySerial.ProcessKeyring);
            made.Set();
            other.Join();
            var later = new Thread(() => seenByLater = Keyring.Request("user", Named("sealdisk:late")));
            later.Start();
            later.Join();
            Keyring.Unlink(key, KeySerial.ProcessKeyring);
        });
        Assert.Equal(early ? key : null, seenByOther);
        Assert.Equal(key, seenByLater);
    }

    /// <summary>The keyring that stands in for @s where there is none can be joined by its name.</summary>
    private static KeySerial JoinDefault()
    {
        var theDefault = Keyring.Resolve(KeySerial.UserSessionKeyring, create: true)!.Value;
        Assert.Equal(theDefault, Keyring.JoinSession(Named($"_uid_ses.{CurrentProcess.EffectiveUserId}")));
        return theDefault;
    }

    private static string Child(params string[] wrapper)
    {
        List<string> command = [.. wrapper, Environment.ProcessPath!];
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            command.Add(typeof(SessionKeyringTests).Assembly.Location);
        var start = new ProcessStartInfo(command[0], command[1..]);
        start.Environment[Variable] = "1";
        var result = NativeBinary.Run(start);
        Assert.True(result.Exit == 0, result.Stderr);
        return result.Stdout.Trim();
    }

#pragma warning disable CA2255 // This is no library: it is how the test program becomes the child before its main method runs.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void BecomeTheChild()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
            return;
        Console.WriteLine(Keyring.Session());
        Environment.Exit(0);
    }
}
