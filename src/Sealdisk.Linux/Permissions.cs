namespace Sealdisk.Linux;

/// <summary>Permission bits of files, named by the digits that chmod(1) takes: C# has no octal numbers.</summary>
public static class Permissions
{
    /// <summary>The owner reads and writes.</summary>
    public const int Mode0600 = 0b110_000_000;

    /// <summary>The owner reads and writes, everybody reads.</summary>
    public const int Mode0644 = 0b110_100_100;

    /// <summary>A directory of the owner alone.</summary>
    public const int Mode0700 = 0b111_000_000;

    /// <summary>A directory that the owner changes, and everybody may enter.</summary>
    public const int Mode0755 = 0b111_101_101;

    /// <summary>Whatever others than the owner and the group may do, except execute.</summary>
    public const int Mode0006 = 0b000_000_110;

    /// <summary>Whatever the group and others may write.</summary>
    public const int Mode0022 = 0b000_010_010;

    /// <summary>Whatever the group and others may do.</summary>
    public const int Mode0077 = 0b000_111_111;

    /// <summary>Every permission bit, with set-user-ID, set-group-ID and sticky.</summary>
    public const int Mode7777 = 0b111_111_111_111;

    /// <summary>A mode as chmod(1) takes it, with four digits, such as <c>0600</c>.</summary>
    public static string Text(int mode) => Convert.ToString(mode, 8).PadLeft(4, '0');
}
