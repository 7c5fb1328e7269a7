using System.Buffers.Binary;
using System.Text;
using Sealdisk.Crypto;
using Sealdisk.DataPath;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Configuration;
using Sealdisk.Volumes.Keys;
using Sealdisk.Volumes.Records;

namespace Sealdisk.Tests.Support;

/// <summary>A system root made from facts, as files in memory. What is secret in it (a HUK, a key) is made up for the purpose.</summary>
internal sealed class RootTree(string about)
{
    private const string Release = "6.12.30";
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly List<string> _manifest = [];
    private readonly StringBuilder _volumes = new();

    public string About { get; } = about;

    /// <summary>All files by their path below the root.</summary>
    public IReadOnlyDictionary<string, byte[]> Files
    {
        get
        {
            var files = new SortedDictionary<string, byte[]>(_files, StringComparer.Ordinal);
            if (_volumes.Length > 0)
                files["/etc/sealdisk.toml"] = Encoding.UTF8.GetBytes(_volumes.ToString());
            files["/.capture/manifest"] = Encoding.UTF8.GetBytes(
                "# constructed, not captured\n" + string.Concat(_manifest.Select(line => line + "\n")));
            return files;
        }
    }

    public RootTree Text(string path, string text) => Bytes(path, Encoding.UTF8.GetBytes(text + "\n"));

    public RootTree Bytes(string path, params byte[] bytes)
    {
        _files[path] = bytes;
        return this;
    }

    public RootTree Mode(string path, string mode, int owner = 0)
    {
        _manifest.Add($"mode {mode} {owner} {path}");
        return this;
    }

    public RootTree Error(string path, string problem)
    {
        _manifest.Add($"error {problem} {path}");
        return this;
    }

    public RootTree Machine(string model, params string[] compatible) =>
        Bytes("/sys/firmware/devicetree/base/compatible", Encoding.ASCII.GetBytes(string.Join('\0', compatible) + "\0"))
        .Bytes("/sys/firmware/devicetree/base/model", Encoding.ASCII.GetBytes(model + "\0")).Text("/sys/bus/platform/uevent", "");

    /// <summary>Words of a fuse device, zero in between.</summary>
    public RootTree Fuses(string device, params (int Offset, uint Word)[] words)
    {
        var bytes = new byte[Math.Max(words.Max(word => word.Offset) + 4, 0x60)];
        foreach (var (offset, word) in words)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), word);
        return Bytes($"/sys/bus/nvmem/devices/{device}/nvmem", bytes);
    }

    public RootTree OpTee(string? revision = "4.10 (d5001fe0)")
    {
        Text("/sys/bus/tee/devices/optee-ta-f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c/driver", "")
            .Text("/sys/module/trusted/parameters/source", "tee")
            .Text("/sys/class/tee/tee0/implementation_id", "1").Mode("/dev/tee0", "0660").Mode("/dev/teepriv0", "0600");
        return revision is null ? this : Text("/sys/class/tee/tee0/revision", revision);
    }

    /// <summary>What a distribution's or vendor's kernel for development has.</summary>
    public RootTree DevelopmentKernel(string commandLine = "console=ttyS0,115200 root=/dev/mmcblk0p3 rw rootwait") =>
        Kernel(
            commandLine,
            "DEVMEM=y", "PROC_KCORE=y", "KEXEC=y", "KEXEC_FILE=y", "HIBERNATION=y",
            "STRICT_KERNEL_RWX=y", "MODULES=y", "STRICT_MODULE_RWX=y", "DEBUG_FS=y", "BPF_SYSCALL=y",
            "KPROBES=y", "PERF_EVENTS=y", "KGDB=y", "MAGIC_SYSRQ=y", "RANDOMIZE_BASE=y", "USERFAULTFD=y")
        .Text("/proc/sys/kernel/kexec_load_disabled", "0")
        .Text("/proc/sys/kernel/unprivileged_bpf_disabled", "0")
        .Text("/proc/sys/kernel/sysrq", "1")
        .Text("/proc/sys/kernel/perf_event_paranoid", "1")
        .Text("/proc/sys/vm/unprivileged_userfaultfd", "1")
        .Text("/proc/sys/kernel/kptr_restrict", "0")
        .Text("/proc/sys/kernel/dmesg_restrict", "0")
        .Text("/proc/sys/kernel/randomize_va_space", "2")
        .Text("/proc/sys/fs/suid_dumpable", "0")
        .Text("/proc/sys/kernel/modules_disabled", "0")
        .Text("/sys/power/disk", "[platform] shutdown reboot suspend")
        .Text("/proc/self/mountinfo", """
            21 1 179:3 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p3 rw
            22 21 0:20 / /proc rw - proc proc rw
            23 21 0:21 / /sys rw - sysfs sysfs rw
            24 23 0:7 / /sys/kernel/debug rw - debugfs debugfs rw
            """)
        .Text("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority")
        .Text("/proc/keys", "0a1b2c3d I--Q---     1 perm 1f3f0000     0 65534 keyring   _uid.0: empty")
        .Text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh")
        .Text("/etc/shadow", "root::19000:0:99999:7:::");

    /// <summary>What a product should have.</summary>
    public RootTree HardenedKernel() =>
        Kernel(
            "root=/dev/dm-0 ro lockdown=confidentiality init_on_free=1 init_on_alloc=1 debugfs=off "
                + "ima_appraise=enforce ima_policy=appraise_tcb",
            "STRICT_DEVMEM=y", "STRICT_KERNEL_RWX=y", "MODULES=y", "MODULE_SIG=y", "STRICT_MODULE_RWX=y",
            "BPF_SYSCALL=y", "SECURITY_LOCKDOWN_LSM=y", "IMA_APPRAISE=y",
            "HARDENED_USERCOPY=y", "RANDOMIZE_BASE=y", "SECURITY_YAMA=y", "PERF_EVENTS=y")
        .Text("/sys/kernel/security/lockdown", "none integrity [confidentiality]")
        .Text("/sys/module/module/parameters/sig_enforce", "Y")
        .Text("/proc/sys/kernel/unprivileged_bpf_disabled", "2")
        .Text("/proc/sys/kernel/perf_event_paranoid", "3")
        .Text("/proc/sys/kernel/yama/ptrace_scope", "2")
        .Text("/proc/sys/kernel/kptr_restrict", "2")
        .Text("/proc/sys/kernel/dmesg_restrict", "1")
        .Text("/proc/sys/kernel/randomize_va_space", "2")
        .Text("/proc/sys/fs/suid_dumpable", "0")
        .Text("/proc/sys/kernel/modules_disabled", "0")
        .Text("/proc/self/mountinfo", """
            21 1 254:0 / / ro,noatime shared:1 - squashfs /dev/dm-0 ro
            22 21 0:20 / /proc rw - proc proc rw
            23 21 0:21 / /sys rw - sysfs sysfs rw
            31 21 254:1 / /data rw,noatime shared:9 - ext4 /dev/mapper/data rw
            """)
        .Text("/sys/dev/block/254:0/dm/uuid", "CRYPT-VERITY-0123456789abcdef0123456789abcdef-root")
        .Text("/sys/dev/block/254:1/dm/uuid", "CRYPT-SEALDISK-0123456789abcdef0123456789abcdef-data")
        .Text("/sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: CSV2, BHB")
        .Text("/sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected")
        .Text("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority")
        .Text("/proc/keys", "0a1b2c3d I--Q---     1 perm 1f3f0000     0 65534 keyring   _uid.0: empty")
        .Text("/etc/passwd", "root:x:0:0:root:/root:/sbin/nologin")
        .Text("/etc/shadow", "root:!:19000:0:99999:7:::");

    public RootTree Kernel(string commandLine, params string[] options) =>
        Text("/proc/cmdline", commandLine).Text("/proc/sys/kernel/osrelease", Release)
        .Text(
            $"/boot/config-{Release}",
            "# Linux/arm64 " + Release + "\n" + string.Join('\n', options.Select(option => $"CONFIG_{option}")));

    public RootTree Log(params string[] lines) => Text("/.capture/dmesg", string.Join('\n', lines));

    /// <summary>A volume with a detached record that is ready.</summary>
    public RootTree Volume(
        string name,
        TrustSource source,
        byte[] blob,
        string lifeCycle = "",
        string cipher = "aes-xts-plain64",
        int keySize = 64,
        string more = "",
        string? huk = null)
    {
        _volumes.Append($"""
            [volume.{name}]
            device = "/dev/{name}"
            record = "/var/lib/sealdisk/{name}.record"
            source = "{source.Text()}"
            cipher = "{cipher}"
            key-size = {keySize}
            mount = "/{name}"
            {more}

            """);
        if (huk is not null)
            _volumes.Append($"[source.soft]\nhuk = \"{huk}\"\n\n");
        var block = new byte[RecordFormat.BlockSize];
        RecordFormat.Write(new VolumeRecord
        {
            Name = name,
            Uuid = new Guid(Encoding.ASCII.GetBytes(name.PadRight(16, '.'))),
            Generation = 2,
            State = VolumeState.Ready,
            Source = source,
            Key = RecordEdits.Trusted(BlobText.Write(blob)),
            Format = new SectorFormat
            {
                Cipher = CipherSpec.Parse(cipher),
                KeySize = keySize,
                Layout = new SectorLayout(4096, false, 0),
                Offset = Sectors.Zero,
                Length = new Sectors(204800),
            },
            Filesystem = "ext4",
            FilesystemUuid = "0f0e0d0c-0b0a-4908-8706-050403020100",
            Chip = ChipStateText.TryParse(lifeCycle.Split(' ', ':')[0], out var chip) ? chip : ChipState.Unknown,
            LifeCycle = lifeCycle,
            CreatedBy = "sealdisk 0.1.0",
        }, block);
        return Bytes($"/var/lib/sealdisk/{name}.record", [.. block, .. block])
            .Mode($"/var/lib/sealdisk/{name}.record", "0600")
            .Mode("/etc/sealdisk.toml", "0644");
    }

    /// <summary>A blob of OP-TEE's under a HUK, the same every time.</summary>
    public static byte[] Sealed(byte[] huk, int seed = 1, int keySize = 64)
    {
        var taKey = new byte[32];
        TrustedKeysTa.DeriveKey(huk, taKey);
        var blob = new byte[keySize + TrustedKeysTa.Overhead];
        TrustedKeysTa.Seal(taKey, Made(16, seed), Made(keySize, seed + 1), blob);
        return blob;
    }

    /// <summary>Made-up bytes.</summary>
    public static byte[] Made(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void WriteTo(string directory)
    {
        foreach (var (path, content) in Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(directory + path)!);
            File.WriteAllBytes(directory + path, content);
        }
    }
}
