using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// The real dm-crypt and Sealdisk's own data path write the same bytes: every cipher of the configuration, every sector size
/// and IV rule.
/// </summary>
public sealed class CipherTests
{
    public static readonly TheoryData<string, int, int, bool> Layouts = [];

    static CipherTests()
    {
        foreach (var (cipher, keySize) in new[]
        {
            ("aes-xts-plain64", 64), ("aes-xts-plain64", 32), ("aes-xts-plain", 64),
            ("aes-cbc-plain", 32), ("aes-cbc-plain", 24),
            ("aes-cbc-plain64", 32), ("aes-cbc-plain64", 16),
            ("aes-cbc-essiv:sha256", 32), ("aes-cbc-essiv:sha256", 16),
        })
        {
            Layouts.Add(cipher, keySize, 512, false);
            Layouts.Add(cipher, keySize, 4096, false);
            Layouts.Add(cipher, keySize, 4096, true);
        }
        Layouts.Add("aes-xts-plain64", 64, 1024, false);
        Layouts.Add("aes-cbc-essiv:sha256", 32, 2048, true);
    }

    [Fact]
    public void Dm_crypt_and_the_user_space_path_write_the_same_bytes()
    {
        using var machine = Machine.Boot();
        machine.Succeed("sealdisk huk new /tmp/huk && head -c 1048576 /dev/urandom > /tmp/plain && mkdir /tmp/blobs");
        foreach (var size in new[] { 16, 24, 32, 64 })
        {
            // Trusted keys begin at 32 bytes; smaller ones are sealed by the software model all the same, as the kernel opens them too.
            machine.Put($"/tmp/blobs/{size}", File.ReadAllBytes(OpTeeBlob.Make(size, machine.Get("/tmp/huk"))));
        }
        var failures = new List<string>();
        foreach (var row in Layouts)
        {
            var (cipher, keySize, sectorSize, large) = row.Data;
            var sectors = $"--sector-size {sectorSize}{(large ? " --iv-large-sectors" : "")}";
            var layout = $"--cipher {cipher} --key-size {keySize} {sectors} --blob /tmp/blobs/{keySize} --source soft --huk /tmp/huk";
            machine.Succeed(
                $"rm -f /tmp/ours /tmp/theirs && truncate -s 1M /tmp/theirs && sealdisk image encrypt /tmp/plain /tmp/ours {layout}");
            machine.Succeed(
                $"sealdisk map open v /tmp/theirs {layout} --mapping dm && "
                + "dd if=/tmp/plain of=/dev/mapper/v bs=64k oflag=direct 2>/dev/null && sealdisk map close v");
            if (machine.Run("cmp /tmp/ours /tmp/theirs").ExitCode != 0)
                failures.Add($"{cipher} {keySize} {sectorSize} {large}: encryption");
            // And the way back, ours reading theirs and theirs reading ours.
            machine.Succeed(
                $"rm -f /tmp/back && sealdisk image decrypt /tmp/theirs /tmp/back {layout} && "
                + $"sealdisk map open v /tmp/ours {layout} --mapping dm");
            if (machine.Run("cmp /tmp/back /tmp/plain && cmp /dev/mapper/v /tmp/plain").ExitCode != 0)
                failures.Add($"{cipher} {keySize} {sectorSize} {large}: decryption");
            machine.Succeed("sealdisk map close v");
        }
        Assert.Empty(failures);
        Assert.Equal(29, Layouts.Count);
        Volume.AssertNothingOpen(machine);
    }
}
