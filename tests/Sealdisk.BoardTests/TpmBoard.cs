using System.Globalization;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>Boards with a TPM, and what a test does to one behind Sealdisk's back.</summary>
internal static class TpmBoard
{
    /// <summary>A board with that TPM, one volume on /dev/vda.</summary>
    public static BootOptions Options(Workplace work, string tpm = "tpm") => new()
    {
        Board = BoardImage.X64,
        Tpm = new Tpm(work[tpm]),
        Disks = [new FileDisk(File.Exists(work["volume"]) ? work["volume"] : work.Disk("volume", 8))],
    };

    public static void Configure(Machine machine, params (string Key, string Value)[] settings) =>
        Volume.Configure(machine, [("source", "\"tpm\""), .. settings]);

    /// <summary>TPM2_Clear, with the lockout hierarchy's empty password: what an owner does who gives a machine away.</summary>
    public static void Clear(Machine machine) => Succeed(machine, "8002 0000001b 00000126 4000000a 00000009 40000009 0000 00 0000");

    /// <summary>TPM2_EvictControl of a persistent object.</summary>
    public static void Evict(Machine machine, uint handle) =>
        Succeed(machine, $"8002 00000023 00000120 40000001 {handle:x8} 00000009 40000009 0000 00 0000 {handle:x8}");

    /// <summary>TPM2_PCR_Extend of a PCR's SHA-256 bank, as a changed firmware or kernel would.</summary>
    public static void Extend(Machine machine, int pcr) =>
        Succeed(
            machine,
            $"8002 00000041 00000182 {pcr:x8} 00000009 40000009 0000 00 0000 00000001 000b {string.Concat(Enumerable.Repeat("5a", 32))}");

    /// <summary>The persistent handles: TPM2_GetCapability of TPM_CAP_HANDLES from 0x81000000.</summary>
    public static uint[] Persistent(Machine machine) => Handles(machine, 0x81000000);

    /// <summary>What is loaded in the TPM itself: transient objects and sessions.</summary>
    public static uint[] Loaded(Machine machine) =>
        [.. Handles(machine, 0x80000000), .. Handles(machine, 0x02000000), .. Handles(machine, 0x03000000)];

    /// <summary>Sends a command, hex text, to the TPM itself; the reply, hex text.</summary>
    public static string Send(Machine machine, string command) => machine.Succeed(Sending(command));

    /// <summary>
    /// The same for a command that changes nothing, which is sent again where the kernel gave up waiting for the reply: it
    /// waits for less than a second, and on a machine that is busy with other things a TPM in software may not have run in all that time.
    /// </summary>
    private static string Ask(Machine machine, string command)
    {
        for (var tries = 1; tries < 5 && machine.Run(Sending(command)) is var answer; tries++)
        {
            if (answer.ExitCode == 0)
                return answer.Output;
            Assert.Contains("I/O error", answer.Error, StringComparison.Ordinal);
        }
        return Send(machine, command);
    }

    private static string Sending(string command)
    {
        var bytes = string.Concat(
            Convert.FromHexString(command.Replace(" ", "", StringComparison.Ordinal)).Select(
                value => $"\\{Convert.ToString(value, 8).PadLeft(3, '0')}"));
        return $"exec 3<>/dev/tpm0 && printf '{bytes}' >&3 && dd bs=4096 count=1 <&3 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'";
    }

    private static uint[] Handles(Machine machine, uint first)
    {
        // tag, size, code; moreData, capability, count, handles
        var reply = Checked(Ask(machine, $"8001 00000016 0000017a 00000001 {first:x8} 000000fe"));
        return [.. Enumerable.Range(0, Hex(30, 8)).Select(i => (uint)Hex(38 + 8 * i, 8))];

        int Hex(int at, int length) => int.Parse(reply.AsSpan(at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static void Succeed(Machine machine, string command) => Checked(Send(machine, command));

    private static string Checked(string reply)
    {
        Assert.True(reply.Length >= 20 && reply.AsSpan(12, 8) is "00000000", $"the TPM answered {reply}");
        return reply;
    }
}
