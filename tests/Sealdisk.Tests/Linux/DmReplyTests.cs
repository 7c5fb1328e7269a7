using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

/// <summary>Replies as drivers/md/dm-ioctl.c lays them out, and inconsistent replies.</summary>
public sealed class DmReplyTests
{
    private static readonly Gen<string> Name = Gen.Char.AlphaNumeric.Array[1, 127].Select(c => new string(c));

    [Fact]
    public void A_mapping_is_read_field_by_field()
    {
        var reply = Reply([], flags: DmFlags.DM_READONLY | DmFlags.DM_ACTIVE_PRESENT, count: 3);
        BinaryPrimitives.WriteInt32LittleEndian(reply.AsSpan(24), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(32), 9);
        BinaryPrimitives.WriteUInt64LittleEndian(reply.AsSpan(40), 0x10_FE05); // new_encode_dev(254, 0x105)
        "data"u8.CopyTo(reply.AsSpan(48));
        "SEALDISK-1"u8.CopyTo(reply.AsSpan(176));
        Assert.Equal(
            new DmDevice(
                DmName.Parse("data"), "SEALDISK-1", new DeviceNumber(254, 0x105), 2, 9, 3,
                ReadOnly: true, Suspended: false, HasActiveTable: true, HasInactiveTable: false, DeferredRemove: false),
            new DmReply(reply, "look at", "data").Device());

        reply = Reply([], flags: DmFlags.DM_SUSPEND | DmFlags.DM_INACTIVE_PRESENT | DmFlags.DM_DEFERRED_REMOVE);
        Assert.Equal(
            new DmDevice(
                DmName.Reported(""), null, new DeviceNumber(0, 0), 0, 0, 0,
                ReadOnly: false, Suspended: true, HasActiveTable: false, HasInactiveTable: true, DeferredRemove: true),
            new DmReply(reply, "look at", "data").Device());
    }

    [Fact]
    public void Any_table_is_read_back() => DmRequestTests.Target.Array[0, 20].Sample(targets =>
        Assert.Equal(targets, new DmReply(Table(targets), "read", "data").Targets()));

    [Fact]
    public void A_table_may_end_on_any_alignment()
    {
        for (var length = 0; length < 16; length++)
        {
            DmTarget[] targets = [Target(0, "linear", new string('p', length)), Target(1, "linear", new string('q', length))];
            Assert.Equal(targets, new DmReply(Table(targets), "read", "data").Targets());
        }
    }

    [Theory]
    [InlineData("crypt", "aes-xts-plain64 0123456789abcdef 0 7:0 0", "aes-xts-plain64 0000000000000000 0 7:0 0")]
    [InlineData("crypt", "capi:xts(aes)-plain64 FFFF 0 7:0 0 1 allow_discards", "capi:xts(aes)-plain64 0000 0 7:0 0 1 allow_discards")]
    [InlineData("crypt", "aes-xts-plain64 :64:logon:sealdisk:data 0 7:0 0", "aes-xts-plain64 :64:logon:sealdisk:data 0 7:0 0")]
    [InlineData("crypt", "cipher_null-ecb - 0 7:0 0", "cipher_null-ecb - 0 7:0 0")]
    [InlineData("crypt", "aes-xts-plain64 feed", "aes-xts-plain64 0000")]
    [InlineData("crypt", "aes-xts-plain64", "aes-xts-plain64")]
    [InlineData("crypt", "", "")]
    [InlineData("linear", "7:0 2048", "7:0 2048")]
    public void A_key_in_a_table_is_not_shown(string type, string parameters, string shown)
    {
        var reply = Table([Target(0, type, parameters)]);
        Assert.Equal(shown, Assert.Single(new DmReply(reply, "read", "data").Targets()).Parameters);
        if (shown != parameters)
            Assert.True(reply.AsSpan().IndexOf(Encoding.ASCII.GetBytes(parameters)) < 0, "the key is still in the buffer");
    }

    [Fact]
    public void Any_list_of_names_is_read_back() => Gen.Select(Name, Gen.UInt[1, 4095], Gen.UInt[0, 0xFFFFF]).Array[0, 20].Sample(devices =>
    {
        var expected = devices.Select(device => (DmName.Parse(device.Item1), new DeviceNumber(device.Item2, device.Item3))).ToArray();
        Assert.Equal(expected, new DmReply(List(expected), "list", "data").Names());
    });

    [Fact]
    public void No_mappings_are_an_empty_list()
    {
        Assert.Empty(new DmReply(Reply([]), "list", "data").Names());
        Assert.Empty(new DmReply(Reply(new byte[8]), "list", "data").Names());
        Assert.Empty(new DmReply(Reply(new byte[24]), "list", "data").Names());
    }

    [Fact]
    public void Any_list_of_targets_is_read_back() => Gen.Select(Name, Gen.UInt, Gen.UInt, Gen.UInt).Array[0, 20].Sample(targets =>
    {
        var expected = targets.DistinctBy(target => target.Item1)
            .ToDictionary(target => target.Item1, target => new DmVersion(target.Item2, target.Item3, target.Item4));
        Assert.Equal(expected, new DmReply(Versions(expected), "list", "data").Versions());
    });

    [Fact]
    public void Dependencies_are_read_and_their_count_is_checked()
    {
        Assert.Empty(new DmReply(Reply([]), "list", "data").Dependencies());
        byte[] two = [2, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x07, 0, 0, 0, 0, 0, 0, 0x11, 0x08, 0, 0, 0, 0, 0, 0];
        Assert.Equal([new DeviceNumber(7, 0), new DeviceNumber(8, 17)], new DmReply(Reply(two), "list", "data").Dependencies());
        two[0] = 3;
        Assert.Equal(Errno.EPROTO, KeyringThread.Refusal(() => new DmReply(Reply(two), "list", "data").Dependencies()));
        two[0] = 1;
        Assert.Equal([new DeviceNumber(7, 0)], new DmReply(Reply(two), "list", "data").Dependencies());
    }

    [Fact]
    public void An_answer_needs_its_flag_and_a_NUL()
    {
        Assert.Null(new DmReply(Reply("text\0"u8), "send", "data").Answer());
        Assert.Equal("text", new DmReply(Reply("text\0"u8, DmFlags.DM_DATA_OUT), "send", "data").Answer());
        var unterminated = Reply("text"u8, DmFlags.DM_DATA_OUT, room: 0);
        Assert.Equal(Errno.EPROTO, KeyringThread.Refusal(() => new DmReply(unterminated, "send", "data").Answer()));
    }

    [Theory]
    [InlineData(12, 10_000u)] // data_size past the buffer
    [InlineData(12, uint.MaxValue)]
    [InlineData(16, 0u)] // data_start inside the head
    [InlineData(16, 311u)]
    [InlineData(16, 313u)] // unaligned
    [InlineData(20, 3u)] // one target too many
    [InlineData(20, uint.MaxValue)]
    [InlineData(312 + 20, 0u)] // next: the same again
    [InlineData(312 + 20, 39u)] // inside itself
    [InlineData(312 + 20, 9_999u)]
    [InlineData(312 + 20, uint.MaxValue)]
    public void An_inconsistent_table_is_refused(int offset, uint value)
    {
        var reply = Table([Target(0, "linear", "7:0 0"), Target(1, "linear", "7:0 1")]);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(offset), value);
        Assert.Equal(Errno.EPROTO, KeyringThread.Refusal(() => new DmReply(reply, "read", "data").Targets()));
    }

    [Theory]
    [InlineData(4u)] // inside itself
    [InlineData(12u)]
    [InlineData(20u)] // unaligned
    [InlineData(48u)] // the end of the list
    [InlineData(uint.MaxValue)]
    public void An_inconsistent_list_is_refused(uint next)
    {
        var reply = List([(DmName.Parse("one"), new DeviceNumber(254, 0)), (DmName.Parse("two"), new DeviceNumber(254, 1))]);
        Assert.Equal(48u + 312u, BinaryPrimitives.ReadUInt32LittleEndian(reply.AsSpan(12)));
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(312 + 8), next);
        Assert.Equal(Errno.EPROTO, KeyringThread.Refusal(() => new DmReply(reply, "list", "data").Names()));
    }

    /// <summary>Whatever the buffer holds, reading it ends with an answer or with EPROTO.</summary>
    [Fact]
    public void Damage_is_noticed_or_harmless()
    {
        var table = Table([Target(0, "crypt", "aes-xts-plain64 00 0 7:0 0"), Target(1, "linear", "7:0 1"), Target(2, "zero", "")]);
        var list = List(
        [
            (DmName.Parse("one"), new DeviceNumber(254, 0)),
            (DmName.Parse("two"), new DeviceNumber(254, 1)),
            (DmName.Parse("three"), new DeviceNumber(254, 2)),
        ]);
        var versions = Versions(new Dictionary<string, DmVersion> { ["crypt"] = new(1, 2, 3), ["linear"] = new(4, 5, 6) });
        var damage = Gen.Select(Gen.OneOf(Gen.Int[12, 24], Gen.Int[28, 32], Gen.Int[48, 470]), Gen.Byte).Array[1, 6];
        Gen.Select(Gen.Int[0, 2].Select(i => i switch { 0 => table, 1 => list, _ => versions }), damage).Sample((reply, changes) =>
        {
            reply = [.. reply];
            foreach (var (offset, value) in changes)
                reply[Math.Min(offset, reply.Length - 1)] = value;
            Try(reply, r => _ = r.Targets());
            Try(reply, r => _ = r.Names());
            Try(reply, r => _ = r.Versions());
            Try(reply, r => _ = r.Dependencies());
            Try(reply, r => _ = r.Answer());
            Try(reply, r => _ = r.Device());
        }, iter: 3_000);
    }

    /// <summary>A line that serves one sector.</summary>
    private static DmTarget Target(ulong start, string type, string parameters) =>
        new(new Sectors(start), new Sectors(1), type, parameters);

    private delegate void Reading(DmReply reply);

    private static void Try(byte[] buffer, Reading read)
    {
        try
        {
            read(new DmReply((byte[])buffer.Clone(), "read", "data"));
        }
        catch (LinuxException refused)
        {
            Assert.Equal(Errno.EPROTO, refused.Errno);
        }
    }

    /// <summary>A head and what follows it, in a buffer with room to spare.</summary>
    private static byte[] Reply(ReadOnlySpan<byte> data, DmFlags flags = DmFlags.None, uint count = 0, int room = 64)
    {
        var reply = new byte[312 + data.Length + room];
        reply[0] = 4;
        reply[4] = 48;
        const int headAlone = 305; // offsetof(struct dm_ioctl, data)
        BinaryPrimitives.WriteInt32LittleEndian(reply.AsSpan(12), data.Length == 0 ? headAlone : 312 + data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(16), 312);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(20), count);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(28), (uint)flags);
        data.CopyTo(reply.AsSpan(312));
        return reply;
    }

    /// <summary>retrieve_status: the size ends with the last text, and the last "next" is rounded up past it.</summary>
    private static byte[] Table(DmTarget[] targets)
    {
        var data = new List<byte>();
        var used = 0;
        foreach (var target in targets)
        {
            var parameters = Encoding.UTF8.GetBytes(target.Parameters);
            var line = new byte[(40 + parameters.Length + 1 + 7) & ~7];
            BinaryPrimitives.WriteUInt64LittleEndian(line, target.Start.Count);
            BinaryPrimitives.WriteUInt64LittleEndian(line.AsSpan(8), target.Length.Count);
            BinaryPrimitives.WriteInt32LittleEndian(line.AsSpan(20), data.Count + line.Length);
            Encoding.UTF8.GetBytes(target.Type, line.AsSpan(24));
            parameters.CopyTo(line, 40);
            used = data.Count + 40 + parameters.Length + 1;
            data.AddRange(line);
        }
        return Reply(data.ToArray().AsSpan(0, used), DmFlags.DM_ACTIVE_PRESENT, (uint)targets.Length);
    }

    /// <summary>list_devices: event number and flags follow each name, and no UUID here.</summary>
    private static byte[] List((DmName Name, DeviceNumber Device)[] devices)
    {
        var data = new List<byte>();
        for (var i = 0; i < devices.Length; i++)
        {
            var entry = new byte[((12 + devices[i].Name.Text.Length + 1 + 7) & ~7) + 8];
            BinaryPrimitives.WriteUInt64LittleEndian(entry, devices[i].Device.Encoded);
            Encoding.UTF8.GetBytes(devices[i].Name.Text, entry.AsSpan(12));
            BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), i + 1 < devices.Length ? entry.Length : 0);
            data.AddRange(entry);
        }
        return Reply(data.ToArray());
    }

    private static byte[] Versions(IReadOnlyDictionary<string, DmVersion> targets)
    {
        var data = new List<byte>();
        var left = targets.Count;
        foreach (var (name, version) in targets)
        {
            var entry = new byte[(16 + name.Length + 1 + 7) & ~7];
            BinaryPrimitives.WriteInt32LittleEndian(entry, --left > 0 ? entry.Length : 0);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), version.Major);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8), version.Minor);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(12), version.Patch);
            Encoding.UTF8.GetBytes(name, entry.AsSpan(16));
            data.AddRange(entry);
        }
        return Reply(data.ToArray());
    }
}
