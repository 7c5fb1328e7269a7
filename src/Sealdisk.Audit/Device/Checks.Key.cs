namespace Sealdisk.Audit.Device;

public static partial class Checks
{
    internal static Check HukUnknown => new(
        "huk-unknown", CheckGroup.Key, Severity.Critical,
        "No sealed key opens under a HUK that is public knowledge",
        "OP-TEE seals with a key derived from the chip's hardware unique key (HUK). Where that is all zeros, or follows from a serial number that anybody can read, whoever copies the disk opens the sealed key with public software and reads everything, without the device.",
        "Give OP-TEE a real HUK (huk-source says how on this chip), then seal anew: the keys sealed so far, and the data under them, must be taken as read. A volume must get a new key, not the same key sealed again.",
        "The sealed key of each volume's own record is tried against known HUKs and, where the chip shows its DNA or UID, against what follows from those. A right 128-bit tag proves the HUK. That none matches proves nothing: the result is then unknown, never a pass.",
        "optee_os core/kernel/otp_stubs.c; docs/huk-sources.md");

    internal static Check HukSource => new(
        "huk-source", CheckGroup.Key, Severity.High,
        "OP-TEE has a HUK source on this chip",
        "On most platforms OP-TEE has no HUK, or only with an option that is off by default. It then works as always, with a HUK of zeros, and says so on the secure console only.",
        "'sealdisk huk families FAMILY' names the option, its default and what must be burnt. Ask whoever built the OP-TEE, and see the audit of a sealed key for what can be proven.",
        "The chip, by the device tree's compatible strings, against the catalogue of OP-TEE's own tree. A chip maker's tree may differ, so an option that is off by default is unknown, not a failure; and a source that is there holds only on a chip that is seen to be closed.",
        "docs/huk-sources.md");

    internal static Check TrustedKeys => new(
        "trusted-keys", CheckGroup.Key, Severity.High,
        "The kernel's trusted keys are backed by the trust source that the volumes use",
        "Without it no volume opens at the next boot; and a system built so that keys are made elsewhere usually keeps them in a file.",
        "OP-TEE needs its trusted-keys TA as an early TA (CFG_IN_TREE_EARLY_TAS += trusted_keys/f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c); the kernel CONFIG_TRUSTED_KEYS_TEE, and trusted.source= where several sources are there.",
        "/sys/bus/tee/devices for the TA and its driver, /sys/module/trusted/parameters/source, /sys/class/tpm. Matters for volumes with a hardware source.",
        "linux security/keys/trusted-keys, Documentation/security/keys/trusted-encrypted.rst");

    internal static Check TrustedDebugOff => new(
        "trusted-debug-off", CheckGroup.Key, Severity.Critical,
        "The kernel does not print trusted keys",
        "With trusted.debug the kernel writes the plaintext of trusted keys to its log, from where it reaches files and log servers.",
        "Remove trusted.debug from the command line and build without CONFIG_TRUSTED_KEYS_DEBUG. Treat keys that were in use meanwhile as read.",
        "/sys/module/trusted/parameters/debug, the command line, CONFIG_TRUSTED_KEYS_DEBUG.",
        "linux security/keys/trusted-keys (2026)");

    internal static Check CaamKey => new(
        "caam-key", CheckGroup.Key, Severity.Critical,
        "CAAM uses the chip's own key, not NXP's test key",
        "While the chip is in neither secure nor trusted state CAAM seals with a test key that is the same on all chips. What is sealed with it opens on every other open chip, and no longer opens once the device is closed.",
        "Close the device (HAB) before the first boot seals anything; then make the volumes anew.",
        "The kernel log, for the driver's warning 'using insecure test key'. The driver looks only when it seals or unseals a key: without the warning this holds where a volume that CAAM sealed is open and the log reaches back to the boot. As a requirement of a first boot it is tried on a key that is sealed for the purpose.",
        "linux drivers/crypto/caam/blob_gen.c");

    internal static Check DcpKey => new(
        "dcp-key", CheckGroup.Key, Severity.Critical,
        "DCP uses the chip's own key, not one of zeros",
        "While the chip is in neither secure nor trusted state the DCP's key reads as zeros, and what it seals opens anywhere. The kernel refuses to seal then, unless it was told to skip that test.",
        "Close the device, and remove trusted.dcp_skip_zk_test.",
        "The command line for trusted.dcp_skip_zk_test (the kernel does not show it in /sys), and the kernel log for 'neither in secure nor trusted mode'. A kernel that was not told to skip its test offers no keys of a DCP without a key, so this holds where a volume that the DCP sealed is open; as a requirement of a first boot it is tried on a key that is sealed for the purpose.",
        "linux security/keys/trusted-keys/trusted_dcp.c");

    internal static Check TpmPolicy => new(
        "tpm-policy", CheckGroup.Key, Severity.High,
        "A key sealed by a TPM is bound to a policy and to that TPM",
        "Without a policy the TPM unseals for whatever the machine boots, a system from a USB stick too. Without fixedTPM the sealed object may be moved to another TPM.",
        "Seal with a policy over PCRs that measure the boot chain (policydigest=), fixed to the TPM and its parent.",
        "The public part of each TPM 2.0 blob: its policy and attributes. What PCRs a policy covers cannot be seen from its digest.",
        "linux security/keys/trusted-keys/trusted_tpm2.c; TPM 2.0 library, part 2");

    internal static Check OpTeeRevision => new(
        "optee-revision", CheckGroup.Key, Severity.Info,
        "OP-TEE's revision is known",
        "Where the HUK comes from depends on OP-TEE's version on several chips, so an update can change the HUK: sealed keys then no longer open.",
        "Keep the OP-TEE version with each release; before an update see in docs/huk-sources.md whether the HUK changes. Linux shows it in /sys/class/tee/tee0/revision from 6.19, and in the log before.",
        "/sys/class/tee/tee0/revision, else the kernel log's line 'optee: revision'.",
        "linux drivers/tee/optee");

    internal static Check TeeNodes => new(
        "tee-nodes", CheckGroup.Key, Severity.Low,
        "Not everybody may talk to the TEE",
        "Any process that may open /dev/tee0 can open sessions with trusted applications and search them for faults.",
        "Give /dev/tee0 to a group of its own, mode 0660, by a udev rule.",
        "The modes of /dev/tee0 and /dev/teepriv0.",
        "linux Documentation/driver-api/tee.rst");
}
