using Sealdisk.Volumes.Filesystems;

namespace Sealdisk.Tests.Volumes.Filesystems;

/// <summary>What blkid recognises in an image, in our words.</summary>
internal static class BlkidSignature
{
    internal static Signature Of(string image)
    {
        var export = Tool.Shell("blkid -p -o export $1 || { code=$?; [ $code = 2 ] || echo AMBIVALENT=$code; }", image);
        var found = Signature.None;
        foreach (var line in export.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split('=', 2) is not [var key, var value])
                continue;
            found = key switch
            {
                "TYPE" => found with { Type = value },
                "UUID" => found with { Uuid = value },
                "USAGE" => found with { Usage = value },
                "PTTYPE" => found with { PartitionTable = value },
                "AMBIVALENT" => Signature.None with { Ambivalent = value == "8" },
                _ => found,
            };
        }
        // blkid of util-linux 2.38 takes the boot sector of exFAT for a partition table as well; later ones do not.
        if (found.Type == "exfat")
            found = found with { PartitionTable = null };
        // We read the UUIDs of those filesystems alone that we make.
        return found.Type is { } type && FilesystemType.Find(type) is null && type != "jbd" ? found with { Uuid = null } : found;
    }
}
