using Sealdisk.Linux;

namespace Sealdisk.Tests.Cli;

/// <summary>
/// A kernel without the 'trusted' key type: whoever asks for a hardware key is told what is missing, and gets no weaker one.
/// </summary>
[Trait("needs", "native")]
public sealed class KernelSourceTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tee", "it needs CONFIG_TRUSTED_KEYS_TEE, OP-TEE, and the trusted-keys TA built in as an early TA")]
    [InlineData("tpm", "it needs CONFIG_TRUSTED_KEYS_TPM and a TPM")]
    [InlineData("caam", "it needs CONFIG_TRUSTED_KEYS_CAAM and NXP's CAAM")]
    [InlineData("dcp", "it needs CONFIG_TRUSTED_KEYS_DCP and NXP's DCP with a device key")]
    [InlineData("auto", "it needs CONFIG_TRUSTED_KEYS and a trust source: a TEE, a TPM, CAAM or DCP; a software key must be named: ")]
    public void A_missing_kernel_source_is_named_and_no_weaker_key_is_made(string source, string remedy)
    {
        if (KeyTypes.IsRegistered("trusted"))
            Assert.Skip("this kernel has the 'trusted' key type");
        foreach (var verb in new[] { "new", "load" })
        {
            var result = _folder.Expect(5, "key", verb, "data", "--blob", "data.blob", "--source", source);
            Assert.Equal("", result.Stdout);
            Assert.StartsWith(
                $"sealdisk: cannot {(verb == "new" ? "make" : "load")} key data: source '{source}' is not there: "
                    + "this kernel has not registered the 'trusted' key type\n"
                + $"  hint: {remedy}", result.Stderr, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(_folder["data.blob"]));
    }
}
