using System.Globalization;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>A TPM answered with something else than success, or with something that is no answer.</summary>
/// <param name="command">The command, such as TPM2_EvictControl.</param>
/// <param name="code">The response code; 0 if the reply itself makes no sense.</param>
internal sealed class TpmException(string command, uint code) : Exception(Sentence(command, code))
{
    // TPM 2.0 Library, part 2, 6.6: the codes that a person can do something about.
    internal const uint NvSpace = 0x14b, NvDefined = 0x14c;
    private const uint AuthFail = 0x08e, BadAuth = 0x0a2, Lockout = 0x921, Handle = 0x08b, Hierarchy = 0x085, Policy = 0x09d;
    private const uint FormatOne = 0x080;

    internal uint Code => code;

    /// <summary>What the TPM has against it, without the number of the handle, session or parameter that it names.</summary>
    internal uint Kind => (code & FormatOne) != 0 ? code & 0x0bf : code;

    /// <summary>There is no object under that handle: TPM_RC_HANDLE.</summary>
    internal bool IsNoObject => Kind == Handle;

    /// <summary>A password is set where none was given.</summary>
    internal bool IsAuthorisation => Kind is AuthFail or BadAuth;

    private static string Sentence(string command, uint code) => code == 0
        ? $"{command}: the TPM's reply makes no sense"
        : string.Create(CultureInfo.InvariantCulture, $"{command}: {Words(code)} (TPM response code 0x{code:x3})");

    private static string Words(uint code) => ((code & FormatOne) != 0 ? code & 0x0bf : code) switch
    {
        NvSpace => "the TPM has no room for another persistent object",
        NvDefined => "that handle is in use",
        Lockout => "the TPM is locked after too many failures",
        AuthFail or BadAuth => "a password is needed",
        Handle => "there is no such object",
        Hierarchy => "that hierarchy is switched off",
        Policy => "the policy is not met",
        _ => "the TPM refused",
    };
}
