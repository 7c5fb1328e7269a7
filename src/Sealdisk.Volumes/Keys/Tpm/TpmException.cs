using System.Globalization;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>A TPM answered with something else than success, or with something that is no answer.</summary>
/// <param name="command">The command, such as TPM2_EvictControl.</param>
/// <param name="code">The response code; 0 if the reply itself makes no sense, or one of those above 32 bits that are ours.</param>
internal sealed class TpmException(string command, ulong code) : Exception(Sentence(command, code))
{
    /// <summary>No TPM's: the reply was not made by the TPM that has the session's key, or was changed on the way.</summary>
    internal const ulong NotAuthentic = 1UL << 32;

    /// <summary>No TPM's: the parent is a key for which no session can be salted here.</summary>
    internal const ulong UnknownKey = NotAuthentic + 1;

    /// <summary>No TPM 2.0's: it answered as a TPM 1.2 does.</summary>
    internal const ulong OldTpm = NotAuthentic + 2;

    // TPM 2.0 Library, part 2, 6.6: the codes that a person can do something about.
    internal const uint NvSpace = 0x14b, NvDefined = 0x14c, Lockout = 0x921;
    private const uint AuthFail = 0x08e, BadAuth = 0x0a2, AuthUnavailable = 0x12f;
    private const uint Handle = 0x08b, Hierarchy = 0x085, Policy = 0x09d, PcrChanged = 0x128, Integrity = 0x09f;
    private const uint NotStarted = 0x100, SelfTestFailed = 0x101;
    private const uint ObjectMemory = 0x902, SessionMemory = 0x903, ObjectHandles = 0x905, SessionHandles = 0x906;
    private const uint Yielded = 0x908, Testing = 0x90a, NvRate = 0x920, Retry = 0x922, NvUnavailable = 0x923;
    private const uint Warnings = 0x900;
    private const ushort Tpm12Reply = 0x00c4;
    private const uint FormatOne = 0x080;

    internal ulong Code => code;

    /// <summary>What the TPM has against it, without the number of the handle, session or parameter that it names.</summary>
    internal ulong Kind => KindOf(code);

    /// <summary>There is no object under that handle: TPM_RC_HANDLE.</summary>
    internal bool IsNoObject => Kind == Handle;

    /// <summary>A password is set where none was given, or it is another one.</summary>
    internal bool IsAuthorisation => Kind is AuthFail or BadAuth;

    /// <summary>The policy of the object is not met.</summary>
    internal bool IsPolicy => Kind is Policy or PcrChanged or AuthUnavailable;

    /// <summary>
    /// It is the state of the TPM that is in the way, and not what it was asked to open: locked, full, switched off, or out of order.
    /// </summary>
    internal bool IsOfTpm => code is 0 or UnknownKey or OldTpm || Kind is NotStarted or SelfTestFailed or Hierarchy
        || (code < NotAuthentic && (code & FormatOne) == 0 && code >= Warnings);

    /// <summary>The TPM takes the same command a little later.</summary>
    internal static bool IsPutOff(uint code) => code is Retry or Yielded or Testing or NvRate or NvUnavailable;

    /// <summary>Whether the tag of a reply is that of a TPM 1.2, which has no others.</summary>
    internal static bool IsOfTpm12(ushort tag) => tag == Tpm12Reply;

    private static ulong KindOf(ulong code) => code < NotAuthentic && (code & FormatOne) != 0 ? code & 0x0bf : code;

    private static string Sentence(string command, ulong code) => code switch
    {
        0 => $"{command}: the TPM's reply makes no sense",
        NotAuthentic => $"{command}: the reply is not the TPM's own, or was changed on its way",
        UnknownKey => $"{command}: the parent key is of a kind that no session can be salted for;"
            + " it has to be RSA with 2048 to 4096 bits, or P-256 or P-384, with the name algorithm SHA-256",
        OldTpm => $"{command}: this is a TPM 1.2, and not a TPM 2.0",
        _ => string.Create(CultureInfo.InvariantCulture, $"{command}: {Words(code)} (TPM response code 0x{code:x3})"),
    };

    private static string Words(ulong code) => KindOf(code) switch
    {
        NvSpace => "the TPM has no room for another persistent object",
        NvDefined => "that handle is in use",
        Lockout => "the TPM is locked after too many failures",
        AuthFail or BadAuth => "a password is needed",
        Handle => "there is no such object",
        Hierarchy => "that hierarchy is switched off",
        Policy or PcrChanged => "the policy is not met",
        AuthUnavailable => "the object has a policy, and is used without one",
        Integrity => "it was sealed under another key, or was altered",
        ObjectMemory or SessionMemory or ObjectHandles or SessionHandles => "the TPM has no room for another object or session",
        NotStarted => "the TPM was not started by the firmware",
        SelfTestFailed => "the TPM has failed its self-test",
        Retry or Yielded or Testing or NvRate or NvUnavailable => "the TPM stays busy",
        _ => "the TPM refused",
    };
}
