using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>Keys on two levels that are wrong: stopped with the right exit code, and nothing written.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class TwoLevelTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_volume_with_an_encrypted_key_comes_up_again(bool detached)
    {
        using var volume = Ready(detached);
        Assert.Equal("encrypted", volume.Json("status").GetProperty("key").GetString());
        volume.Up();
        volume.AssertFileKept();
        volume.Down();
    }

    [Fact]
    public void A_tampered_encrypted_key_does_not_open()
    {
        using var volume = Ready();
        volume.Record.Rewrite(record => record.WithSealedKey(text => Flipped(text, 1)), 0, 1);
        foreach (var verb in (string[])["up", "check"])
            volume.Refused(
                verb,
                ExitCode.DoesNotOpen,
                $"cannot decrypt the key of {volume.Name}: it does not open under its root key",
                "record import");
    }

    /// <summary>The name of the root key is authenticated as the kernel does it.</summary>
    [Fact]
    public void An_encrypted_key_under_a_renamed_root_key_does_not_open()
    {
        using var volume = Ready();
        volume.Record.Rewrite(
            record => record.WithSealedKey(text => text.Replace("sealdisk:root-", "sealdisk:toor-", StringComparison.Ordinal)),
            0,
            1);
        volume.Refused("up", ExitCode.DoesNotOpen, $"cannot decrypt the key of {volume.Name}: it does not open under its root key");
    }

    [Fact]
    public void A_tampered_root_key_does_not_open()
    {
        using var volume = Ready();
        volume.Record.Rewrite(record => record.WithRootKey(text => Flipped(text, 1)), 0, 1);
        foreach (var verb in (string[])["up", "check"])
            volume.Refused(
                verb,
                ExitCode.DoesNotOpen,
                $"cannot unseal the root key above the key of {volume.Name}: it does not open with this device's key",
                "another HUK");
    }

    [Fact]
    public void Another_device_does_not_open_the_root_key()
    {
        using var volume = Ready();
        volume.NewHuk("huk.hex");
        foreach (var verb in (string[])["up", "check", "rotate"])
            volume.Refused(verb, ExitCode.DoesNotOpen, $"cannot unseal the root key above the key of {volume.Name}");
    }

    [Fact]
    public void The_root_key_of_another_volume_does_not_open()
    {
        using var volume = Ready();
        using var other = Ready();
        File.Copy(volume["huk.hex"], other["huk.hex"], overwrite: true);
        var foreign = other.Record.Read(0).RootKey()!;
        volume.Record.Rewrite(record => record.WithRootKey(foreign), 0, 1);
        volume.Refused("up", ExitCode.DoesNotOpen, "cannot unseal the root key above");
    }

    /// <summary>A key on two levels whose record has no line for the root key: damaged, as any record with a line missing.</summary>
    [Fact]
    public void A_record_that_lacks_its_root_key_is_damaged()
    {
        using var volume = Ready();
        var file = volume.Record;
        foreach (var copy in (int[])[0, 1])
        {
            var block = file[copy];
            var length = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(12));
            var body = Encoding.UTF8.GetString(block, 64, length);
            var lines = body.Split('\n').Where(line => !line.StartsWith("root-key=", StringComparison.Ordinal));
            var shorter = Encoding.UTF8.GetBytes(string.Join('\n', lines));
            block.AsSpan(64).Clear();
            shorter.CopyTo(block, 64);
            BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(12), shorter.Length);
            block.AsSpan(32, 32).Clear();
            SHA256.HashData(block).CopyTo(block, 32);
            file[copy] = block;
        }
        foreach (var verb in (string[])["up", "check", "rotate"])
            volume.Refused(
                verb,
                ExitCode.Refused,
                $"cannot bring up {volume.Name}: its record is damaged: copy A is bad: the body does not have 28 lines",
                "record import");
    }

    /// <summary>A second volume is not given a root key that does not open, nor quietly one of its own.</summary>
    [Fact]
    public void A_second_volume_is_not_made_under_a_tampered_root_key()
    {
        using var volume = Ready();
        var whole = volume.Record.Read(0);
        volume.Add(volume.Name + "b", ("device", volume["second"]), ("size", "8MiB"), ("key", "encrypted"));
        volume.Record.Rewrite(record => record.WithRootKey(text => Flipped(text, 1)), 0, 1);
        var result = volume.Run("up", volume.Name + "b");
        TestVolume.AssertFailure(
            result,
            ExitCode.DoesNotOpen,
            $"cannot unseal the root key above the key of {volume.Name}b, which is to be under that of {volume.Name}");
        Assert.Equal("new", StateOf(volume, 1));

        // The first copy is enough to share; and a volume whose source differs shares nothing.
        volume.Record.Rewrite(_ => whole, 0, 1);
        volume.Record.Spoil(1);
        TestVolume.Done(volume.Run("up", volume.Name + "b"));
        TestVolume.Done(volume.Run("down", volume.Name + "b"));
        Assert.Equal(volume.Record.Read(0).RootKey(), new RecordFile(volume["second"], isHeader: true).Read(0).RootKey());
        Assert.NotEqual(volume.Record.Read(0).Key.Text, new RecordFile(volume["second"], isHeader: true).Read(0).Key.Text);
    }

    [Fact]
    public void A_configured_key_kind_that_contradicts_the_record_is_refused()
    {
        using var volume = Ready();
        volume.Change("key", "trusted");
        volume.Refused(
            "up",
            ExitCode.Refused,
            $"cannot bring up {volume.Name}: the configuration says key trusted, its record says encrypted",
            "correct the configuration");
    }

    [Fact]
    public void A_rotation_changes_only_the_seal()
    {
        using var volume = Ready();
        var (before, data) = (volume.Record.Read(0), File.ReadAllBytes(volume.Image)[TestVolume.MiB..]);
        TestVolume.Done(volume.Run("rotate"));
        volume.AssertNothingOpen();
        var after = volume.Record.Read(0);
        Assert.Equal(after, volume.Record.Read(1));
        Assert.Equal(before with { Generation = before.Generation + 1, Key = after.Key }, after);
        Assert.NotEqual((before.RootKey(), before.Key.RootKeyName), (after.RootKey(), after.Key.RootKeyName));
        Assert.Equal(data, File.ReadAllBytes(volume.Image)[TestVolume.MiB..]);
        volume.Up();
        volume.AssertFileKept();
        volume.Down();
    }

    [Fact]
    public void A_rotation_seals_a_trusted_key_of_the_soft_source_again()
    {
        using var volume = TestVolume.Ready();
        var before = volume.Record.Read(0);
        TestVolume.Done(volume.Run("rotate"));
        var after = volume.Record.Read(0);
        Assert.NotEqual(before.Key.Text, after.Key.Text);
        Assert.Equal(before with { Generation = before.Generation + 1, Key = after.Key }, after);
        volume.Up();
        volume.AssertFileKept();
        TestVolume.AssertFailure(
            volume.Run("rotate"),
            ExitCode.Failed,
            $"cannot rotate {volume.Name}: the volume is in use, mounted on {volume.Mount} (EBUSY)",
            $"sealdisk down {volume.Name}");
        volume.Down();
        Assert.Equal(after, volume.Record.Read(0));
    }

    [Fact]
    public void A_volume_in_use_or_without_a_first_boot_is_not_rotated()
    {
        using var volume = TestVolume.With(("key", "encrypted"));
        volume.Refused("rotate", ExitCode.Failed, $"cannot rotate {volume.Name}: {volume.Image} does not exist (ENOENT)");
        File.WriteAllBytes(volume.Image, new byte[8 * TestVolume.MiB]);
        volume.Refused(
            "rotate",
            ExitCode.Failed,
            $"cannot rotate {volume.Name}: it has not had its first boot yet",
            $"sealdisk up {volume.Name}");
    }

    private static TestVolume Ready(bool detached = false)
    {
        var volume = TestVolume.With(("key", "encrypted"));
        if (detached)
            volume.Change("record", volume["record"]);
        volume.FirstBoot();
        return volume;
    }

    private static string StateOf(TestVolume volume, int index) =>
        System.Text.Json.JsonDocument.Parse(volume.Run("status", "--json").Stdout)
            .RootElement.GetProperty("volumes")[index].GetProperty("state").GetString()!;

    private static string Flipped(string text, int fromEnd) =>
        text[..^fromEnd] + (text[^fromEnd] == '0' ? '1' : '0') + text[(text.Length - fromEnd + 1)..];
}
