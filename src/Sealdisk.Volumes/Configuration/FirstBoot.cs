namespace Sealdisk.Volumes.Configuration;

/// <summary>What a first boot may overwrite: text <c>blank</c> or <c>replace</c>.</summary>
public enum FirstBoot
{
    /// <summary>Only a blank device.</summary>
    Blank,

    /// <summary>A blank device, or one with a recognised plaintext filesystem, whose content is lost.</summary>
    Replace,
}
