using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Volumes.Keys;

/// <summary>The kernel's bare errno becomes an exit code, a cause and a way out.</summary>
public sealed class TrustedKeyProblemTests
{
    private static readonly string[] Log =
    [
        "usb 1-1: new device",
        "trusted-key-tee optee-ta-f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c: TA_CMD_UNSEAL invoke err: ffff000f",
        "trusted_key: key_unseal failed (-14)",
        "trusted_key: device-mapper: crypt: Error decoding and setting key",
    ];

    [Theory]
    [InlineData(Errno.EFAULT, ExitCode.DoesNotOpen, "this hardware does not open it (EFAULT)")]
    [InlineData(Errno.EBADMSG, ExitCode.DoesNotOpen, "this hardware does not open it (EBADMSG)")]
    [InlineData(Errno.EPERM, ExitCode.DoesNotOpen, "this hardware does not open it (EPERM)")]
    [InlineData(Errno.EINVAL, ExitCode.DoesNotOpen, "it is not a blob of its trust source (EINVAL)")]
    [InlineData(Errno.ENODEV, ExitCode.Lacking, "no working 'trusted' key type (ENODEV)")]
    [InlineData(Errno.EDQUOT, ExitCode.Failed, "quota of keys is used up (EDQUOT)")]
    [InlineData(Errno.EACCES, ExitCode.Failed, "the keyring refuses (EACCES)")]
    [InlineData(Errno.ENOMEM, ExitCode.Failed, "(ENOMEM)")]
    public void A_failed_load_is_explained_by_its_errno(Errno errno, ExitCode code, string words)
    {
        var problem = TrustedKeyProblem.OfLoad(new LinuxException(errno, "add trusted key", "x"), "the key of data", Log);
        Assert.Equal(code, problem.Code);
        Assert.Contains($"cannot unseal the key of data: ", problem.Message, StringComparison.Ordinal);
        Assert.Contains(words, problem.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(problem.Hint));
    }

    [Fact]
    public void Only_the_kernel_log_lines_about_this_key_are_shown_and_explained()
    {
        var hint = TrustedKeyProblem.OfLoad(new LinuxException(Errno.EFAULT, "add trusted key", "x"), "the key of data", Log).Hint!;
        Assert.Contains("TA_CMD_UNSEAL invoke err: ffff000f (security: authentication failed)", hint, StringComparison.Ordinal);
        Assert.Contains("key_unseal failed (-14)", hint, StringComparison.Ordinal);
        Assert.DoesNotContain("usb", hint, StringComparison.Ordinal);
        Assert.DoesNotContain("device-mapper", hint, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "log",
            TrustedKeyProblem.OfLoad(new LinuxException(Errno.EFAULT, "add trusted key", "x"), "k", []).Hint!,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EFAULT, ExitCode.Failed, "the trust source refused")]
    [InlineData(Errno.EINVAL, ExitCode.Failed, "neither the request nor its options")]
    [InlineData(Errno.ENODEV, ExitCode.Lacking, "no working 'trusted' key type")]
    public void A_failed_new_key_is_explained_by_its_errno(Errno errno, ExitCode code, string words)
    {
        var problem = TrustedKeyProblem.OfNew(new LinuxException(errno, "add trusted key", "x"), "key kmk", Log);
        Assert.Equal(code, problem.Code);
        Assert.Contains(words, problem.Message, StringComparison.Ordinal);
    }
}
