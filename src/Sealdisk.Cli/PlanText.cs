using System.Diagnostics;
using Sealdisk.Lifecycle;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli;

/// <summary>The words for a plan and its steps, as <c>plan</c> and <c>up</c> print them and their JSON has them.</summary>
internal static class PlanText
{
    /// <summary>For people: "first boot", "later boot", ...</summary>
    internal static string Title(PlanKind kind) => kind switch
    {
        PlanKind.AlreadyUp => "already up",
        PlanKind.FirstBoot => "first boot",
        PlanKind.Resume => "resuming a first boot that was cut short",
        PlanKind.LaterBoot => "later boot",
        _ => "refused",
    };

    /// <summary>For programs: the field "plan" of the JSON.</summary>
    internal static string Word(PlanKind kind) => kind switch
    {
        PlanKind.AlreadyUp => "already_up",
        PlanKind.FirstBoot => "first_boot",
        PlanKind.Resume => "resume",
        PlanKind.LaterBoot => "later_boot",
        _ => "refusal",
    };

    /// <summary>For programs: the field "step" of the JSON.</summary>
    internal static string Word(Step step) => step switch
    {
        Step.CreateImage => "image",
        Step.ClearDeadMapping or Step.CloseMapping => "clear",
        Step.MeetRequirements => "require",
        Step.MakeParent => "parent",
        Step.SealNewKey or Step.MakeTwoLevelKey or Step.Unseal => "key",
        Step.WriteProvisioning or Step.WriteReady => "record",
        Step.RepairRecord => "repair",
        Step.OpenMapping => "mapping",
        Step.MakeFilesystem or Step.VerifyFilesystem or Step.VerifyUnused => "filesystem",
        Step.CheckFilesystem => "fsck",
        Step.Mount => "mount",
        _ => throw new UnreachableException(),
    };

    /// <summary>For people: what the step will do.</summary>
    internal static string Intent(Step step) => step switch
    {
        Step.CreateImage create => $"create {create.Path}, {create.Size} bytes",
        Step.ClearDeadMapping => "take down what a dead server left behind",
        Step.CloseMapping => "close the mapping that an interrupted 'up' left open",
        Step.MeetRequirements meet => $"verify that the device meets {string.Join(", ", meet.Checks)}",
        Step.MakeParent parent => $"make the TPM's parent key 0x{parent.Handle:x8}, which stays in the TPM",
        Step.SealNewKey key => $"make a random key of {key.KeySize} bytes, sealed by {SealedBy(key.Source, key.Tpm)}",
        Step.MakeTwoLevelKey key => Intent(key),
        Step.WriteProvisioning write => $"write 'provisioning' to both copies ({Place(write.RecordFile)}), read back, unseal",
        Step.RepairRecord repair => $"rewrite the bad copy of the record: {repair.Why}",
        Step.Unseal { Record: { Key.Kind: KeyKind.Encrypted } record } =>
            $"unseal the root key with {record.Source.Text()}, and decrypt the key of {record.Format.KeySize} bytes under it",
        Step.Unseal { Record: var record } => $"unseal the key of {record.Format.KeySize} bytes with {record.Source.Text()}",
        Step.OpenMapping open => $"map through {open.Kind.Text()}: {open.Cipher.Text}, {open.SectorSize}-byte sectors",
        Step.MakeFilesystem make => $"make {make.Type}",
        Step.WriteReady write => $"write 'ready' to both copies ({Place(write.RecordFile)})",
        Step.VerifyFilesystem verify => $"verify that it is {verify.Type} {verify.Uuid}",
        Step.VerifyUnused verify => $"verify that no {verify.Type} on it was ever in use",
        Step.CheckFilesystem check => $"check {check.Type}",
        Step.Mount mount => $"mount on {mount.Target}",
        _ => throw new UnreachableException(),
    };

    private static string Intent(Step.MakeTwoLevelKey key)
    {
        var (size, source) = (key.KeySize, SealedBy(key.Source, key.Tpm));
        var make = key.SharedWith is { } volume
            ? $"make a random key of {size} bytes, encrypted under the root key of {volume}, sealed by {source}"
            : $"make a random root key, sealed by {source}, and a random key of {size} bytes, encrypted under it";
        return key.RecoveryKeyId is { } recovery ? $"{make}, and wrapped for recovery key {recovery}" : make;
    }

    /// <summary>The source, and what a TPM binds the key to.</summary>
    private static string SealedBy(TrustSource source, TpmSettings tpm)
    {
        if (!source.IsTpm() || tpm == TpmSettings.Default)
            return source.Text();
        var pcrs = tpm.Pcrs.Count > 0 ? $", PCRs {string.Join(' ', tpm.Pcrs)}" : "";
        var password = tpm.Auth is { } auth ? $", password in {auth}" : "";
        return $"{source.Text()} (parent 0x{tpm.Parent:x8}{pcrs}{password})";
    }

    private static string Place(string? recordFile) => recordFile ?? "header";
}
