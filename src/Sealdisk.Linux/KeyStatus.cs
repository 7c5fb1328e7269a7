using System.Globalization;

namespace Sealdisk.Linux;

/// <summary>
/// Who may do what with a key (keyrings(7), include/linux/key.h). The possessor is any process that can find the key from @t, @p or @s,
/// which takes PossessorSearch.
/// </summary>
[Flags]
public enum KeyPermissions : uint
{
    None = 0,

    OtherView = 0x01,
    OtherRead = 0x02,
    OtherWrite = 0x04,
    OtherSearch = 0x08,
    OtherLink = 0x10,
    OtherSetAttributes = 0x20,
    OtherAll = 0x3F,

    GroupView = 0x0100,
    GroupRead = 0x0200,
    GroupWrite = 0x0400,
    GroupSearch = 0x0800,
    GroupLink = 0x1000,
    GroupSetAttributes = 0x2000,
    GroupAll = 0x3F00,

    UserView = 0x010000,
    UserRead = 0x020000,
    UserWrite = 0x040000,
    UserSearch = 0x080000,
    UserLink = 0x100000,
    UserSetAttributes = 0x200000,
    UserAll = 0x3F0000,

    PossessorView = 0x01000000,
    PossessorRead = 0x02000000,
    PossessorWrite = 0x04000000,
    PossessorSearch = 0x08000000,
    PossessorLink = 0x10000000,
    PossessorSetAttributes = 0x20000000,
    PossessorAll = 0x3F000000,
}

/// <summary>What KEYCTL_DESCRIBE reports of a key: nothing of its payload.</summary>
/// <param name="Type">Key type, such as "trusted" or "keyring".</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group; 0xFFFFFFFF for none.</param>
/// <param name="Permissions">Who may do what.</param>
/// <param name="Description">Its name within the type.</param>
public sealed record KeyStatus(string Type, uint Uid, uint Gid, KeyPermissions Permissions, KeyDescription Description)
{
    /// <summary>Reads "type;uid;gid;permissions;description"; only the last part may hold a semicolon. Null for any other text.</summary>
    internal static KeyStatus? TryParse(string text)
    {
        var parts = text.Split(';', 5);
        return parts.Length == 5
            && int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var uid)
            && int.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var gid)
            && uint.TryParse(parts[3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var permissions)
            ? new KeyStatus(
                parts[0], unchecked((uint)uid), unchecked((uint)gid), (KeyPermissions)permissions, KeyDescription.Reported(parts[4]))
            : null;
    }
}
