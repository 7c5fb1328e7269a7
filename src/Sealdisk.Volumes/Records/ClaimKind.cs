namespace Sealdisk.Volumes.Records;

/// <summary>Who writes the first record of a device.</summary>
public enum ClaimKind
{
    /// <summary>A first boot: there were never any data.</summary>
    FirstBoot,

    /// <summary>An adoption: there are data, made by hand.</summary>
    Adoption,
}
