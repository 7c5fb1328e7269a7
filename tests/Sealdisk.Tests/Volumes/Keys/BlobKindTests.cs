using System.Buffers.Binary;
using System.Formats.Asn1;
using CsCheck;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Volumes.Keys;

public sealed class BlobKindTests
{
    /// <summary>
    /// Linux 6.12.117 with swtpm 0.7, on the x86-64 board: 'new 32 keyhandle=81000001'. Its BOOLEAN is 1 for true, where
    /// DER has ff; fixedTPM is not set.
    /// </summary>
    internal const string Tpm2OfKernel =
        "3081e906066781050a0105a003010101020500810000010430002e0008000b00000040000000100020dfb1f184d0d78846063a416b744aec9fa7ec08"
            + "286e5b2379536e832e444a58170481a0009e0020f72424365aa1797b69ceb23746e8ba16727d0fc32b12f56a115e4ffa9b2b32fe0010876126fc2e2f"
            + "807f7895503b7328a4ed91627ce9ad723eb67d938bce0e6f7183584e18e99fad4d1d4b2ad334be2b84692e6a2d5fee1a1787b4a2735da84f5b7612c4"
            + "36ecf8a795218b2cf5bd314a89ec3058d08aa62eda51f5cbf9c2baa6285b47c9d216dcc381d621977ca5d39d6ff232bc7d764d1441707771";

    [Theory]
    [InlineData("blob-32-1.hex", 32, false)]
    [InlineData("blob-33-1.hex", 33, false)]
    [InlineData("blob-48-2.hex", 48, true)]
    [InlineData("blob-128-2.hex", 128, true)]
    public void A_blob_of_a_real_OP_TEE_is_recognised(string name, int keySize, bool ambiguous)
    {
        var description = BlobDescription.Of(BlobText.Read(Golden.File(name)));
        AssertGood(BlobKind.OpTee, keySize, description);
        Assert.Equal("00", Detail(description, "reserved byte"));
        Assert.Equal(ambiguous, description.Details.Contains(("ambiguity", "or CAAM with a first byte of 00 (1 in 256)")));
    }

    [Theory]
    [InlineData(0, 33, BlobKind.Unknown, "no trust source makes 33 bytes like these")]
    [InlineData(0, 34, BlobKind.OpTee, "it holds a key of 1 bytes; Linux seals 32 to 128")]
    [InlineData(0, 64, BlobKind.OpTee, "it holds a key of 31 bytes; Linux seals 32 to 128")]
    [InlineData(0, 65, BlobKind.OpTee, null)]
    [InlineData(0, 161, BlobKind.OpTee, null)]
    [InlineData(0, 162, BlobKind.Caam, null)]
    [InlineData(0, 176, BlobKind.Caam, null)]
    [InlineData(0, 177, BlobKind.OpTee, "it holds a key of 144 bytes; Linux seals 32 to 128")]
    [InlineData(0, 513, BlobKind.Unknown, "no trust source makes 513 bytes like these")]
    [InlineData(0x5a, 64, BlobKind.Unknown, "no trust source makes 64 bytes like these")]
    [InlineData(0x5a, 65, BlobKind.OpTee, "the reserved first byte is 5a; OP-TEE writes 00 (and ignores it)")]
    [InlineData(0x5a, 80, BlobKind.Caam, null)]
    [InlineData(0x5a, 176, BlobKind.Caam, null)]
    [InlineData(0x5a, 177, BlobKind.Unknown, "no trust source makes 177 bytes like these")]
    public void Without_a_magic_number_the_first_byte_and_the_length_decide(int first, int length, BlobKind kind, string? problem)
    {
        var blob = Filled(length);
        blob[0] = (byte)first;
        var description = BlobDescription.Of(blob);
        Assert.Equal(
            (kind, length, problem, problem is null),
            (description.Kind, description.Length, description.Problem, description.WellFormed));
        if (kind == BlobKind.Caam)
            Assert.Equal(length - 48, description.KeySize);
    }

    [Fact]
    public void An_empty_blob_is_reported_as_empty()
    {
        var description = BlobDescription.Of([]);
        Assert.Equal((BlobKind.Unknown, "it is empty"), (description.Kind, description.Problem));
    }

    [Fact]
    public void A_DCP_blob_is_recognised()
    {
        for (var size = 32; size <= 128; size++)
        {
            var description = BlobDescription.Of(Dcp(1, size, size));
            AssertGood(BlobKind.Dcp, size, description);
            Assert.Equal([("version", "1"), ("payload length", $"{size}")], description.Details);
        }
    }

    [Theory]
    [InlineData(1, 32, 31, "it has 84 bytes; with a payload of 32 it should have 85")]
    [InlineData(1, 32, 40, "it has 93 bytes; with a payload of 32 it should have 85")]
    [InlineData(1, 31, 31, "it holds a key of 31 bytes; Linux seals 32 to 128")]
    [InlineData(1, 129, 129, "it holds a key of 129 bytes; Linux seals 32 to 128")]
    [InlineData(2, 32, 32, "version 2 is not known; Linux writes 1")]
    public void A_malformed_DCP_blob_is_explained(byte version, int stated, int held, string problem) =>
        AssertBad(BlobKind.Dcp, problem, BlobDescription.Of(Dcp(version, stated, held)));

    [Fact]
    public void A_blob_with_another_version_and_length_is_not_taken_for_DCP() =>
        Assert.Equal(BlobKind.Caam, BlobDescription.Of(Dcp(2, 32, 40)).Kind);

    [Fact]
    public void A_TPM_1_2_blob_is_recognised_and_its_truncations_explained()
    {
        byte[] blob = [1, 1, 0, 0, 0, 0, 0, 44, .. Filled(44), 0, 0, 1, 0, .. Filled(256)];
        var description = BlobDescription.Of(blob);
        AssertGood(BlobKind.Tpm12, null, description);
        Assert.Equal(("44 bytes", "256 bytes"), (Detail(description, "seal info"), Detail(description, "encrypted data")));

        for (var length = 4; length < blob.Length; length++)
        {
            var part = length < 52 ? "seal info" : "encrypted data";
            AssertBad(BlobKind.Tpm12, $"it ends inside the {part}: truncated", BlobDescription.Of(blob.AsSpan(0, length)));
        }

        AssertBad(BlobKind.Tpm12, "1 bytes follow its end", BlobDescription.Of([.. blob, 0]));
        AssertBad(BlobKind.Tpm12, "it ends inside the seal info: truncated", BlobDescription.Of([1, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0]));
    }

    [Fact]
    public void A_TPM_2_blob_is_recognised()
    {
        var description = BlobDescription.Of(Tpm2(0x81000001, emptyAuth: true, Public(0x52, [])));
        AssertGood(BlobKind.Tpm2, null, description);
        Assert.Equal(
        [
            ("form", "ASN.1"), ("empty auth", "yes"), ("parent handle", "0x81000001"), ("name algorithm", "sha256"), ("fixedTPM", "yes"),
            ("fixedParent", "yes"), ("userWithAuth", "yes"), ("policy", "none"), ("private part", "158 bytes"),
        ], description.Details);
    }

    [Fact]
    public void A_TPM_2_blob_shows_policy_and_a_missing_fixedTPM()
    {
        var description = BlobDescription.Of(Tpm2(0x40000001, emptyAuth: false, Public(0, Filled(32))));
        AssertGood(BlobKind.Tpm2, null, description);
        Assert.Equal(
            ("no", "0x40000001", "no", "no", "no", "32 bytes"),
            (
                Detail(description, "empty auth"),
                Detail(description, "parent handle"),
                Detail(description, "fixedTPM"),
                Detail(description, "fixedParent"),
                Detail(description, "userWithAuth"),
                Detail(description, "policy")));
        Assert.Equal("yes", Detail(BlobDescription.Of(Tpm2(1, false, Public(0x02, []))), "fixedTPM"));
        Assert.Equal("yes", Detail(BlobDescription.Of(Tpm2(1, false, Public(0x10, []))), "fixedParent"));
        Assert.Equal("yes", Detail(BlobDescription.Of(Tpm2(1, false, Public(0x40, []))), "userWithAuth"));
    }

    [Fact]
    public void A_bare_TPM_2_blob_of_an_older_kernel_is_recognised()
    {
        byte[] blob = [.. Sized(Filled(158)), .. Sized(Public(0x52, []))];
        var description = BlobDescription.Of(blob);
        AssertGood(BlobKind.Tpm2, null, description);
        Assert.StartsWith("bare", Detail(description, "form"), StringComparison.Ordinal);
        Assert.Equal("158 bytes", Detail(description, "private part"));
        byte[] longer = [.. Sized(Filled(158)), .. Sized([.. Public(0x52, []), 7])];
        AssertBad(BlobKind.Tpm2, "1 bytes follow the public part", BlobDescription.Of(longer));
    }

    [Fact]
    public void Any_truncated_TPM_2_blob_is_described_without_an_exception()
    {
        var blob = Tpm2(0x81000001, emptyAuth: true, Public(0x52, Filled(32)));
        Assert.True(blob.Length > 255, "the outer length must take three bytes");
        for (var length = 0; length < blob.Length; length++)
        {
            var description = BlobDescription.Of(blob.AsSpan(0, length));
            Assert.Equal(length <= 4 ? BlobKind.Unknown : BlobKind.Tpm2, description.Kind);
            Assert.False(description.WellFormed);
            if (length > 4)
                Assert.Equal($"it ends after {length - 4} of the {blob.Length - 4} bytes it announces: truncated", description.Problem);
        }

        AssertBad(BlobKind.Tpm2, "2 bytes follow its end", BlobDescription.Of([.. blob, 0, 0]));
    }

    [Fact]
    public void A_TPM_2_blob_with_a_part_cut_short_is_explained()
    {
        var whole = Tpm2(0x81000001, emptyAuth: true, Public(0x52, []));
        Span<byte> body = whole.AsSpan(3);
        for (var length = 7; length < body.Length; length++)
        {
            var description = BlobDescription.Of(Wrap(body[..length]));
            Assert.Equal(BlobKind.Tpm2, description.Kind);
            Assert.NotNull(description.Problem);
        }
    }

    [Fact]
    public void A_malformed_TPM_2_blob_is_explained()
    {
        byte[] good = Public(0x52, []);
        AssertBad(BlobKind.Tpm2, "it is no sealed data but a key of another type (2.23.133.10.1.3); Linux takes only 2.23.133.10.1.5",
            BlobDescription.Of(Tpm2(1, true, good, oid: "2.23.133.10.1.3")));
        AssertBad(BlobKind.Tpm2, "the parent handle is no INTEGER of 32 bits", BlobDescription.Of(Tpm2(0x1_0000_0000, true, good)));
        AssertBad(BlobKind.Tpm2, "the parent handle is no INTEGER of 32 bits", BlobDescription.Of(Tpm2(-1, true, good)));
        AssertBad(BlobKind.Tpm2, "the public part is of type 0x0001; sealed data is a keyed hash (0x0008)",
            BlobDescription.Of(Tpm2(1, true, [0, 1, .. good[2..]])));
        AssertBad(BlobKind.Tpm2, "the public part has the scheme 0x0005; sealed data has none (0x0010)",
            BlobDescription.Of(Tpm2(1, true, [.. good[..10], 0, 5, .. good[12..]])));
        AssertBad(BlobKind.Tpm2, "it ends inside the public part", BlobDescription.Of(Tpm2(1, true, good[..^1])));
    }

    [Fact]
    public void Arbitrary_bytes_never_throw()
    {
        var tpm2 = Tpm2(0x81000001, emptyAuth: true, Public(0x52, []));
        Gen.Byte.Array[0, 600].Sample(AssertConsistent, iter: 2000);
        Gen.Select(Gen.Int[0, tpm2.Length - 1], Gen.Byte, Gen.Int[0, tpm2.Length - 1], Gen.Byte).Sample((at, value, at2, value2) =>
        {
            var blob = tpm2.ToArray();
            (blob[at], blob[at2]) = (value, value2);
            AssertConsistent(blob);
        }, iter: 5000);

        static void AssertConsistent(byte[] blob)
        {
            var description = BlobDescription.Of(blob);
            Assert.Equal(blob.Length, description.Length);
            Assert.Equal(description.WellFormed, description.Problem is null);
        }
    }

    private static void AssertGood(BlobKind kind, int? keySize, BlobDescription description)
    {
        Assert.Null(description.Problem);
        Assert.Equal((kind, keySize, true), (description.Kind, description.KeySize, description.WellFormed));
    }

    private static void AssertBad(BlobKind kind, string problem, BlobDescription description) =>
        Assert.Equal((kind, problem, false), (description.Kind, description.Problem, description.WellFormed));

    [Fact]
    public void A_TPM_2_blob_of_a_real_kernel_is_well_formed()
    {
        var description = BlobDescription.Of(Convert.FromHexString(Tpm2OfKernel));
        AssertGood(BlobKind.Tpm2, null, description);
        Assert.Equal(
            ("yes", "0x81000001", "none"),
            (Detail(description, "empty auth"), Detail(description, "parent handle"), Detail(description, "policy")));
    }

    private static string Detail(BlobDescription description, string name) =>
        description.Details.Single(detail => detail.Name == name).Value;

    /// <summary>Bytes 0x80, 0x81, ...: no size, version or magic of any kind.</summary>
    private static byte[] Filled(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(0x80 | i))];

    private static byte[] Dcp(byte version, int stated, int held)
    {
        var blob = Filled(53 + held);
        blob[0] = version;
        BinaryPrimitives.WriteInt32LittleEndian(blob.AsSpan(33), stated);
        return blob;
    }

    /// <summary>TPMT_PUBLIC: keyed hash, SHA-256, attributes, policy, scheme NULL, a unique of 32 bytes.</summary>
    private static byte[] Public(byte attributes, byte[] policy) =>
        [0, 8, 0, 0x0b, 0, 0, 0, attributes, .. Sized(policy), 0, 0x10, .. Sized(Filled(32))];

    private static byte[] Sized(byte[] content) => [(byte)(content.Length >> 8), (byte)content.Length, .. content];

    private static byte[] Tpm2(long parent, bool emptyAuth, byte[] area, string oid = "2.23.133.10.1.5")
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (emptyAuth)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteBoolean(true);
            }

            writer.WriteInteger(parent);
            writer.WriteOctetString(Sized(area));
            writer.WriteOctetString(Sized(Filled(158)));
        }

        return writer.Encode();
    }

    private static byte[] Wrap(ReadOnlySpan<byte> body) => body.Length switch
    {
        < 0x80 => [0x30, (byte)body.Length, .. body],
        < 0x100 => [0x30, 0x81, (byte)body.Length, .. body],
        _ => [0x30, 0x82, (byte)(body.Length >> 8), (byte)body.Length, .. body],
    };
}
