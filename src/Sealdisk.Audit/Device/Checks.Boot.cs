namespace Sealdisk.Audit.Device;

public static partial class Checks
{
    internal static Check Closed => new(
        "closed", CheckGroup.Boot, Severity.Critical,
        "The chip is closed: it boots signed code only",
        "An open chip boots whatever its owner of the moment puts on the boot medium: a kernel of his own, on which he is root, asks the same OP-TEE to unseal the same key, and it does.",
        "Burn the key hash, see that the signed images boot without an error event, then close the device. On many chips closing changes the key: make the volumes anew afterwards.",
        "The life-cycle fuse of the chip's family through nvmem, as docs/huk-sources.md states it per family. It shows what is burnt, not what this boot did. Families without such a file are unknown.",
        "docs/huk-sources.md");

    internal static Check UefiSecureBoot => new(
        "uefi-secure-boot", CheckGroup.Boot, Severity.High,
        "UEFI secure boot is on, and its keys are set",
        "With secure boot off, or in setup mode, the firmware starts any boot loader: an attacker's system then runs on the same hardware, and a TPM without a policy, or the TEE, serves it.",
        "Enrol your keys, leave setup mode, turn secure boot on; protect the firmware's setup with a password.",
        "The EFI variables SecureBoot and SetupMode. Does not apply where the system did not boot through UEFI.",
        "UEFI specification, 3.3 and 32; linux Documentation/filesystems/efivarfs.rst");

    internal static Check ModuleSignatures => new(
        "module-signatures", CheckGroup.Boot, Severity.High,
        "The kernel loads no module without a good signature",
        "Root loads a module of his own into the kernel, reads the keys of all mappings there, and asks the trust source to unseal more.",
        "CONFIG_MODULE_SIG_FORCE=y or module.sig_enforce=1; or no modules at all; or kernel.modules_disabled=1 once all are loaded.",
        "/sys/module/module/parameters/sig_enforce, lockdown, kernel.modules_disabled, CONFIG_MODULES.",
        "linux Documentation/admin-guide/module-signing.rst");

    internal static Check Lockdown => new(
        "lockdown", CheckGroup.Boot, Severity.Medium,
        "Kernel lockdown keeps root out of kernel memory",
        "Without lockdown=confidentiality root has many ways to read the kernel's memory, where dm-crypt and the keyring hold keys in the clear; without any lockdown root may also replace the kernel's code.",
        "Boot with lockdown=confidentiality (CONFIG_SECURITY_LOCKDOWN_LSM, CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y), and with a command line that nobody can change.",
        "/sys/kernel/security/lockdown. 'integrity' still lets root read keys, so it does not meet this.",
        "kernel_lockdown(7)");

    internal static Check DmVerity => new(
        "dm-verity", CheckGroup.Boot, Severity.Medium,
        "The root filesystem is verified",
        "Signed boot ends with the kernel. Whoever writes to an unverified root filesystem, with the disk in another machine, has his programs run as root at the next boot, after the volumes are open.",
        "Put the root filesystem on dm-verity with its root hash in the signed command line or initramfs; or on fs-verity or IPE; or keep all that runs in the signed initramfs.",
        "The source of / in /proc/self/mountinfo and its device-mapper UUID in /sys/block; a root that is an initramfs is as good as the signature on it.",
        "linux Documentation/admin-guide/device-mapper/verity.rst");

    internal static Check Ima => new(
        "ima", CheckGroup.Boot, Severity.Low,
        "IMA or IPE appraises what is run",
        "Programs that were changed on the disk, or brought in later, run without question. Where the root filesystem is verified and nothing else may be executed, this adds little.",
        "ima_appraise=enforce with a policy and signed files; or IPE with enforce=1; at least noexec on writable filesystems.",
        "/sys/kernel/security/ipe/enforce, ima_appraise and ima_policy on the command line, CONFIG_IMA_APPRAISE.",
        "linux Documentation/ABI/testing/ima_policy, Documentation/admin-guide/LSM/ipe.rst");

    internal static Check NoBootShell => new(
        "no-boot-shell", CheckGroup.Boot, Severity.High,
        "The kernel's command line starts no shell",
        "A shell that starts without a password, from the initramfs or in place of init, is root for everybody at the console; the trust source unseals for it.",
        "Remove init=/bin/sh, rd.break, rd.shell, single, systemd.debug_shell and the like from the command line; build initramfs and init without emergency shells.",
        "/proc/cmdline.",
        "kernel-command-line(7), dracut.cmdline(7)");

    internal static Check NoKernelDebugger => new(
        "no-kernel-debugger", CheckGroup.Boot, Severity.High,
        "No kernel debugger listens",
        "kgdb on a serial line reads and writes all kernel memory for whoever holds two wires to the board.",
        "Remove kgdboc= and kgdbwait, and build without CONFIG_KGDB.",
        "/proc/cmdline, /sys/module/kgdboc/parameters/kgdboc, CONFIG_KGDB.",
        "linux Documentation/process/debugging/kgdb.rst");

    internal static Check RootPassword => new(
        "root-password", CheckGroup.Boot, Severity.High,
        "Nobody logs in as root without a password",
        "Development images often have an empty root password: whoever reaches the serial console or SSH is root on the running device, with the volumes open.",
        "Lock root's password (passwd -l root), or build without the debug features of your distribution.",
        "The password fields of users with number 0 in /etc/shadow and /etc/passwd: only whether they are empty.",
        "shadow(5), passwd(5)");
}
