using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Volumes.Keys;

/// <summary>What the command line gives of a chip.</summary>
/// <param name="OtpFile">File with secret fuse words, or null.</param>
/// <param name="KeyFile">File with a secret key, or null.</param>
/// <param name="Uid">Unique identifier, or null.</param>
/// <param name="Dna">Device DNA, or null.</param>
/// <param name="UserFuses">User fuse words, or null.</param>
/// <param name="Scratch">Scratch memory, or null.</param>
public sealed record ChipValues(string? OtpFile, string? KeyFile, byte[]? Uid, byte[]? Dna, byte[]? UserFuses, byte[]? Scratch);

/// <summary>Computes a chip's HUK on the bench from what its maker knows of its fuses.</summary>
public static class HukDerivation
{
    /// <summary>The text of a HUK file, in locked memory that the caller wipes by disposing it.</summary>
    /// <exception cref="SealdiskException">
    /// The values are not those that the HUK follows from, or a file cannot be used (2); or it cannot be computed, since its secret never
    /// leaves the chip (5).
    /// </exception>
    public static SecretBuffer Derive(HukFamily family, ChipValues chip)
    {
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(chip);
        if (family.Recipe is not { } recipe)
            throw SealdiskException.Lacking(
                $"cannot derive the HUK of {family.Name}: its secret never leaves the chip",
                "only that chip opens what it sealed; keep a second way to the data, such as a backup");
        if (CurrentProcess.HasCapability(Capability.IpcLock))
            CurrentProcess.LockAllMemory();
        using var otp = chip.OtpFile is null ? null : FuseFile.Read(chip.OtpFile);
        using var key = chip.KeyFile is null ? null : FuseFile.Read(chip.KeyFile);
        using var huk = SecretBuffer.Allocate(HukModels.Size);
        var values = new FuseValues
        {
            Otp = otp is null ? [] : otp.Memory.Span,
            Key = key is null ? [] : key.Memory.Span,
            Uid = chip.Uid,
            Dna = chip.Dna,
            UserFuses = chip.UserFuses,
            Scratch = chip.Scratch,
        };
        if (!recipe.TryDerive(values, huk.Memory.Span))
            throw SealdiskException.Usage(
                $"cannot derive the HUK of {family.Name}: these are not the values that it is derived from", $"give {recipe.Needs}");
        var text = SecretBuffer.Allocate((2 * HukModels.Size) + 1);
        HukText.Write(huk.Memory.Span, text.Memory.Span);
        return text;
    }
}
