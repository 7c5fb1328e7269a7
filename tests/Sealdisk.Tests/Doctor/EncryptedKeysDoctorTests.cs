using Sealdisk.Doctor;

namespace Sealdisk.Tests.Doctor;

/// <summary>What the doctor says of the kernel's key type for keys on two levels.</summary>
public sealed class EncryptedKeysDoctorTests
{
    [Fact]
    public void There_and_takes_keys() => Is(DoctorLevel.Good, "it takes keys from outside", KernelDoctor.EncryptedKeys(true, () => true, ["data"], ["data"]));

    [Fact]
    public void There_and_takes_none_which_nobody_needs() => Is(DoctorLevel.Good, "no recovery with a kernel source", KernelDoctor.EncryptedKeys(true, () => false, ["data"], []));

    [Fact]
    public void There_and_takes_none_for_a_recovery() => Is(DoctorLevel.Missing, "so data can be wrapped for no recovery key", KernelDoctor.EncryptedKeys(true, () => false, ["data", "logs"], ["data"]));

    [Fact]
    public void Not_there_and_needed() => Is(DoctorLevel.Missing, "which data, logs cannot do without", KernelDoctor.EncryptedKeys(false, Never, ["data", "logs"], []));

    [Fact]
    public void Not_there_and_nobody_knows_whether_it_is_needed() => Is(DoctorLevel.Note, "this kernel has no key type 'encrypted'", KernelDoctor.EncryptedKeys(false, Never, [], []));

    private static bool Never() => throw new InvalidOperationException("asked of a kernel without the type");

    private static void Is(DoctorLevel level, string words, DoctorFinding finding)
    {
        Assert.Equal("encrypted-keys", finding.Id);
        Assert.Equal(level, finding.Level);
        Assert.Contains(words, finding.Text, StringComparison.Ordinal);
        Assert.Equal(level == DoctorLevel.Good, finding.Remedy is null);
    }
}
