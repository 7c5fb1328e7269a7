using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// A policy session that stands ready in the TPM for the kernel to unseal with (policyhandle=): the kernel makes none itself. It is made
/// on the TPM's own device, since the resource manager would take it away again, and gone when this is disposed: used by the kernel, or
/// flushed.
/// </summary>
internal sealed class PolicySession : IDisposable
{
    private readonly uint _handle;

    private PolicySession(uint handle) => _handle = handle;

    /// <summary>The kernel's option for it.</summary>
    internal string Option => string.Create(CultureInfo.InvariantCulture, $" policyhandle={_handle:x8}");

    /// <summary>A session in which the policy of these PCRs is met, as far as they are what they were.</summary>
    /// <exception cref="LinuxException">The TPM cannot be had.</exception>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static PolicySession Start(string bank, IReadOnlyList<int> pcrs, bool withPassword)
    {
        using var tpm = Tpm2.OpenRaw();
        var handle = tpm.StartPolicySession();
        try
        {
            tpm.PolicyPcr(handle, bank, pcrs);
            if (withPassword)
                tpm.PolicyPassword(handle);
            return new PolicySession(handle);
        }
        catch (TpmException)
        {
            tpm.Flush(handle);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            using var tpm = Tpm2.OpenRaw();
            tpm.Flush(_handle);
        }
        catch (Exception problem) when (problem is TpmException or LinuxException)
        {
            // Used and gone, which is the usual end of it.
        }
    }
}
