using CsCheck;
using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Volumes.Configuration;

public sealed class SealdiskConfigurationTests
{
    private const string Somewhere = "/etc/sealdisk.toml";

    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        var volume = Assert.Single(Parse("[volume.data]\ndevice = \"/dev/vda2\"\n").Volumes);
        Assert.Equal("data", volume.Name);
        Assert.Equal("/dev/vda2", volume.Device);
        Assert.Null(volume.Size);
        Assert.Null(volume.RecordFile);
        Assert.Equal(TrustSource.Auto, volume.Source);
        Assert.Equal("aes-xts-plain64", volume.Cipher.Text);
        Assert.Equal(64, volume.KeySize);
        Assert.Null(volume.SectorSize);
        Assert.False(volume.IvLargeSectors);
        Assert.Equal("ext4", volume.Filesystem.Name);
        Assert.Null(volume.Mount);
        Assert.Empty(volume.MountOptions.Words);
        Assert.Equal(MappingKind.Auto, volume.Mapping);
        Assert.Equal(FirstBoot.Blank, volume.FirstBoot);
        Assert.False(volume.Discard);
        Assert.Null(volume.Huk);
    }

    [Fact]
    public void Every_key_reaches_its_property()
    {
        var path = Path.Combine(Golden.Root, "tests", "vectors", "config", "every-key.toml");
        var configuration = Load(path);
        var volume = Assert.Single(configuration.Volumes);
        Assert.Equal("/var/lib/data.img", volume.Device);
        Assert.Equal(32 << 20, volume.Size);
        Assert.Equal("/boot/data.record", volume.RecordFile);
        Assert.Equal(TrustSource.Soft, volume.Source);
        Assert.Equal("aes-cbc-essiv:sha256", volume.Cipher.Text);
        Assert.Equal(16, volume.KeySize);
        Assert.Equal(4096, volume.SectorSize);
        Assert.True(volume.IvLargeSectors);
        Assert.Equal("xfs", volume.Filesystem.Name);
        Assert.Equal("/data", volume.Mount);
        Assert.Equal(["noatime", "nodev"], volume.MountOptions.Words);
        Assert.Equal(MappingKind.Fuse, volume.Mapping);
        Assert.Equal(FirstBoot.Replace, volume.FirstBoot);
        Assert.Equal(["closed", "huk-unknown"], volume.Require);
        Assert.True(volume.Discard);
        Assert.Equal("/etc/sealdisk/huk.hex", volume.Huk);
        Assert.Equal("/etc/sealdisk/huk.hex", configuration.SoftHuk);
    }

    [Fact]
    public void Volumes_keep_the_order_of_the_file()
    {
        var text = string.Concat(new[] { "z", "a", "m" }.Select((name, i) => $"[volume.{name}]\ndevice = \"/dev/vda{i}\"\n"));
        Assert.Equal(["z", "a", "m"], Parse(text).Volumes.Select(volume => volume.Name));
    }

    [Fact]
    public void Only_the_soft_source_gets_the_huk()
    {
        var text = "[volume.data]\ndevice = \"/dev/vda2\"\nsource = \"tee\"\n[source.soft]\nhuk = \"/etc/huk\"\n";
        var configuration = Parse(text);
        Assert.Equal("/etc/huk", configuration.SoftHuk);
        Assert.Null(configuration.Volumes[0].Huk);
    }

    [Theory]
    [InlineData("aes-xts-plain64", 64)]
    [InlineData("aes-cbc-plain", 32)]
    [InlineData("aes-cbc-essiv:sha256", 32)]
    public void The_default_key_is_the_cipher_s_largest(string cipher, int bytes)
    {
        var text = $"[volume.data]\ndevice = \"/dev/vda2\"\ncipher = \"{cipher}\"\n";
        Assert.Equal(bytes, Parse(text).Volumes[0].KeySize);
    }

    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("4096B", 4096)]
    [InlineData("64KiB", 65536)]
    [InlineData("32 MiB", 32L << 20)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("8388607TiB", 8388607L << 40)]
    public void Sizes_are_binary(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var parsed, out var problem), problem);
        Assert.Equal(bytes, parsed);
    }

    [Fact]
    public void The_message_names_file_line_and_column()
    {
        var text = "[volume.data]\ndevice = \"/dev/vda2\"\n\n\n\nsource       = \"tee\"\nkey-size     = 48\ncipher = \"aes-cbc-plain\"\n";
        var refused = Assert.Throws<ConfigurationException>(() => Parse(text));
        Assert.Equal("/etc/sealdisk.toml:7:16: key-size 48 is not possible for aes-cbc-plain: use 32", refused.Message);
        Assert.Equal((Somewhere, 7, 16), (refused.Path, refused.Line, refused.Column));
    }

    [Fact]
    public void Carriage_returns_and_a_byte_order_mark_do_not_shift_positions()
    {
        var refused = Assert.Throws<ConfigurationException>(() => Parse("\uFEFF[volume.data]\r\ndevice = 4\r\n"));
        Assert.Equal((2, 10), (refused.Line, refused.Column));
    }

    [Fact]
    public void A_missing_file_is_a_configuration_error()
    {
        var refused = Assert.Throws<ConfigurationException>(() => Load("/nonexistent/sealdisk.toml"));
        Assert.Equal("cannot open /nonexistent/sealdisk.toml: No such file or directory (ENOENT)", refused.Message);
        Assert.Equal((0, 0), (refused.Line, refused.Column));
        Assert.Empty(refused.Errors);
    }

    [Fact]
    public void A_file_that_is_UTF_16_is_told_so()
    {
        using var folder = new TemporaryDirectory();
        File.WriteAllText(folder["sealdisk.toml"], "[volume.data]\n", System.Text.Encoding.Unicode);
        var refused = Assert.Throws<ConfigurationException>(() => Load(folder["sealdisk.toml"]));
        Assert.Equal($"{folder["sealdisk.toml"]}:1:1: the file is UTF-16: save it as UTF-8", refused.Message);
    }

    [Fact]
    public void A_directory_is_a_configuration_error() =>
        Assert.Equal(
            "cannot read /: Is a directory (EISDIR)",
            Assert.Throws<ConfigurationException>(() => Load("/")).Message);

    [Fact]
    public void An_endless_file_is_a_configuration_error() =>
        Assert.Equal(
            "/dev/zero:1:1: the file is larger than 1 MiB, so it is not a configuration",
            Assert.Throws<ConfigurationException>(() => Load("/dev/zero")).Message);

    [Fact]
    public void Every_example_of_the_manual_is_right()
    {
        var manual = File.ReadAllText(Path.Combine(Golden.Root, "docs", "configuration.md"));
        var examples = manual.Split("\n\n    [volume.", StringSplitOptions.None).Length - 1;
        var read = 0;
        foreach (var section in manual.Split(":\n\n").Skip(1))
        {
            var lines = section.Split('\n').TakeWhile(line => line.Length == 0 || line.StartsWith("    ", StringComparison.Ordinal));
            read += Parse(string.Join('\n', lines)).Volumes.Count;
        }

        Assert.Equal(5, read);
        Assert.Equal(read, examples);
    }

    [Fact]
    public void No_text_is_more_than_a_configuration_error()
    {
        string[] pieces =
        [
            "[", "]", "[[", "]]", "volume", ".", "data", "device", " = ", "\"/dev/vda\"", "{", "}", ",", "\n", "#", "'", "\"\"\"", "\\",
            "1", "-", "0x",
            "2026-01-01", "true", "source", "soft", "huk", "mount-options", "\0", "é", "\r", "inf", "_",
        ];
        Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]).List[0, 30].Select(string.Concat).Sample(text =>
        {
            try
            {
                return Parse(text).Volumes.Count > 0;
            }
            catch (ConfigurationException refused)
            {
                return refused.Errors.Count > 0 && refused.Errors.All(error => error is { Line: > 0, Column: > 0, Message.Length: > 0 });
            }
        }, iter: 20_000);
    }

    private static SealdiskConfiguration Parse(string text) => SealdiskConfiguration.Parse(text, Somewhere, Checks.Requirable);

    private static SealdiskConfiguration Load(string path) => SealdiskConfiguration.Load(path, Checks.Requirable);
}
