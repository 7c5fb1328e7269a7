using System.Text;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// What every trust source promises, tried through the command line on a board with each of the kernel's: OP-TEE, a TPM 2.0 and a TPM 1.2.
/// The soft source and the promises that need no hardware are in the unit tests' class of this name.
/// </summary>
public sealed class KeySourceContractTests
{
    private const string Record = "(sealdisk record show data; sealdisk record show logs)";

    [Fact]
    public void OP_TEE_keeps_the_contract()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(new BootOptions { Disks = Disks(work) });
        KeepsTheContract(machine, "tee", binding: "");
        // OP-TEE's blobs alone show the size of their key.
        Assert.Contains("\"key_size\": 64", machine.Succeed("sealdisk blob inspect /tmp/first --json"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait(BoardNeeded.Trait, "x86-64")]
    public void A_TPM_2_0_keeps_the_contract()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work) with { Disks = Disks(work) });
        KeepsTheContract(machine, "tpm", binding: "81000001 ");
        // A TPM that was cleared is another one for all that it has sealed.
        TpmBoard.Clear(machine);
        Refused(machine, "sealdisk key load foreign --blob /tmp/first --source tpm --keyring @u");
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk check data", "the root key above the key of data");
    }

    [Fact]
    [Trait(BoardNeeded.Trait, "x86-64")]
    public void A_TPM_1_2_keeps_the_contract()
    {
        using var work = new Workplace();
        using var machine = Machine.Boot(TpmBoard.Options(work) with { Disks = Disks(work), Tpm = Tpm12Owner.Take(work["tpm12"]) });
        Tpm12Owner.MakeStorageRootKeyWellKnown(machine);
        KeepsTheContract(machine, "tpm", binding: "");
    }

    private static IReadOnlyList<FileDisk> Disks(Workplace work) => [new(work.Disk("data", 16)), new(work.Disk("logs", 16))];

    private static void KeepsTheContract(Machine machine, string source, string binding)
    {
        machine.Succeed("sealdisk huk new /tmp/huk.hex");
        KeysOnOneLevel(machine, source);
        KeysOnTwoLevels(machine, source, binding);
        Recovery(machine, source);
        Volume.AssertNothingOpen(machine);
    }

    /// <summary>What is made opens; two differ; what was altered, or sealed by another device, is refused, and nothing leaks.</summary>
    private static void KeysOnOneLevel(Machine machine, string source)
    {
        foreach (var name in new[] { "first", "second" })
            machine.Succeed($"sealdisk key new {name} --size 64 --blob /tmp/{name} --source {source} --keyring @u");
        machine.Succeed("keyctl clear @u");
        machine.Succeed($"sealdisk key load first --blob /tmp/first --source {source} --keyring @u");
        // What the kernel unsealed, it seals to the same key: its blob reads back.
        machine.Succeed("keyctl pipe $(keyctl search @u trusted first) > /dev/null && keyctl clear @u");
        var (first, second) = (machine.Succeed("cat /tmp/first"), machine.Succeed("cat /tmp/second"));
        Assert.NotEqual(first, second);

        machine.Put("/tmp/altered", Encoding.ASCII.GetBytes(Altered(first)));
        machine.Put("/tmp/short", Encoding.ASCII.GetBytes(first[..^2]));
        machine.Succeed("sealdisk key new foreign --size 64 --blob /tmp/foreign --source soft --huk /tmp/huk.hex");
        foreach (var blob in new[] { "altered", "short", "foreign" })
        {
            var said = Refused(machine, $"sealdisk key load {blob} --blob /tmp/{blob} --source {source} --keyring @u");
            Assert.DoesNotContain(first[^64..], said, StringComparison.Ordinal);
        }
        Volume.ExitsWith(
            machine, ExitCode.Usage, $"sealdisk key new tiny --size 16 --blob /tmp/tiny --source {source}", "have 32 to 128");
        Assert.Equal("", machine.Succeed("grep trusted /proc/keys || true"));
    }

    /// <summary>
    /// The record says who made the key and what binds it; volumes share the root key alone; sealing again keeps the key.
    /// </summary>
    private static void KeysOnTwoLevels(Machine machine, string source, string binding)
    {
        TwoVolumes.Configure(machine, source, "");
        machine.Succeed("sealdisk up && echo 'of data' > /data/file && echo 'of logs' > /logs/file");
        Assert.Contains(":64:encrypted:sealdisk:data", machine.Succeed("dmsetup table --showkeys data"), StringComparison.Ordinal);
        machine.Succeed("sealdisk down");
        Assert.Equal("key-made=kernel", Only(machine, "key-made"));
        Assert.Equal($"source={source}", Only(machine, "source"));
        Assert.StartsWith($"tpm-parent={binding}", Only(machine, "tpm-parent"), StringComparison.Ordinal);
        Assert.Equal(binding.Length == 0, Only(machine, "tpm-parent") == "tpm-parent=");
        var root = Only(machine, "root-key");
        Assert.Equal("2", machine.Succeed($"{Record} | grep sealed-key= | sort -u | wc -l"));

        machine.Succeed("sealdisk rotate && sealdisk up");
        Assert.Equal("of data\nof logs", machine.Succeed("cat /data/file /logs/file"));
        machine.Succeed("sealdisk down");
        Assert.NotEqual(root, Only(machine, "root-key"));
        Assert.Equal("key-made=kernel", Only(machine, "key-made"));
    }

    /// <summary>A key that is wrapped for a recovery key was in a process once; that key opens it, and the source seals it again.</summary>
    private static void Recovery(Machine machine, string source)
    {
        var line = machine.Succeed("sealdisk recovery new /tmp/recovery.key && sealdisk recovery new /tmp/another.key > /dev/null");
        TwoVolumes.Configure(machine, source, line);
        machine.Succeed("for volume in data logs; do sealdisk erase $volume --yes $volume; done; sealdisk up");
        machine.Succeed("echo 'to recover' > /data/file && sealdisk down");
        Assert.Equal("key-made=process", Only(machine, "key-made"));
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, "sealdisk recover data --key /tmp/another.key");
        machine.Succeed("sealdisk recover data --key /tmp/recovery.key && sealdisk up data");
        Assert.Equal("to recover", machine.Succeed("cat /data/file"));
        machine.Succeed("sealdisk down data");
    }

    /// <summary>The one line that both records have.</summary>
    private static string Only(Machine machine, string field) => machine.Succeed($"{Record} | grep '^  {field}=' | sort -u").Trim();

    private static string Refused(Machine machine, string command) =>
        Volume.ExitsWith(machine, ExitCode.DoesNotOpen, command, "cannot unseal key");

    /// <summary>Another last digit: of the tag, or of what is encrypted.</summary>
    private static string Altered(string blob) => blob[..^1] + (blob[^1] == '0' ? '1' : '0');
}
