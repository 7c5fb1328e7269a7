using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>How a TPM seals: [source.tpm]. Only <see cref="Default"/> means anything to a TPM 1.2.</summary>
/// <param name="Parent">Persistent handle of the storage key under which it seals.</param>
/// <param name="Hash">Name algorithm of the sealed object, in the kernel's words; null for the kernel's default, sha256.</param>
/// <param name="Pcrs">The key opens only while these PCRs are what they were; ascending, empty for whatever was booted.</param>
/// <param name="Auth">File with a password of the sealed object, hex text of 20 bytes; null for none.</param>
public sealed record TpmSettings(uint Parent, string? Hash, IReadOnlyList<int> Pcrs, string? Auth)
{
    /// <summary>Where the TCG wants the storage root key (Registry of Reserved TPM 2.0 Handles and Localities).</summary>
    public const uint DefaultParent = 0x81000001;

    /// <summary>Without [source.tpm].</summary>
    public static TpmSettings Default { get; } = new(DefaultParent, null, [], null);

    /// <summary>The TPM: a device, or "unix:" and the path of a socket, which the kernel's trusted keys cannot use.</summary>
    public string Device { get; init; } = TpmDevice.ResourceManager;

    /// <summary>The bank of the PCRs: sha256 or sha384.</summary>
    public string Bank { get; init; } = PcrValues.DefaultBank;

    /// <summary>It is not a TPM of the kernel's.</summary>
    public bool IsSocket => Device.StartsWith(TpmDevice.SocketPrefix, StringComparison.Ordinal);
}
