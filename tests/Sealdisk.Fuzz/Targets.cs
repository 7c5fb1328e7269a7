using System.Text;
using Sealdisk.Audit.Blobs;
using Sealdisk.Audit.Device;
using Sealdisk.Audit.Fleet;
using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.OpTee;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Filesystems;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Fuzz;

/// <summary>Everything that reads what Sealdisk did not write a moment ago.</summary>
internal static class Targets
{
    private static readonly HukOracle Oracle = MakeOracle();
    private static readonly FleetLine Fleet = new(
        Oracle, new CloneFilter(), new VerdictWriter(FileDescriptor.Open("/dev/null", OpenFlags.Write)));

    public static readonly Target[] All =
    [
        new(
            "config", input => SealdiskConfiguration.Parse(Encoding.UTF8.GetString(input), "fuzz.toml", Checks.Requirable),
            typeof(ConfigurationException)),
        new("baseline", input => Baseline.Parse(Encoding.UTF8.GetString(input), "fuzz.toml"), typeof(ConfigurationException)),
        new("cipher", input => CipherSpec.Parse(Encoding.UTF8.GetString(input)), typeof(CipherSpecException)),
        new("record", input => RecordFormat.Read(input)),
        new("record-body", ReadBody),
        new("encrypted-key", ReadEncryptedKey),
        new("recovery-key", input => RecoveryKey.ParsePublic(Encoding.UTF8.GetString(input), out _)),
        new("blob-text", input => BlobText.Parse(input), typeof(BlobTextException)),
        new("blob", input => BlobAudit.Of(Oracle, input)),
        new("huk-text", input => HukText.Parse(input, new byte[HukText.MaxBytes]), typeof(HukTextException)),
        new("candidates", ReadCandidates, typeof(HukTextException)),
        new("ndjson", ReadLines),
        new("superblock", ReadSuperblocks),
        new("dm-status", ReadReply, typeof(LinuxException)),
        new("dm-table", input => CryptTable.Parse(Encoding.UTF8.GetString(input))),
        new("key-description", input => KeyStatus.TryParse(Encoding.UTF8.GetString(input))),
        new("mountinfo", input => MountEntry.Parse(Encoding.UTF8.GetString(input)), typeof(FormatException)),
        new("serve-request", input => ServeRequest.Parse(input), typeof(FormatException)),
        new("fuse", FuseRequests.Serve),
    ];

    /// <summary>
    /// A mistake that is known, to see that it is found: an eight-byte word, each letter of which is a branch of its own.
    /// Without being led there, nobody guesses it.
    /// </summary>
    public static readonly Target Planted = new("planted", input =>
    {
        var letter = 0;
        for (; letter < Word.Length && letter < input.Length && input[letter] == Word[letter]; letter++)
            Coverage.Count(letter);
        if (letter == Word.Length)
            throw new InvalidOperationException("the planted mistake");
    });

    private static ReadOnlySpan<byte> Word => "SEALDISK"u8;

    private static HukOracle MakeOracle()
    {
        var oracle = new HukOracle();
        PublicHuks.AddConstants(oracle);
        return oracle;
    }

    private static void ReadSuperblocks(byte[] input)
    {
        var start = new byte[Superblock.Window];
        input.AsSpan(0, Math.Min(input.Length, start.Length)).CopyTo(start);
        foreach (var type in FilesystemType.All)
            type.ReadSuperblock(start);
    }

    /// <summary>Each record has one form: what is read is written as it was.</summary>
    private static void ReadBody(byte[] input)
    {
        if (RecordBody.Read(input, 1) is not CopyReading.Valid valid)
            return;
        var back = new byte[RecordFormat.MaxBody];
        var length = RecordBody.Write(valid.Record, back);
        if (!back.AsSpan(0, length).SequenceEqual(input))
            throw new InvalidOperationException("a record that is read is not written as it was");
    }

    /// <summary>Whatever it is read as, one of its text forms is read as the same.</summary>
    private static void ReadEncryptedKey(byte[] input)
    {
        var read = EncryptedKeyText.Parse(Encoding.UTF8.GetString(input), out _);
        if (read is { } text && EncryptedKeyText.Parse(text.ToString(), out _)?.ToString() != text.ToString())
            throw new InvalidOperationException("an encrypted key that is read does not read back");
    }

    private static void ReadCandidates(byte[] input)
    {
        using var oracle = new HukOracle();
        CandidateFile.AddTo(oracle, input);
    }

    private static void ReadLines(byte[] input)
    {
        foreach (var range in input.AsSpan().Split((byte)'\n'))
            Fleet.Judge(input.AsSpan()[range]);
    }

    /// <summary>
    /// A head of its own size at least, as the kernel's is, and after it whatever there is. The first byte decides what is
    /// asked.
    /// </summary>
    private static void ReadReply(byte[] input)
    {
        var buffer = new byte[Math.Max(input.Length, 512)];
        input.CopyTo(buffer, 0);
        var reply = new DmReply(buffer, "ask", "fuzz");
        switch (input.Length == 0 ? 0 : input[0] % 6)
        {
            case 0:
                reply.Targets();
                break;
            case 1:
                reply.Names();
                break;
            case 2:
                reply.Versions();
                break;
            case 3:
                reply.Dependencies();
                break;
            case 4:
                reply.Answer();
                break;
            default:
                reply.Device();
                break;
        }
    }
}
