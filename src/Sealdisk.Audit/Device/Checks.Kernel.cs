namespace Sealdisk.Audit.Device;

public static partial class Checks
{
    private const string BuildOrLockdown = "Lockdown closes it as well.";

    internal static Check DevMem => new(
        "dev-mem", CheckGroup.Kernel, Severity.High,
        "/dev/mem does not show memory",
        "Root reads all of physical memory through /dev/mem, keys and plaintext included.",
        "Build without CONFIG_DEVMEM, or at least with CONFIG_STRICT_DEVMEM and CONFIG_IO_STRICT_DEVMEM.",
        "CONFIG_DEVMEM, CONFIG_STRICT_DEVMEM, /dev/mem. " + BuildOrLockdown,
        "linux drivers/char/mem.c, lib/Kconfig.debug");

    internal static Check Kcore => new(
        "kcore", CheckGroup.Kernel, Severity.Medium,
        "/proc/kcore does not show kernel memory",
        "Root reads all kernel memory as a core file, and finds the key schedules of dm-crypt by their structure.",
        "Build without CONFIG_PROC_KCORE, or boot with lockdown=confidentiality.",
        "CONFIG_PROC_KCORE, /proc/kcore. Only lockdown=confidentiality closes it.",
        "linux fs/proc/kcore.c");

    internal static Check Kexec => new(
        "kexec", CheckGroup.Kernel, Severity.High,
        "No unsigned kernel can be started with kexec",
        "Root starts a kernel of his own without a reset: memory keeps the keys, and the chain of trust is passed by.",
        "Build without CONFIG_KEXEC and with CONFIG_KEXEC_SIG_FORCE, or set kernel.kexec_load_disabled=1 early.",
        "CONFIG_KEXEC, CONFIG_KEXEC_FILE, CONFIG_KEXEC_SIG_FORCE, kernel.kexec_load_disabled. " + BuildOrLockdown,
        "linux kernel/kexec.c, Documentation/admin-guide/sysctl/kernel.rst");

    internal static Check Kdump => new(
        "kdump", CheckGroup.Kernel, Severity.High,
        "No crash dump of the kernel is made",
        "A crash, which root or a faulty driver can bring about, writes all of memory with its keys to a file or a server.",
        "Remove crashkernel= from the command line; or encrypt dumps and restrict who gets them.",
        "crashkernel= in /proc/cmdline, /sys/kernel/kexec_crash_loaded, /sys/kernel/kexec_crash_size.",
        "linux Documentation/admin-guide/kdump/kdump.rst");

    internal static Check Hibernation => new(
        "hibernation", CheckGroup.Kernel, Severity.High,
        "The system cannot hibernate",
        "Hibernation writes all of memory, keys included, to the swap device, where it stays.",
        "Build without CONFIG_HIBERNATION or boot with nohibernate.",
        "/sys/power/disk, CONFIG_HIBERNATION, nohibernate. " + BuildOrLockdown,
        "linux Documentation/power/swsusp.rst");

    internal static Check StrictRwx => new(
        "strict-rwx", CheckGroup.Kernel, Severity.Medium,
        "Kernel code cannot be written and data cannot be run",
        "A fault that lets somebody write to kernel memory becomes kernel code of his.",
        "CONFIG_STRICT_KERNEL_RWX=y and CONFIG_STRICT_MODULE_RWX=y, and no rodata=off.",
        "Those two options and rodata= on the command line.",
        "linux arch/Kconfig");

    internal static Check Iommu => new(
        "iommu", CheckGroup.Kernel, Severity.Medium,
        "An IOMMU keeps devices out of memory that is not theirs",
        "A device on PCIe, Thunderbolt or an FPGA's bus reads memory, keys included, past the processor.",
        "Enable the IOMMU in firmware and kernel, without passthrough (iommu.passthrough=0, iommu.strict=1). Boards without any such connector or programmable device have less need of it.",
        "/sys/kernel/iommu_groups, iommu options of the command line, and /sys/bus/pci for whether there is a bus to attack.",
        "linux Documentation/admin-guide/kernel-parameters.txt");

    internal static Check CpuMitigations => new(
        "cpu-mitigations", CheckGroup.Kernel, Severity.Medium,
        "Known faults of the processor are mitigated",
        "An unprivileged program reads kernel memory through speculative execution.",
        "Remove mitigations=off and nospectre_*, update kernel, firmware and microcode.",
        "/sys/devices/system/cpu/vulnerabilities, mitigations= on the command line.",
        "linux Documentation/admin-guide/hw-vuln");

    internal static Check Debugfs => new(
        "debugfs", CheckGroup.Kernel, Severity.Medium,
        "debugfs is not mounted",
        "debugfs shows drivers' insides to root, registers and buffers among them, and lets him write to many.",
        "debugfs=off on the command line, CONFIG_DEBUG_FS_ALLOW_NONE=y, or build without CONFIG_DEBUG_FS.",
        "/proc/self/mountinfo, debugfs= on the command line, CONFIG_DEBUG_FS. Lockdown closes most of it as well.",
        "linux Documentation/filesystems/debugfs.rst");

    internal static Check UnprivilegedBpf => new(
        "unprivileged-bpf", CheckGroup.Kernel, Severity.Medium,
        "Only root may load BPF programs",
        "BPF programs of ordinary users were the way of several kernel exploits and speculative leaks.",
        "kernel.unprivileged_bpf_disabled=1 (or 2), CONFIG_BPF_UNPRIV_DEFAULT_OFF=y.",
        "kernel.unprivileged_bpf_disabled, CONFIG_BPF_SYSCALL.",
        "linux Documentation/admin-guide/sysctl/kernel.rst");

    internal static Check InitOnFree => new(
        "init-on-free", CheckGroup.Kernel, Severity.Low,
        "Freed memory is wiped",
        "Freed pages keep keys and plaintext until they are used again: for a cold-boot attack, a DMA device or a leak of uninitialised memory.",
        "init_on_free=1 on the command line, or CONFIG_INIT_ON_FREE_DEFAULT_ON=y; it costs a few percent.",
        "The command line, then the kernel's configuration.",
        "linux security/Kconfig.hardening");

    internal static Check InitOnAlloc => new(
        "init-on-alloc", CheckGroup.Kernel, Severity.Low,
        "Memory is zeroed before it is handed out",
        "What a buffer held before leaks to whoever gets it next.",
        "init_on_alloc=1, or CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y.",
        "The command line, then the kernel's configuration.",
        "linux security/Kconfig.hardening");

    internal static Check Sysrq => new(
        "sysrq", CheckGroup.Kernel, Severity.Low,
        "SysRq does not dump memory or registers for whoever is at the console",
        "A break on the serial line and a letter print registers, kill what guards the console, or crash the kernel into a dump.",
        "kernel.sysrq=0, or 176 (sync, remount, reboot only); CONFIG_MAGIC_SYSRQ_SERIAL=n.",
        "kernel.sysrq: any bit beyond 176 fails.",
        "linux Documentation/admin-guide/sysrq.rst");

    internal static Check Kprobes => new(
        "kprobes", CheckGroup.Kernel, Severity.Low,
        "Root cannot place probes in the kernel",
        "A probe in the kernel's crypto prints keys as they are used.",
        "Build without CONFIG_KPROBES, or boot with lockdown=confidentiality.",
        "CONFIG_KPROBES. Only lockdown=confidentiality closes it.",
        "linux Documentation/trace/kprobes.rst");

    internal static Check Perf => new(
        "perf", CheckGroup.Kernel, Severity.Low,
        "Only root may measure the kernel",
        "perf events of ordinary users are a large surface, and a side channel on the crypto of others.",
        "kernel.perf_event_paranoid=2 or higher.",
        "kernel.perf_event_paranoid.",
        "linux Documentation/admin-guide/perf-security.rst");

    internal static Check Userfaultfd => new(
        "userfaultfd", CheckGroup.Kernel, Severity.Low,
        "Only root may stop the kernel with userfaultfd",
        "It makes races in the kernel easy to win, which many exploits live on.",
        "vm.unprivileged_userfaultfd=0, or build without CONFIG_USERFAULTFD.",
        "vm.unprivileged_userfaultfd, CONFIG_USERFAULTFD.",
        "linux Documentation/admin-guide/sysctl/vm.rst");

    internal static Check HardenedUsercopy => new(
        "hardened-usercopy", CheckGroup.Kernel, Severity.Low,
        "Copies to user space stay within their objects",
        "A wrong length in a driver copies neighbouring kernel memory, which may hold keys, to a program.",
        "CONFIG_HARDENED_USERCOPY=y, and no hardened_usercopy=off.",
        "The kernel's configuration and command line.",
        "linux security/Kconfig.hardening");

    internal static Check PtraceScope => new(
        "ptrace-scope", CheckGroup.Kernel, Severity.Low,
        "A process may not read the memory of its neighbours",
        "A program that was taken over reads the memory of all others of the same user.",
        "kernel.yama.ptrace_scope=1 or higher (CONFIG_SECURITY_YAMA).",
        "kernel.yama.ptrace_scope.",
        "linux Documentation/admin-guide/LSM/Yama.rst");

    internal static Check KptrRestrict => new(
        "kptr-restrict", CheckGroup.Kernel, Severity.Low,
        "Kernel addresses are hidden from users",
        "Addresses tell an exploit where to write.",
        "kernel.kptr_restrict=1 or 2.",
        "kernel.kptr_restrict.",
        "linux Documentation/admin-guide/sysctl/kernel.rst");

    internal static Check DmesgRestrict => new(
        "dmesg-restrict", CheckGroup.Kernel, Severity.Low,
        "The kernel log is for root",
        "The log holds addresses and, after faults, registers and memory.",
        "kernel.dmesg_restrict=1.",
        "kernel.dmesg_restrict.",
        "linux Documentation/admin-guide/sysctl/kernel.rst");

    internal static Check Kaslr => new(
        "kaslr", CheckGroup.Kernel, Severity.Low,
        "Kernel and programs are at random addresses",
        "Without it an exploit knows every address beforehand.",
        "CONFIG_RANDOMIZE_BASE=y, no nokaslr, kernel.randomize_va_space=2.",
        "Those three.",
        "linux Documentation/admin-guide/kernel-parameters.txt");
}
