using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Lifecycle;

/// <summary>What no rotation can do, since the kernel hands out no key, and takes none that it is to trust.</summary>
public sealed class RotationRefusalTests
{
    [Theory]
    [InlineData(KeyKind.Trusted, TrustSource.Soft, TrustSource.Soft, null)]
    [InlineData(KeyKind.Encrypted, TrustSource.Soft, TrustSource.Soft, null)]
    [InlineData(KeyKind.Encrypted, TrustSource.Soft, TrustSource.Tpm, null)]
    [InlineData(KeyKind.Encrypted, TrustSource.Tee, TrustSource.Tee, null)]
    [InlineData(
        KeyKind.Trusted,
        TrustSource.Tee,
        TrustSource.Tee,
        "cannot rotate data: its key is a trusted key of source 'tee', which never leaves the kernel")]
    [InlineData(
        KeyKind.Trusted,
        TrustSource.Tpm,
        TrustSource.Soft,
        "cannot rotate data: its key is a trusted key of source 'tpm', which never leaves the kernel")]
    [InlineData(
        KeyKind.Trusted,
        TrustSource.Soft,
        TrustSource.Tee,
        "cannot move data to source 'tee': the kernel makes every trusted key itself")]
    [InlineData(
        KeyKind.Encrypted,
        TrustSource.Tee,
        TrustSource.Soft,
        "cannot move data from source 'tee' to 'soft': its key is decrypted only in the kernel")]
    [InlineData(
        KeyKind.Encrypted,
        TrustSource.Tee,
        TrustSource.Tpm,
        "cannot move data from source 'tee' to 'tpm': its key is decrypted only in the kernel")]
    public void A_rotation_that_cannot_carry_the_key_over_is_refused(KeyKind key, TrustSource from, TrustSource to, string? message)
    {
        var refusal = VolumeRotation.CannotCarry("data", key, from, to);
        if (message is null)
        {
            Assert.Null(refusal);
            return;
        }
        Assert.StartsWith(message, refusal!.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, refusal.Code);
        Assert.StartsWith("nothing was changed", refusal.Hint, StringComparison.Ordinal);
    }
}
