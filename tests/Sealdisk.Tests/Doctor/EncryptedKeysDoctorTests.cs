using Sealdisk.Doctor;

namespace Sealdisk.Tests.Doctor;

/// <summary>What the doctor says about the kernel's key type for keys on two levels.</summary>
public sealed class EncryptedKeysDoctorTests
{
    [Fact]
    public void A_kernel_that_takes_keys_from_outside_is_good() =>
        Is(DoctorLevel.Good, "it takes keys from outside", KernelDoctor.EncryptedKeys(true, () => true, ["data"], ["data"]));

    [Fact]
    public void A_kernel_that_takes_none_is_good_if_no_volume_has_a_recovery_key() =>
        Is(DoctorLevel.Good, "a kernel source cannot have a recovery key", KernelDoctor.EncryptedKeys(true, () => false, ["data"], []));

    [Fact]
    public void A_kernel_that_takes_none_is_a_problem_for_a_volume_with_a_recovery_key() => Is(
        DoctorLevel.Missing,
        "so data cannot have a recovery key",
        KernelDoctor.EncryptedKeys(true, () => false, ["data", "logs"], ["data"]));

    [Fact]
    public void A_key_type_that_volumes_need_is_missing() =>
        Is(DoctorLevel.Missing, "which data, logs cannot do without", KernelDoctor.EncryptedKeys(false, Never, ["data", "logs"], []));

    [Fact]
    public void A_key_type_is_merely_noted_without_a_configuration() =>
        Is(DoctorLevel.Note, "this kernel has no key type 'encrypted'", KernelDoctor.EncryptedKeys(false, Never, [], []));

    private static bool Never() => throw new InvalidOperationException("asked of a kernel without the type");

    private static void Is(DoctorLevel level, string words, DoctorFinding finding)
    {
        Assert.Equal("encrypted-keys", finding.Id);
        Assert.Equal(level, finding.Level);
        Assert.Contains(words, finding.Text, StringComparison.Ordinal);
        Assert.Equal(level == DoctorLevel.Good, finding.Remedy is null);
    }
}
