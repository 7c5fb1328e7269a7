using Sealdisk.Audit.Fleet;
using Sealdisk.Linux;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;
using static Sealdisk.Audit.Device.Finding;

namespace Sealdisk.Audit.Device;

/// <summary>The hardware key and who seals with it.</summary>
internal static class KeyChecks
{
    private const string TeeClass = "/sys/class/tee";
    private const string TeeDevices = "/sys/bus/tee/devices";
    private const string TrustedKeysTa = "optee-ta-f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c";
    private const string ParametersPath = "/sys/module/trusted/parameters";

    internal static IEnumerable<Finding> Run(Look look)
    {
        var huks = Huks(look);
        return [.. huks.Select(huk => huk.Finding), HukSource(look, huks), TrustedKeys(look), TrustedDebug(look), Caam(look), Dcp(look), .. TpmPolicies(look), OpTeeRevision(look), TeeNodes(look)];
    }

    /// <summary>The verdicts on the volumes' own sealed keys; null for that there is none.</summary>
    private static JudgedKey[] Huks(Look look)
    {
        using var oracle = new HukOracle();
        PublicHuks.AddConstants(oracle);
        PublicHuks.AddChip(oracle, look.Platform.Facts(look.Root));
        var findings = look.Volumes.All.Where(volume => volume.Good is not null).Select(volume => Huk(oracle, look, volume)).ToArray();
        return findings.Length > 0
            ? findings
            : [new JudgedKey(Unknown(Checks.HukUnknown, "there is no sealed key to try; make one with 'sealdisk key new' and give it to 'sealdisk blob audit'", look.Volumes.ConfigurationSeen), null)];
    }

    /// <summary>The verdict on one sealed key, which the gate of the first boot asks for too.</summary>
    internal static JudgedKey Huk(HukOracle oracle, ReadOnlySpan<byte> blob, HukFamily? family, string volume, Evidence seen)
    {
        var verdict = BlobAudit.Of(oracle, blob, family);
        var finding = verdict.Verdict switch
        {
            HukVerdict.Known => Fails(Checks.HukUnknown, $"the sealed key opens under a HUK that is public: {verdict.Known!.What}", seen, new Evidence("HUK", verdict.Known.Id)),
            HukVerdict.NoCandidateMatched => Unknown(Checks.HukUnknown, $"the sealed key opens under none of {oracle.Candidates.Count} known HUKs, which is no proof that its HUK is secret", seen),
            HukVerdict.ModelDoesNotApply when verdict.Kind == BlobKind.OpTee => Unknown(Checks.HukUnknown, $"no HUK can be tried: {verdict.Reason}", seen),
            HukVerdict.ModelDoesNotApply => NotApplicable(Checks.HukUnknown, $"{verdict.Reason}", seen),
            _ => Unknown(Checks.HukUnknown, $"the sealed key is malformed: {verdict.Reason}", seen),
        };
        return new JudgedKey(finding with { Subject = volume }, verdict.Verdict);
    }

    private static JudgedKey Huk(HukOracle oracle, Look look, AuditedVolume volume)
    {
        var blob = volume.Good!.Key.Blob.Bytes;
        var family = volume.Source == TrustSource.Soft ? null : look.Platform.Family;
        return Huk(oracle, blob, family, volume.Spec.Name, volume.Seen);
    }

    /// <summary>
    /// Holds only on a chip that is seen to be closed: an open one gives many a HUK source a test key, or nothing, which nobody sees from here. That the catalogue
    /// names a source, or that the HUK is not zeros, is not enough for a pass.
    /// </summary>
    private static Finding HukSource(Look look, JudgedKey[] huks)
    {
        if (look.Platform is { Family: null, IsPc: true })
            return NotApplicable(Checks.HukSource, "a PC has no OP-TEE");
        var ofTee = look.Volumes.All.Where(volume => volume.Good is not null && volume.Source == TrustSource.Tee).Select(volume => volume.Spec.Name).ToArray();
        bool AnyIs(HukVerdict verdict) => huks.Any(huk => huk.Verdict == verdict && ofTee.Contains(huk.Finding.Subject ?? "", StringComparer.Ordinal));
        if (ofTee.Length == 0 && look.Root.Exists("/sys/class") && look.Root.List(TeeClass).Count == 0)
            return NotApplicable(Checks.HukSource, "there is no TEE", new Evidence(TeeClass, "empty"));
        if (look.Platform.Family is not { } family)
            return Unknown(Checks.HukSource, "the chip is not in the catalogue of HUK sources", Of(look));
        if (AnyIs(HukVerdict.Known))
            return Fails(Checks.HukSource, $"this OP-TEE has no secret HUK on {family.Name}: see huk-unknown", Of(look));
        if (family.Weakness is { } weakness)
            return Fails(Checks.HukSource, $"{family.Name} {weakness}", Of(look));
        var isThere = family.Default == HukDefault.Hardware ? $"OP-TEE's own tree takes the HUK of {family.Name} from its hardware, as far as this OP-TEE was built from it"
            : AnyIs(HukVerdict.NoCandidateMatched) && family.Default != HukDefault.Public ? $"this OP-TEE's HUK is not the zeros that {family.Name} has by default" : null;
        if (isThere is not null)
            return look.Platform.LifeCycleFinding(look.Root).Status switch
            {
                FindingStatus.Holds => Holds(Checks.HukSource, $"{isThere}, and the chip is closed", Of(look)),
                FindingStatus.Fails => Unknown(Checks.HukSource, $"{isThere}; but the chip is open. Unprovisioned: {Lower(family.Unprovisioned.Text)}", Of(look)),
                _ => Unknown(Checks.HukSource, $"{isThere}; whether the chip is closed is not known. Unprovisioned: {Lower(family.Unprovisioned.Text)}", Of(look)),
            };
        return Unknown(Checks.HukSource, family.Default switch
        {
            HukDefault.Public => $"unless CFG_VERSAL_HUK_KEY was changed, the HUK of {family.Name} is made with a public development key",
            HukDefault.Off => $"the HUK of {family.Name} is all zeros unless OP-TEE was built with {family.Option.Split(',')[0]}",
            _ => $"OP-TEE's own tree has no HUK for {family.Name}: it is all zeros unless this OP-TEE was changed",
        }, Of(look));
    }

    private static Finding TrustedKeys(Look look)
    {
        var sources = look.Volumes.All.Select(volume => volume.Source).Where(source => source.IsKernel()).Distinct().ToArray();
        if (sources.Length == 0)
            return NotApplicable(Checks.TrustedKeys, "no volume has a hardware source", look.Volumes.ConfigurationSeen);
        if (!look.Root.Exists("/sys/class") && !look.Root.Exists("/sys/bus"))
            return Unknown(Checks.TrustedKeys, "there is no /sys to look at");
        var ta = new Evidence($"{TeeDevices}/{TrustedKeysTa}", "there, and bound to its driver");
        if (sources.Contains(TrustSource.Tpm))
            return look.Root.List("/sys/class/tpm") is [var tpm, ..]
                ? Holds(Checks.TrustedKeys, "the kernel has a TPM", new Evidence("/sys/class/tpm", tpm))
                : Fails(Checks.TrustedKeys, "a volume is sealed by a TPM, and the kernel has none", new Evidence("/sys/class/tpm", "empty"));
        if (!sources.Contains(TrustSource.Tee) && !sources.Contains(TrustSource.Auto))
            return Unknown(Checks.TrustedKeys, "whether CAAM or DCP backs the kernel's trusted keys cannot be seen from files", look.Volumes.ConfigurationSeen);
        if (look.Root.Exists($"{ta.Path}/driver"))
            return Holds(Checks.TrustedKeys, "OP-TEE's trusted-keys TA backs the kernel's trusted keys", ta);
        if (look.Root.Exists(ta.Path))
            return Fails(Checks.TrustedKeys, "OP-TEE has the trusted-keys TA, but no driver of the kernel is bound to it", ta with { What = "there, without driver" });
        if (sources.Contains(TrustSource.Auto) && look.Root.List("/sys/class/tpm").Count > 0)
            return Unknown(Checks.TrustedKeys, "which source 'auto' is cannot be seen from files", look.Volumes.ConfigurationSeen);
        return Fails(Checks.TrustedKeys, "OP-TEE does not offer its trusted-keys TA to the kernel: there is no OP-TEE, or it is not built in as an early TA", ta with { What = "absent" });
    }

    private static Finding TrustedDebug(Look look)
    {
        var parameter = look.Root.Read($"{ParametersPath}/debug");
        var word = look.CommandLine.Value("trusted.debug");
        if (parameter is { Ok: true, Text: "Y" or "1" } || (!parameter.Ok && word is "1" or "y" or "Y"))
            return Fails(Checks.TrustedDebugOff, "the kernel prints trusted keys in the clear", parameter.Ok ? Look.Seen(parameter) : new Evidence(CommandLine.FilePath, $"trusted.debug={word}"));
        if (parameter.Ok)
            return Holds(Checks.TrustedDebugOff, "it is off", Look.Seen(parameter));
        if (look.Kernel is { } kernel && kernel["TRUSTED_KEYS_DEBUG"] == "n")
            return Holds(Checks.TrustedDebugOff, "the kernel was built without it", look.Option("TRUSTED_KEYS_DEBUG"));
        return look.Root.Exists(ParametersPath)
            ? Holds(Checks.TrustedDebugOff, "this kernel has no such parameter", new Evidence(parameter.Path, "absent"))
            : Unknown(Checks.TrustedDebugOff, "the kernel shows no parameters of trusted keys", new Evidence(ParametersPath, "absent"));
    }

    private static Finding Caam(Look look)
    {
        var volumes = look.Volumes.All.Where(volume => volume.Source == TrustSource.Caam).ToArray();
        if (look.Platform.Family is not { HasCaam: true } && volumes.Length == 0)
            return NotApplicable(Checks.CaamKey, "no CAAM here");
        return Caam(look.Messages, volumes.FirstOrDefault(volume => IsOpen(look, volume))?.Spec.Name is { } open ? $"volume {open} is open" : null, look.Messages is { } messages && ReachesBoot(messages));
    }

    /// <summary>
    /// The driver looks at the chip's state each time that it seals or unseals, and only then (caam_process_blob of drivers/crypto/caam/blob_gen.c): a log without its warning
    /// says something only if it covers such a moment.
    /// </summary>
    /// <param name="messages">The kernel's log, or null.</param>
    /// <param name="used">What shows that CAAM has sealed or unsealed a key, or null.</param>
    /// <param name="isCovered">The log reaches back to before that.</param>
    internal static Finding Caam(IReadOnlyList<string>? messages, string? used, bool isCovered)
    {
        if (messages is null)
            return Unknown(Checks.CaamKey, "the kernel log cannot be read", new Evidence("kernel log", "unreadable"));
        if (messages.FirstOrDefault(line => line.Contains("using insecure test key", StringComparison.Ordinal)) is { } warning)
            return Fails(Checks.CaamKey, "CAAM seals with NXP's test key, which is the same on every open chip", new Evidence("kernel log", warning));
        if (used is null)
            return Unknown(Checks.CaamKey, "nothing shows that CAAM has sealed or unsealed a key since the boot, and only then its driver warns of the test key", new Evidence("kernel log", $"{messages.Count} messages"));
        return isCovered
            ? Holds(Checks.CaamKey, $"{used}, and CAAM unsealed its key without warning of the test key", new Evidence("kernel log", "no 'using insecure test key'"))
            : Unknown(Checks.CaamKey, "the kernel log does not reach back to the boot", new Evidence("kernel log", $"{messages.Count} messages"));
    }

    private static Finding Dcp(Look look)
    {
        var volumes = look.Volumes.All.Where(volume => volume.Source == TrustSource.Dcp).ToArray();
        if (look.Platform.Family is not { HasDcp: true } && volumes.Length == 0)
            return NotApplicable(Checks.DcpKey, "no DCP here");
        return Dcp(look.Root, look.CommandLine, look.Messages, volumes.FirstOrDefault(volume => IsOpen(look, volume))?.Spec.Name is { } open ? $"volume {open} is open" : null);
    }

    /// <summary>
    /// The kernel tests the key once, before it offers trusted keys of the DCP at all (trusted_dcp_init of security/keys/trusted-keys/trusted_dcp.c): that one was sealed or
    /// unsealed proves that the test was passed or skipped.
    /// </summary>
    /// <param name="root">The system.</param>
    /// <param name="commandLine">Where the test may have been switched off.</param>
    /// <param name="messages">The kernel's log, or null.</param>
    /// <param name="used">What shows that the DCP has sealed or unsealed a key, or null.</param>
    internal static Finding Dcp(SystemRoot root, CommandLine commandLine, IReadOnlyList<string>? messages, string? used)
    {
        // The kernel shows neither this parameter nor dcp_use_otp_key in /sys (their mode is 0); a kernel that does is taken at its word.
        var skip = root.Read($"{ParametersPath}/dcp_skip_zk_test");
        var word = new Evidence(CommandLine.FilePath, commandLine.IsKnown ? commandLine.Find("trusted.dcp_skip_zk_test") ?? "no trusted.dcp_skip_zk_test" : "unreadable");
        if (skip is { Ok: true, Text: "Y" or "1" } || commandLine.IsOn("trusted.dcp_skip_zk_test"))
            return Fails(Checks.DcpKey, "the kernel was told not to test the DCP's key", skip.Ok ? Look.Seen(skip) : word);
        if (messages?.FirstOrDefault(line => line.Contains("neither in secure nor trusted mode", StringComparison.Ordinal)) is { } warning)
            return Fails(Checks.DcpKey, "the DCP has no key yet: it reads as zeros", new Evidence("kernel log", warning));
        if (used is null)
            return Unknown(Checks.DcpKey, "nothing shows that the kernel has tested the DCP's key: no volume that it sealed is open", word);
        if (!commandLine.IsKnown || root.Exists("/sys/module/trusted/initstate"))
            return Unknown(Checks.DcpKey, "whether the kernel was told not to test the DCP's key cannot be seen", commandLine.IsKnown ? new Evidence("/sys/module/trusted", "a module, with parameters of its own") : word);
        return Holds(Checks.DcpKey, $"{used}: the kernel offers keys of the DCP only after it has tested its key for zeros", word);
    }

    /// <summary>It is mounted through a mapping of Sealdisk's: its key was unsealed since the boot.</summary>
    private static bool IsOpen(Look look, AuditedVolume volume) =>
        volume.Spec.Mount is { } target && look.Mounts?.LastOrDefault(mount => mount.Target == target) is { } mount
        && look.MapperUuid(mount.Device).StartsWith(DmUuid.Prefix, StringComparison.Ordinal);

    private static IEnumerable<Finding> TpmPolicies(Look look)
    {
        var any = false;
        foreach (var volume in look.Volumes.All.Where(volume => volume.Good is { Source: TrustSource.Tpm }))
        {
            any = true;
            var description = BlobDescription.Of(volume.Good!.Key.Blob.Bytes);
            string? Detail(string name) => description.Details.FirstOrDefault(detail => detail.Name == name).Value;
            var evidence = new Evidence("sealed key", string.Join(", ", description.Details.Select(detail => $"{detail.Name} {detail.Value}")));
            var finding = (Detail("policy"), Detail("fixedTPM")) switch
            {
                (null, _) => Unknown(Checks.TpmPolicy, "the sealed key does not show its policy", evidence),
                ("none", _) => Fails(Checks.TpmPolicy, "the TPM unseals the key without any policy, for whatever was booted", evidence),
                (_, "no") => Fails(Checks.TpmPolicy, "the sealed key may be moved to another TPM", evidence),
                _ => Holds(Checks.TpmPolicy, "the key has a policy and is fixed to its TPM; what the policy demands cannot be seen", evidence),
            };
            yield return finding with { Subject = volume.Spec.Name };
        }
        if (!any)
            yield return NotApplicable(Checks.TpmPolicy, "no volume is sealed by a TPM");
    }

    private static Finding OpTeeRevision(Look look)
    {
        var revision = look.Root.Read("/sys/class/tee/tee0/revision");
        if (revision.Ok)
            return Holds(Checks.OpTeeRevision, $"OP-TEE {revision.Text}", Look.Seen(revision));
        if (look.Messages?.FirstOrDefault(line => line.Contains("optee: revision", StringComparison.Ordinal)) is { } message)
            return Holds(Checks.OpTeeRevision, $"OP-TEE {message[(message.IndexOf("revision ", StringComparison.Ordinal) + 9)..]}", new Evidence("kernel log", message));
        return look.Root.List(TeeClass).Count > 0
            ? Unknown(Checks.OpTeeRevision, "OP-TEE is there, and its revision is shown nowhere", Look.Seen(revision))
            : NotApplicable(Checks.OpTeeRevision, "there is no TEE", new Evidence(TeeClass, "empty"));
    }

    private static Finding TeeNodes(Look look)
    {
        if (look.Root.List(TeeClass).Count == 0)
            return NotApplicable(Checks.TeeNodes, "there is no TEE", new Evidence(TeeClass, "empty"));
        foreach (var path in new[] { "/dev/tee0", "/dev/teepriv0" })
        {
            if (look.Root.OwnershipOf(path) is not { } ownership)
                return Unknown(Checks.TeeNodes, $"the mode of {path} is not known");
            if ((ownership.Mode & Permissions.Mode0006) != 0)
                return Fails(Checks.TeeNodes, $"everybody may use {path}", new Evidence(path, $"mode {Permissions.Text(ownership.Mode)}"));
        }
        return Holds(Checks.TeeNodes, "others may not use the TEE's nodes", new Evidence("/dev/tee0", "no rights for others"));
    }

    private static bool ReachesBoot(IReadOnlyList<string> messages) =>
        messages.Take(50).Any(line => line.Contains("Linux version ", StringComparison.Ordinal) || line.Contains("Booting Linux on", StringComparison.Ordinal));

    private static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..].TrimEnd('.');

    private static Evidence[] Of(Look look) => look.Platform.Evidence is { } evidence ? [evidence] : [];

    /// <summary>A finding on a sealed key, and the verdict that it is of; null where there was no key.</summary>
    internal sealed class JudgedKey(Finding finding, HukVerdict? verdict)
    {
        internal Finding Finding => finding;

        internal HukVerdict? Verdict => verdict;
    }
}
