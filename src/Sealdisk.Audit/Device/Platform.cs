using System.Buffers.Binary;
using System.Globalization;
using Sealdisk.OpTee.Huk;

namespace Sealdisk.Audit.Device;

/// <summary>The machine, as far as it says what it is.</summary>
/// <param name="Machine">For people; null where it does not say.</param>
/// <param name="Compatible">The device tree's compatible strings, from the most special on; empty without a device tree.</param>
/// <param name="Family">The processor family in the catalogue of HUK sources, or null.</param>
/// <param name="Evidence">Where that was read; null where it was read nowhere.</param>
public sealed record Platform(string? Machine, IReadOnlyList<string> Compatible, HukFamily? Family, Evidence? Evidence)
{
    private const string Tree = "/sys/firmware/devicetree/base";

    /// <summary>True for a machine without device tree that names itself through DMI: a PC.</summary>
    public bool IsPc => Compatible.Count == 0 && Machine is not null;

    internal static Platform Of(SystemRoot root)
    {
        foreach (var tree in new[] { Tree, "/proc/device-tree" })
        {
            if (root.Read($"{tree}/compatible") is not { Ok: true } compatible)
                continue;
            var strings = compatible.Text.Split('\0');
            var model = root.Read($"{tree}/model");
            return new Platform(model.Ok ? model.Text : strings[0], strings, HukCatalogue.Of(strings), new Evidence(compatible.Path, string.Join(", ", strings)));
        }
        // On Arm without a device tree, and on some with one, the SoC bus names the chip.
        var machine = root.Read("/sys/devices/soc0/machine");
        if (machine.Ok)
            return new Platform(machine.Text, [], null, new Evidence(machine.Path, machine.Text));
        var (vendor, product) = (root.Read("/sys/class/dmi/id/sys_vendor"), root.Read("/sys/class/dmi/id/product_name"));
        var name = $"{vendor.Text} {product.Text}".Trim();
        return name.Length > 0 ? new Platform(name, [], null, new Evidence(vendor.Path, name)) : new Platform(null, [], null, null);
    }

    /// <summary>The life cycle as a short text for a record: "closed ...", "open ..." or "unknown ...".</summary>
    internal string LifeCycle(SystemRoot root)
    {
        var finding = LifeCycleFinding(root);
        var word = finding.Status switch { FindingStatus.Holds => "closed", FindingStatus.Fails => "open", _ => "unknown" };
        return finding.Evidence is [var evidence, ..] && Family is { } family ? $"{word} ({family.Id}: {evidence.Path} {evidence.What})" : word;
    }

    /// <summary>Whether the chip is closed.</summary>
    internal Finding LifeCycleFinding(SystemRoot root)
    {
        if (Family is not { } family)
            return IsPc
                ? Finding.NotApplicable(Checks.Closed, "a PC has no life cycle that Linux shows; see uefi-secure-boot", Evidences())
                : Finding.Unknown(Checks.Closed, Machine is null ? "what machine this is was not found out" : $"the chip of {Machine} is not in the catalogue", Evidences());
        if (family.IsVirtual)
            return Finding.Unknown(Checks.Closed, "a virtual machine has no life cycle: whoever runs it reads its memory, whatever is set in it", Evidences());
        if (family.Fuse is not { } fuse)
            return Finding.Unknown(Checks.Closed, $"Linux does not show the life cycle of {family.Name}: {family.LifeCycle.Text}", Evidences());
        var name = root.List("/sys/bus/nvmem/devices").FirstOrDefault(device => device.StartsWith(fuse.Nvmem, StringComparison.Ordinal));
        if (name is null)
            return Finding.Unknown(
                Checks.Closed, $"the fuses cannot be seen: there is no nvmem device {fuse.Nvmem}", new Evidence("/sys/bus/nvmem/devices", $"no {fuse.Nvmem}"));
        return OfFuses(root, family, fuse, $"/sys/bus/nvmem/devices/{name}/nvmem");
    }

    /// <summary>The chip's own numbers that go into a HUK, if its family has such numbers and Linux shows them.</summary>
    internal ChipFacts Facts(SystemRoot root) => new(Dna: ReadNvmem(root, Family?.Dna), Uid: ReadNvmem(root, Family?.Uid));

    private static byte[]? ReadNvmem(SystemRoot root, NvmemRange? range)
    {
        if (range is null)
            return null;
        var devices = root.List("/sys/bus/nvmem/devices");
        if (devices.FirstOrDefault(device => device.StartsWith(range.Nvmem, StringComparison.Ordinal)) is not { } name)
            return null;
        var reading = root.ReadAt($"/sys/bus/nvmem/devices/{name}/nvmem", range.Offset, range.Length);
        return reading.Ok && reading.Bytes.Length == range.Length ? reading.Bytes : null;
    }

    private Finding OfFuses(SystemRoot root, HukFamily family, LifeCycleFuse fuse, string path)
    {
        var reading = root.ReadAt(path, fuse.Offset, 4);
        if (!reading.Ok || reading.Bytes.Length < 4)
            return Finding.Unknown(
                Checks.Closed, $"the fuses cannot be read{(reading.Problem is { } problem ? $" ({problem})" : "")}",
                new Evidence(path, reading.Problem ?? (reading.Ok ? "too short" : "absent")));
        var word = BinaryPrimitives.ReadUInt32LittleEndian(reading.Bytes);
        var evidence = new Evidence(path, string.Create(CultureInfo.InvariantCulture, $"offset 0x{fuse.Offset:x}: 0x{word:x8}, mask 0x{fuse.Mask:x}"));
        var closed = fuse.Rule == FuseRule.AnySet ? (word & fuse.Mask) != 0 : (word & fuse.Mask) == fuse.Mask;
        if (closed && FieldReturn(root, family, path) is { } returned)
            return Finding.Fails(Checks.Closed, $"{family.Name} was closed, and opened again for field return", evidence, returned);
        if (closed)
            return Finding.Holds(Checks.Closed, $"{family.Name} is closed", evidence);
        return (word & fuse.Doubt) != 0
            ? Finding.Unknown(Checks.Closed, $"whether {family.Name} is closed depends on the silicon revision", evidence)
            : Finding.Fails(Checks.Closed, $"{family.Name} is open: it boots code that nobody signed", evidence);
    }

    /// <summary>What shows that the closed chip was opened again; null if nothing does.</summary>
    private Evidence? FieldReturn(SystemRoot root, HukFamily family, string path)
    {
        if (family.FieldReturnOf(Compatible) is not { } fuse || root.ReadAt(path, fuse.Offset, 4) is not { Bytes.Length: 4 } reading)
            return null;
        var word = BinaryPrimitives.ReadUInt32LittleEndian(reading.Bytes);
        return fuse.IsSetIn(word)
            ? new Evidence(path, string.Create(CultureInfo.InvariantCulture, $"offset 0x{fuse.Offset:x}: 0x{word:x8}, field return"))
            : null;
    }

    private Evidence[] Evidences() => Evidence is null ? [] : [Evidence];
}
