using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Sealdisk.Linux;

namespace Sealdisk.Tests.Linux;

/// <summary>The bytes that the kernel reads, read back by its own rules.</summary>
public sealed class DmRequestTests
{
    internal static readonly Gen<DmTarget> Target = Gen.Select(
        Gen.ULong,
        Gen.ULong,
        Gen.Char.AlphaNumeric.Array[1, 15].Select(c => new string(c)),
        Gen.Char[' ', '\u02FF'].Array[0, 200].Select(c => new string(c)),
        (start, length, type, parameters) => new DmTarget(new Sectors(start), new Sectors(length), type, parameters));

    [Fact]
    public void A_head_byte_for_byte()
    {
        var buffer = new byte[400];
        buffer.AsSpan().Fill(0xEE);
        ref var head = ref DmRequest.WriteHead(buffer, DmCommand.DM_DEV_CREATE, "data", DmFlags.DM_READONLY | DmFlags.DM_SECURE_DATA);
        DmRequest.WriteUuid(ref head, "SEALDISK-1");
        head.EventNumber = DmUdev.PrimarySource;

        var expected = new byte[400];
        expected[0] = 4; // version 4.0.0
        BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(12), 400); // data_size
        BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(16), 312); // data_start
        BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(28), 0x8001); // flags
        BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(32), 0x400000); // event_nr
        "data"u8.CopyTo(expected.AsSpan(48));
        "SEALDISK-1"u8.CopyTo(expected.AsSpan(176));
        Assert.Equal(expected, buffer);
    }

    [Fact]
    public void A_table_byte_for_byte()
    {
        DmTarget[] targets =
        [
            new(Sectors.Zero, new Sectors(2048), "crypt", "aes-xts-plain64 :64:logon:k 0 7:0 0"),
            new(new Sectors(2048), new Sectors(8), "zero", ""),
        ];
        var data = new byte[DmRequest.TableSize(targets)];
        DmRequest.WriteTable(data, targets);

        var expected = new byte[80 + 48];
        BinaryPrimitives.WriteUInt64LittleEndian(expected.AsSpan(8), 2048);
        BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(20), 80); // 40 + 35 + NUL, rounded up to 8
        "crypt"u8.CopyTo(expected.AsSpan(24));
        "aes-xts-plain64 :64:logon:k 0 7:0 0"u8.CopyTo(expected.AsSpan(40));
        BinaryPrimitives.WriteUInt64LittleEndian(expected.AsSpan(80), 2048);
        BinaryPrimitives.WriteUInt64LittleEndian(expected.AsSpan(88), 8);
        BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(100), 48);
        "zero"u8.CopyTo(expected.AsSpan(104));
        Assert.Equal(expected, data);
    }

    /// <summary>As populate_table of drivers/md/dm-ioctl.c walks it.</summary>
    [Fact]
    public void Any_table_is_read_as_it_was_meant() => Target.Array[1, 20].Sample(targets =>
    {
        var data = new byte[DmRequest.TableSize(targets)];
        DmRequest.WriteTable(data, targets);
        var at = 0;
        foreach (var target in targets)
        {
            var line = data.AsSpan(at);
            Assert.Equal(target.Start.Count, BinaryPrimitives.ReadUInt64LittleEndian(line));
            Assert.Equal(target.Length.Count, BinaryPrimitives.ReadUInt64LittleEndian(line[8..]));
            var next = BinaryPrimitives.ReadInt32LittleEndian(line[20..]);
            Assert.Equal(0, next % 8);
            Assert.Equal(target.Type, Text(line[24..40]));
            Assert.Equal(target.Parameters, Text(line[40..next]));
            at += next;
        }
        Assert.Equal(data.Length, at);
    });

    [Fact]
    public void A_message_byte_for_byte()
    {
        var data = new byte[DmRequest.MessageSize("key wipe"u8)];
        DmRequest.WriteMessage(data, new Sectors(0x0102030405060708), "key wipe"u8);
        Assert.Equal([8, 7, 6, 5, 4, 3, 2, 1, .. "key wipe\0"u8], data);
    }

    [Theory]
    [InlineData(nameof(DmCommand.DM_VERSION), 4, 0)]
    [InlineData(nameof(DmCommand.DM_TABLE_LOAD), 4, 0)]
    [InlineData(nameof(DmCommand.DM_LIST_VERSIONS), 4, 1)]
    [InlineData(nameof(DmCommand.DM_TARGET_MSG), 4, 2)]
    [InlineData(nameof(DmCommand.DM_GET_TARGET_VERSION), 4, 41)]
    public void Each_request_claims_the_oldest_interface_that_has_it(string command, uint major, uint minor)
    {
        var head = DmRequest.WriteHead(new byte[312], Enum.Parse<DmCommand>(command), "", DmFlags.None);
        Assert.Equal((major, minor, 0u), (head.VersionMajor, head.VersionMinor, head.VersionPatch));
    }

    [Fact]
    public void What_does_not_fit_is_not_cut_short()
    {
        WriteHead(new string('n', 127));
        Assert.Throws<ArgumentException>(() => WriteHead(new string('n', 128)));
        Assert.Throws<ArgumentException>(() => WriteHead("a\0b"));
        var one = new Sectors(1);
        DmTarget[] long15 = [new(Sectors.Zero, one, new string('t', 15), "")];
        DmTarget[] long16 = [new(Sectors.Zero, one, new string('t', 16), "")];
        DmRequest.WriteTable(new byte[DmRequest.TableSize(long15)], long15);
        Assert.Throws<ArgumentException>(() => DmRequest.WriteTable(new byte[DmRequest.TableSize(long16)], long16));
    }

    private static void WriteHead(string name) => DmRequest.WriteHead(new byte[312], DmCommand.DM_DEV_STATUS, name, DmFlags.None);

    private static string Text(ReadOnlySpan<byte> field) => Encoding.UTF8.GetString(field[..field.IndexOf((byte)0)]);
}
