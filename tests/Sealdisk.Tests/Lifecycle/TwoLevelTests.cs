using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>Keys on two levels that are wrong: stopped with the right exit code, and nothing written.</summary>
[Trait("needs", "native"), Collection(DevicesCollection.Name)]
public sealed class TwoLevelTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_volume_lives_as_any_other(bool detached)
    {
        using var bed = Ready(detached);
        Assert.Equal("encrypted", bed.Json("status").GetProperty("key").GetString());
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        bed.Down();
    }

    [Fact]
    public void A_tampered_encrypted_key()
    {
        using var bed = Ready();
        Record(bed).Rewrite(record => record with { SealedKey = Flipped(record.SealedKey, 1) }, 0, 1);
        foreach (var verb in (string[])["up", "check"])
            bed.Refused(verb, ExitCode.DoesNotOpen, $"cannot decrypt the key of {bed.Name}: it does not open under its root key", "record import");
    }

    /// <summary>The name of the root key is authenticated as the kernel does it.</summary>
    [Fact]
    public void A_renamed_root_key()
    {
        using var bed = Ready();
        Record(bed).Rewrite(record => record with { SealedKey = record.SealedKey.Replace("sealdisk:root-", "sealdisk:toor-", StringComparison.Ordinal) }, 0, 1);
        bed.Refused("up", ExitCode.DoesNotOpen, $"cannot decrypt the key of {bed.Name}: it does not open under its root key");
    }

    [Fact]
    public void A_tampered_root_key()
    {
        using var bed = Ready();
        Record(bed).Rewrite(record => record with { RootKey = Flipped(record.RootKey!, 1) }, 0, 1);
        foreach (var verb in (string[])["up", "check"])
            bed.Refused(verb, ExitCode.DoesNotOpen, $"cannot unseal the root key above the key of {bed.Name}: it does not open with this device's key", "another HUK");
    }

    [Fact]
    public void Another_device()
    {
        using var bed = Ready();
        bed.NewHuk("huk.hex");
        foreach (var verb in (string[])["up", "check", "rotate"])
            bed.Refused(verb, ExitCode.DoesNotOpen, $"cannot unseal the root key above the key of {bed.Name}");
    }

    [Fact]
    public void The_root_key_of_another_volume()
    {
        using var bed = Ready();
        using var other = Ready();
        File.Copy(bed["huk.hex"], other["huk.hex"], overwrite: true);
        var foreign = Record(other).Record(0).RootKey;
        Record(bed).Rewrite(record => record with { RootKey = foreign }, 0, 1);
        bed.Refused("up", ExitCode.DoesNotOpen, "cannot unseal the root key above");
    }

    /// <summary>A record of the second format without its last line is no record: damaged, as any record with a line missing.</summary>
    [Fact]
    public void A_missing_root_key()
    {
        using var bed = Ready();
        var file = Record(bed);
        foreach (var copy in (int[])[0, 1])
        {
            var block = file[copy];
            var length = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(12));
            var body = Encoding.UTF8.GetString(block, 64, length);
            var shorter = Encoding.UTF8.GetBytes(body[..(body.IndexOf("root-key=", StringComparison.Ordinal))]);
            block.AsSpan(64).Clear();
            shorter.CopyTo(block, 64);
            BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(12), shorter.Length);
            block.AsSpan(32, 32).Clear();
            SHA256.HashData(block).CopyTo(block, 32);
            file[copy] = block;
        }
        foreach (var verb in (string[])["up", "check", "rotate"])
            bed.Refused(verb, ExitCode.Refused, $"cannot bring up {bed.Name}: its record is damaged: copy A is bad: the body does not have 17 lines", "record import");
    }

    /// <summary>A second volume is not given a root key that does not open, nor quietly one of its own.</summary>
    [Fact]
    public void A_second_volume_under_a_tampered_root_key()
    {
        using var bed = Ready();
        var whole = Record(bed).Record(0);
        bed.Add(bed.Name + "b", ("device", bed["second"]), ("size", "8MiB"), ("key", "encrypted"));
        Record(bed).Rewrite(record => record with { RootKey = Flipped(record.RootKey!, 1) }, 0, 1);
        var result = bed.Run("up", bed.Name + "b");
        Bed.AssertFailure(result, ExitCode.DoesNotOpen, $"cannot unseal the root key above the key of {bed.Name}b, which is to be under that of {bed.Name}");
        Assert.Equal("new", StateOf(bed, 1));

        // The first copy is enough to share; and a volume whose source differs shares nothing.
        Record(bed).Rewrite(_ => whole, 0, 1);
        Record(bed).Spoil(1);
        Bed.Done(bed.Run("up", bed.Name + "b"));
        Bed.Done(bed.Run("down", bed.Name + "b"));
        Assert.Equal(Record(bed).Record(0).RootKey, new RecordFile(bed["second"], isHeader: true).Record(0).RootKey);
        Assert.NotEqual(Record(bed).Record(0).SealedKey, new RecordFile(bed["second"], isHeader: true).Record(0).SealedKey);
    }

    [Fact]
    public void The_configuration_must_agree()
    {
        using var bed = Ready();
        bed.Change("key", "trusted");
        bed.Refused("up", ExitCode.Refused, $"cannot bring up {bed.Name}: the configuration says key trusted, its record says encrypted", "correct the configuration");
    }

    [Fact]
    public void A_rotation_changes_the_seal_and_nothing_else()
    {
        using var bed = Ready();
        var (before, data) = (Record(bed).Record(0), File.ReadAllBytes(bed.Image)[Bed.MiB..]);
        Bed.Done(bed.Run("rotate"));
        bed.AssertNothingOpen();
        var after = Record(bed).Record(0);
        Assert.Equal(after, Record(bed).Record(1));
        Assert.Equal(before with { Generation = before.Generation + 1, RootKey = after.RootKey, SealedKey = after.SealedKey }, after);
        Assert.NotEqual((before.RootKey, before.RootKeyName), (after.RootKey, after.RootKeyName));
        Assert.Equal(data, File.ReadAllBytes(bed.Image)[Bed.MiB..]);
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        bed.Down();
    }

    [Fact]
    public void A_trusted_key_of_the_soft_source_gets_a_new_seal()
    {
        using var bed = Bed.Ready();
        var before = Record(bed).Record(0);
        Bed.Done(bed.Run("rotate"));
        var after = Record(bed).Record(0);
        Assert.NotEqual(before.SealedKey, after.SealedKey);
        Assert.Equal(before with { Generation = before.Generation + 1, SealedKey = after.SealedKey }, after);
        bed.Up();
        Assert.Equal("the file of the first boot", File.ReadAllText(bed.File1));
        Bed.AssertFailure(bed.Run("rotate"), ExitCode.Failed, $"cannot rotate {bed.Name}: the volume is in use, mounted on {bed.Mount} (EBUSY)", $"sealdisk down {bed.Name}");
        bed.Down();
        Assert.Equal(after, Record(bed).Record(0));
    }

    [Fact]
    public void Nothing_to_rotate()
    {
        using var bed = Bed.With(("key", "encrypted"));
        bed.Refused("rotate", ExitCode.Failed, $"cannot rotate {bed.Name}: {bed.Image} does not exist (ENOENT)");
        File.WriteAllBytes(bed.Image, new byte[8 * Bed.MiB]);
        bed.Refused("rotate", ExitCode.Failed, $"cannot rotate {bed.Name}: it has not had its first boot yet", $"sealdisk up {bed.Name}");
    }

    private static Bed Ready(bool detached = false)
    {
        var bed = Bed.With(("key", "encrypted"));
        if (detached)
            bed.Change("record", bed["record"]);
        bed.Up();
        File.WriteAllText(bed.File1, "the file of the first boot");
        bed.Down();
        return bed;
    }

    private static RecordFile Record(Bed bed) => new(bed.Image, isHeader: true);

    private static string StateOf(Bed bed, int volume) =>
        System.Text.Json.JsonDocument.Parse(bed.Run("status", "--json").Stdout).RootElement.GetProperty("volumes")[volume].GetProperty("state").GetString()!;

    private static string Flipped(string text, int fromEnd) => text[..^fromEnd] + (text[^fromEnd] == '0' ? '1' : '0') + text[(text.Length - fromEnd + 1)..];
}
