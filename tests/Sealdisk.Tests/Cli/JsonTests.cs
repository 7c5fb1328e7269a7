using System.Text.Json;

namespace Sealdisk.Tests.Cli;

/// <summary>What <c>--json</c> prints is one JSON object with keys in snake_case, whatever the verb and however it ends.</summary>
[Trait("needs", "native")]
[Collection(DevicesCollection.Name)]
public sealed class JsonTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Huk_and_key_verbs_report_these_fields()
    {
        AssertKeys("file size", Json(0, "huk", "new", "new.hex"));
        AssertKeys(
            "name source size blob serial keyring",
            Json(0, "key", "new", "k", "--blob", "k.blob", "--source", "soft", "--huk", "new.hex"));
    }

    [Theory]
    [InlineData("blob-32-1.hex", 0)]
    [InlineData("blob-128-1.hex", 0)]
    public void Blob_inspect_reports_these_fields(string blob, int exit)
    {
        var report = Json(exit, "blob", "inspect", Golden.File(blob), "--huk", _folder.Huk);
        AssertKeys("file kind length key_size well_formed problem details opens", report);
        Assert.Equal("00", report.GetProperty("details").GetProperty("reserved_byte").GetString());
        Assert.True(report.GetProperty("opens").GetBoolean());
    }

    [Fact]
    public void Image_verbs_report_these_fields()
    {
        var image = GoldenImage.All[0];
        var options = GoldenCommand.Options(image, _folder.Huk);
        AssertKeys(
            "input output direction bytes cipher sector_size",
            Json(0, ["image", "decrypt", Golden.File(image.Name + ".64k"), "plain", .. options]));
        AssertKeys("input output direction bytes cipher sector_size", Json(0, ["image", "encrypt", "plain", "again", .. options]));
    }

    [Fact]
    public void The_self_test_reports_these_fields()
    {
        var report = Json(0, "self-test");
        AssertKeys("passed answers", report);
        Assert.True(report.GetProperty("passed").GetBoolean());
        Assert.All(report.GetProperty("answers").EnumerateArray(), answer => AssertKeys("name passed", answer));
    }

    [Fact]
    public void The_doctor_reports_these_fields()
    {
        var result = _folder.Run("doctor", "--json");
        Assert.True(result.Exit is 0 or 6, result.ToString());
        var findings = Parse(result).GetProperty("findings");
        Assert.NotEqual(0, findings.GetArrayLength());
        Assert.All(findings.EnumerateArray(), finding => AssertKeys("id level finding remedy", finding));
    }

    [Theory]
    [InlineData(2, "blob inspect nowhere")]
    [InlineData(2, "frob")]
    [InlineData(2, "huk new")]
    [InlineData(2, "up --config nowhere.toml")]
    [InlineData(3, "huk new huk.hex")]
    [InlineData(5, "key new k --blob k.blob --source auto")]
    public void An_error_reports_its_text_hint_and_exit_code(int exit, string command)
    {
        if (exit == 5 && KeyTypeIsRegistered("trusted"))
            Assert.Skip("this kernel has the 'trusted' key type");
        var result = _folder.Expect(exit, [.. command.Split(' '), "--json"]);
        var report = Parse(result);
        AssertKeys("error hint exit_code", report);
        Assert.Equal(exit, report.GetProperty("exit_code").GetInt32());
        Assert.StartsWith("cannot ", report.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.StartsWith($"sealdisk: {report.GetProperty("error").GetString()}\n", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void Volume_verbs_report_these_fields()
    {
        Requirements.RootWithFuseAndLoop();
        using var volume = TestVolume.With(("size", "32MiB"), ("mapping", "fuse"));
        AssertKeys("volume plan steps refusal", Each("volumes", "plan"));
        AssertKeys("volume plan state mount error", Each("volumes", "up"));
        AssertKeys(
            "volume state problem device device_size record record_copies record_state uuid source mapping block decrypted "
                + "server discards cipher key_size sector_size "
            + "filesystem filesystem_uuid mount life_cycle created_by key root_key_name recovery_key_id", Each("volumes", "status"));
        AssertKeys(
            "name mapping device block decrypted server cipher key_size sector_size problem",
            Json(0, "map", "list")
                .GetProperty("mappings")
                .EnumerateArray()
                .Single(mapping => mapping.GetProperty("name").GetString() == volume.Name));
        Assert.Equal("already_up", Each("volumes", "up").GetProperty("plan").GetString());
        AssertKeys("volume done error", Each("volumes", "down"));
        AssertKeys("volume unlocks verified error", Each("volumes", "check"));
        AssertKeys("volume rotated source key root_key_name generation verified error", Each("volumes", "rotate"));

        JsonElement Each(string list, params string[] verb) => Assert.Single(
            Json(0, [.. verb, "--config", volume.Config]).GetProperty(list).EnumerateArray());
    }

    [Fact]
    public void A_volume_that_fails_reports_its_error()
    {
        Requirements.RootWithFuseAndLoop();
        using var volume = TestVolume.With(("size", "32MiB"), ("mapping", "fuse"));
        File.WriteAllText(volume.Image, "not blank");
        using (var image = File.OpenWrite(volume.Image))
            image.SetLength(32 << 20);
        foreach (var (verb, word) in new[] { ("plan", "refusal"), ("up", "error"), ("check", "error") })
        {
            var report = Assert.Single(Json(3, verb, "--config", volume.Config).GetProperty("volumes").EnumerateArray());
            AssertKeys("error hint exit_code", report.GetProperty(word));
        }
        Json(0, "status", "--config", volume.Config);
    }

    [Fact]
    public void Map_verbs_report_these_fields()
    {
        Requirements.RootWithFuseAndLoop();
        const string name = "t1-json-map";
        var image = GoldenImage.All[0];
        File.WriteAllBytes(_folder["disk"], image.Ciphertext);
        AssertKeys(
            "name mapping device block decrypted server cipher key_size sector_size problem",
            Json(0, ["map", "open", name, "disk", .. GoldenCommand.Options(image, _folder.Huk)]));
        var closed = Json(0, "map", "close", name);
        AssertKeys("name closed", closed);
        Assert.True(closed.GetProperty("closed").GetBoolean());
        Assert.False(Json(0, "map", "close", name).GetProperty("closed").GetBoolean());
    }

    private JsonElement Json(int exit, params string[] command) => Parse(_folder.Expect(exit, [.. command, "--json"]));

    private static JsonElement Parse(ProgramResult result)
    {
        using var document = JsonDocument.Parse(result.Stdout);
        Assert.EndsWith("}\n", result.Stdout, StringComparison.Ordinal);
        AssertSnakeCase(document.RootElement);
        return document.RootElement.Clone();
    }

    private static void AssertSnakeCase(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
            Assert.All(value.EnumerateArray(), AssertSnakeCase);
        if (value.ValueKind != JsonValueKind.Object)
            return;
        foreach (var property in value.EnumerateObject())
        {
            Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", property.Name);
            AssertSnakeCase(property.Value);
        }
    }

    private static void AssertKeys(string names, JsonElement value) =>
        Assert.Equal(
            names.Split(' ').Order(StringComparer.Ordinal),
            value.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));

    private static bool KeyTypeIsRegistered(string type) => Sealdisk.Linux.KeyTypes.IsRegistered(type);
}
