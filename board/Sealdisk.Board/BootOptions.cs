namespace Sealdisk.Board;

/// <summary>What is in the arm64 board's flash. The x86-64 board has one firmware only.</summary>
public enum Firmware
{
    /// <summary>OP-TEE's own device key, 16 zero bytes.</summary>
    Default,

    /// <summary>The same with another device key, board/arm64/huk-second.hex: another board.</summary>
    Second,

    /// <summary>OP-TEE without the trusted-keys TA.</summary>
    NoTa,
}

/// <summary>The session keyring that all commands on the board share.</summary>
public enum SessionKeyring
{
    /// <summary>With the user keyring linked into it, as pam_keyinit makes one at login.</summary>
    Login,

    /// <summary>Nothing in it.</summary>
    Fresh,

    /// <summary>None, as in an initramfs: each process that asks for one gets its own, which ends with it.</summary>
    None,
}

/// <summary>How a board is started. All of it can change from boot to boot; nothing is rebuilt.</summary>
public sealed record BootOptions
{
    public BoardImage Board { get; init; } = BoardImage.Arm64;

    public Firmware Firmware { get; init; }

    public SessionKeyring Session { get; init; }

    /// <summary>/dev/vda, /dev/vdb, ... in this order.</summary>
    public IReadOnlyList<Disk> Disks { get; init; } = [];

    /// <summary>Words for the kernel's command line, such as <see cref="NoDmCrypt"/>.</summary>
    public string Append { get; init; } = "";

    /// <summary>Whether the published binary is on the board as /usr/bin/sealdisk. It must have been built.</summary>
    public bool Sealdisk { get; init; } = true;

    /// <summary>Files of the host by their path on the board, with the host's mode bits.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>A folder of the host that the board sees, and may write, as /share.</summary>
    public string? Share { get; init; }

    /// <summary>
    /// A shell on the console too, for <see cref="Machine.Type"/> and <see cref="Machine.Expect"/>; the board powers off when
    /// it ends.
    /// </summary>
    public bool ConsoleShell { get; init; }

    /// <summary>The TPM, on a board that can have one.</summary>
    public Tpm? Tpm { get; init; }

    public int MemoryMiB { get; init; } = 1024;

    /// <summary>How long this boot may last in all; then QEMU is killed and whoever waits gets an exception.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A kernel without dm-crypt.</summary>
    public const string NoDmCrypt = "initcall_blacklist=dm_crypt_init";

    /// <summary>A kernel without device-mapper: no /dev/mapper/control.</summary>
    public const string NoDeviceMapper = "initcall_blacklist=dm_init";

    /// <summary>A kernel without the key type "trusted".</summary>
    public const string NoTrustedKeys = "initcall_blacklist=init_trusted";

    /// <summary>A kernel without the key type "encrypted".</summary>
    public const string NoEncryptedKeys = "initcall_blacklist=init_encrypted";
}
