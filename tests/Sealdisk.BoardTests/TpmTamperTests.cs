using Sealdisk.Board;
using Sealdisk.Tests.Support;
using Sealdisk.Volumes.Records;

namespace Sealdisk.BoardTests;

/// <summary>
/// One bit of what a record holds is another, in both copies and with right checksums, as somebody does who knows the format.
/// </summary>
[Trait(BoardNeeded.Trait, "x86-64")]
public sealed class TpmTamperTests
{
    [Fact]
    public void A_trusted_key_with_a_flipped_bit_does_not_open()
    {
        using var work = new Workplace();
        var (options, good) = FirstBoot(work, "trusted");
        // The end of the sealed blob, its middle, and its public part.
        foreach (var back in new[] { 1, 100, good.Key.Text.Length / 2 })
            Refused(work, options, "trusted", good.WithSealedKey(text => Flipped(text, back)), "cannot unseal the key of data");
        Whole(work, options, "trusted", good);
    }

    [Fact]
    public void An_encrypted_key_or_root_key_with_a_flipped_bit_does_not_open()
    {
        using var work = new Workplace();
        var (options, good) = FirstBoot(work, "encrypted");
        foreach (var back in new[] { 1, good.RootKey()!.Length / 2 })
            Refused(
                work, options, "encrypted", good.WithRootKey(text => Flipped(text, back)),
                "cannot unseal the root key above the key of data");
        // The MAC, the ciphertext, the IV; and the name of the root key, which is authenticated too.
        foreach (var back in new[] { 1, 100, 220 })
            Refused(
                work, options, "encrypted", good.WithSealedKey(text => Flipped(text, back)),
                "cannot decrypt the key of data: it does not open under its root key (EINVAL)");
        Refused(
            work, options, "encrypted",
            good.WithSealedKey(text => text.Replace("sealdisk:root-", "sealdisk:toor-", StringComparison.Ordinal)),
            "it does not open under its root key (EINVAL)");
        Whole(work, options, "encrypted", good);
    }

    private static (BootOptions Options, VolumeRecord Record) FirstBoot(Workplace work, string key)
    {
        var options = TpmBoard.Options(work);
        using var machine = Machine.Boot(options);
        TpmBoard.Configure(machine, ("key", $"\"{key}\""));
        machine.Succeed("sealdisk up && echo whole > /data/file && sealdisk down");
        machine.PowerOff();
        return (
            options,
            Assert.IsType<CopyReading.Valid>(
                RecordFormat.Read(File.ReadAllBytes(work["volume"]).AsSpan(0, RecordFormat.BlockSize))).Record);
    }

    private static void Refused(Workplace work, BootOptions options, string key, VolumeRecord tampered, string words)
    {
        Write(work["volume"], tampered);
        using var machine = Machine.Boot(options);
        TpmBoard.Configure(machine, ("key", $"\"{key}\""));
        var before = Volume.Hash(machine, "/dev/vda");
        foreach (var verb in new[] { "up", "check", key == "encrypted" ? "rotate" : "up" })
            Assert.DoesNotContain(
                "another TPM", Volume.ExitsWith(machine, ExitCode.DoesNotOpen, $"sealdisk {verb}", words, "hint:"),
                StringComparison.Ordinal);
        Assert.Equal(before, Volume.Hash(machine, "/dev/vda"));
        Assert.Empty(TpmBoard.Loaded(machine));
        Volume.AssertNothingOpen(machine);
        machine.PowerOff();
    }

    /// <summary>With the record of before it opens: nothing else was wrong, and nothing was locked by the tries.</summary>
    private static void Whole(Workplace work, BootOptions options, string key, VolumeRecord record)
    {
        Write(work["volume"], record);
        using var machine = Machine.Boot(options);
        TpmBoard.Configure(machine, ("key", $"\"{key}\""));
        machine.Succeed("sealdisk up");
        Assert.Equal("whole", machine.Succeed("cat /data/file"));
        machine.Succeed("sealdisk down");
    }

    private static void Write(string disk, VolumeRecord record)
    {
        var block = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(record, block);
        using var file = File.OpenHandle(disk, FileMode.Open, FileAccess.Write);
        foreach (var at in new[] { 0, 524288 })
            RandomAccess.Write(file, block, at);
    }

    /// <summary>The lowest bit of one hex digit, counted from the end.</summary>
    private static string Flipped(string text, int back)
    {
        var digit = "0123456789abcdef"["0123456789abcdef".IndexOf(text[^back], StringComparison.Ordinal) ^ 1];
        return string.Concat(text.AsSpan(0, text.Length - back), [digit], text.AsSpan(text.Length - back + 1));
    }
}
