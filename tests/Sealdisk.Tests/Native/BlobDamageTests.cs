namespace Sealdisk.Tests.Native;

/// <summary>A sealed key of a real OP-TEE, damaged in every place: no damage opens, and none is mistaken for something else.</summary>
[Trait("needs", "native")]
public sealed class BlobDamageTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_blob_with_any_bit_flipped_does_not_open()
    {
        var blob = Convert.FromHexString(Text);
        Parallel.For(0, blob.Length, at =>
        {
            byte[] altered = [.. blob];
            altered[at] ^= (byte)(1 << (at % 8));
            var (inspected, decrypted) = Try($"flip-{at}", Convert.ToHexStringLower(altered));
            if (at == 0)
            {
                // OP-TEE takes no notice of its reserved byte; whoever looks closely is told.
                Assert.Equal((2, 0), (inspected.Exit, decrypted.Exit));
                Assert.Contains("malformed: the reserved first byte is 01", inspected.Stdout, StringComparison.Ordinal);
                return;
            }

            Assert.True((inspected.Exit, decrypted.Exit) == (4, 4), $"byte {at}: {inspected}; {decrypted}");
            Assert.Contains("no: another HUK sealed it, or it was altered", inspected.Stdout, StringComparison.Ordinal);
            Assert.StartsWith(
                "sealdisk: cannot unseal the sealed key: it does not open with this device's key\n",
                decrypted.Stderr,
                StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_blob_cut_to_any_length_does_not_open()
    {
        Parallel.For(0, Text.Length, length =>
        {
            var (inspected, decrypted) = Try($"cut-{length}", Text[..length]);
            var exit = length == 0 || length % 2 != 0 ? 2 : 4;
            Assert.True((inspected.Exit, decrypted.Exit) == (exit, exit), $"{length} digits: {inspected}; {decrypted}");
            if (exit == 2)
                Assert.StartsWith(
                    $"sealdisk: cannot read sealed key {_folder[$"cut-{length}"]}: ",
                    inspected.Stderr,
                    StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_undamaged_blob_opens()
    {
        var (inspected, decrypted) = Try("whole", Text);
        Assert.Equal((0, 0), (inspected.Exit, decrypted.Exit));
    }

    private static string Text => File.ReadAllText(Golden.File("blob-32-1.hex")).Trim();

    private (ProgramResult Inspected, ProgramResult Decrypted) Try(string name, string text)
    {
        var (blob, output) = (_folder[name], _folder[name + ".out"]);
        File.WriteAllText(blob, text);
        var image = GoldenImage.All[0];
        var options = GoldenCommand.Options(image, _folder.Huk);
        options[5] = blob;
        var decrypted = _folder.Run(["image", "decrypt", Golden.File(image.Name + ".64k"), output, .. options]);
        Assert.Equal(decrypted.Exit == 0, File.Exists(output));
        return (_folder.Run("blob", "inspect", blob, "--huk", _folder.Huk), decrypted);
    }
}
