using Sealdisk.Audit.Device;
using Sealdisk.Doctor;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Doctor;

/// <summary>What the doctor says about the parameters of the kernel's trusted keys.</summary>
public sealed class TrustedParametersTests
{
    private const string UniqueKey = "+trusted.dcp_use_otp_key: off, so the DCP seals with the chip's UNIQUE key";
    private const string OtpKey = "+trusted.dcp_use_otp_key: the DCP seals with the key in its fuses";

    [Theory]
    [InlineData("quiet", null, "")]
    [InlineData("quiet", TrustSource.Tee, "+trusted.source: not set, so the kernel took the first of tpm, tee, caam, dcp that")]
    [InlineData("trusted.source=tee", TrustSource.Tee, "+trusted.source=tee: the kernel's trusted keys are sealed by tee")]
    [InlineData("trusted.source=tpm2", TrustSource.Tpm, "+trusted.source=tpm2: the kernel's trusted keys are sealed by tpm")]
    [InlineData("trusted.source=caam", null, "-trusted.source=caam: the kernel asks only caam, which does not answer")]
    [InlineData("trusted.source=optee", null, "-trusted.source=optee: the kernel does not know this source")]
    [InlineData("trusted.source=dcp", TrustSource.Tee, "-trusted.source=dcp, but keys are sealed by tee")]
    [InlineData("trusted.source=caam trusted.source=dcp", TrustSource.Dcp, "+trusted.source=dcp|" + UniqueKey)]
    [InlineData("trusted.source=dcp trusted.dcp_use_otp_key=1", TrustSource.Dcp, "+trusted.source=dcp|" + OtpKey)]
    [InlineData("trusted.dcp_use_otp_key", TrustSource.Dcp, "+trusted.source: not set|" + OtpKey)]
    [InlineData("trusted.dcp-use-otp-key=0", TrustSource.Dcp, "+trusted.source: not set|" + UniqueKey)]
    [InlineData("trusted.dcp_use_otp_key=1", TrustSource.Tee, "+trusted.source: not set|~trusted.dcp_use_otp_key: it has no effect")]
    [InlineData("trusted.dcp_skip_zk_test=1", TrustSource.Dcp, "+trusted.source: not set|" + UniqueKey + "|~trusted.dcp_skip_zk_test: ")]
    [InlineData("trusted.dcp_skip_zk_test=0", null, "")]
    public void Each_parameter_is_explained_with_its_effect(string commandLine, TrustSource? source, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("sealdisk-root-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "proc"));
            File.WriteAllText(Path.Combine(folder, "proc/cmdline"), commandLine + "\n");
            var findings = TrustedParameters.Examine(KernelCommandLine.Of(new SystemRoot(folder)), source).ToArray();
            var words = expected.Split('|', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(words.Length, findings.Length);
            Assert.All(findings.Zip(words), pair =>
            {
                var level = pair.Second[0] switch { '+' => DoctorLevel.Good, '~' => DoctorLevel.Note, _ => DoctorLevel.Missing };
                Assert.Equal(level, pair.First.Level);
                Assert.StartsWith(pair.Second[1..], pair.First.Text, StringComparison.Ordinal);
                Assert.Equal(level == DoctorLevel.Good, pair.First.Remedy is null);
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
