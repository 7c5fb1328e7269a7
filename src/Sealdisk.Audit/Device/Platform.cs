using System.Buffers.Binary;
using System.Globalization;
using Sealdisk.OpTee.Huk;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Audit.Device;

/// <summary>The machine, as far as it says what it is.</summary>
/// <param name="Machine">For people; null if it does not say.</param>
/// <param name="Compatible">The device tree's compatible strings, the most specific first; empty without a device tree.</param>
/// <param name="Family">The processor family in the catalogue of HUK sources, or null.</param>
/// <param name="Evidence">Where that was read; null if it was not read anywhere.</param>
public sealed record Platform(string? Machine, IReadOnlyList<string> Compatible, HukFamily? Family, Evidence? Evidence)
{
    private const string Tree = "/sys/firmware/devicetree/base";
    private const string NvmemDevices = "/sys/bus/nvmem/devices";

    /// <summary>True for a machine without a device tree that names itself through DMI: a PC.</summary>
    public bool IsPc => Compatible.Count == 0 && Machine is not null;

    /// <summary>Looks below a root.</summary>
    public static Platform Of(SystemRoot root)
    {
        ArgumentNullException.ThrowIfNull(root);
        foreach (var tree in new[] { Tree, "/proc/device-tree" })
        {
            if (root.Read($"{tree}/compatible") is not { Ok: true } compatible)
                continue;
            var strings = compatible.Text.Split('\0');
            var model = root.Read($"{tree}/model");
            var seen = new Evidence(compatible.Path, string.Join(", ", strings));
            return new Platform(model.Ok ? model.Text : strings[0], strings, HukCatalogue.Of(strings), seen);
        }
        // On Arm without a device tree, and on some with one, the SoC bus names the chip.
        var machine = root.Read("/sys/devices/soc0/machine");
        if (machine.Ok)
            return new Platform(machine.Text, [], null, new Evidence(machine.Path, machine.Text));
        var (vendor, product) = (root.Read("/sys/class/dmi/id/sys_vendor"), root.Read("/sys/class/dmi/id/product_name"));
        var name = $"{vendor.Text} {product.Text}".Trim();
        return name.Length > 0 ? new Platform(name, [], null, new Evidence(vendor.Path, name)) : new Platform(null, [], null, null);
    }

    /// <summary>The life cycle as a record keeps it, with what was read in brackets.</summary>
    public (ChipState State, string Words) LifeCycle(SystemRoot root)
    {
        var verdict = JudgeLifeCycle(root);
        var state = verdict.Status switch
        {
            FindingStatus.Holds => ChipState.Closed,
            FindingStatus.Fails => ChipState.Open,
            _ => ChipState.Unknown,
        };
        var words = verdict.Evidence is [var seen, ..] && Family is { } family
            ? $"{state.Text()} ({family.Id}: {seen.Path} {seen.What})"
            : state.Text();
        return (state, words);
    }

    /// <summary>Whether the chip is closed.</summary>
    internal Verdict JudgeLifeCycle(SystemRoot root)
    {
        Evidence[] seen = Evidence is null ? [] : [Evidence];
        if (Family is not { } family)
            return OfUnknownChip(seen);
        if (family.IsVirtual)
            return Verdict.Unknown("a virtual machine has no life cycle: its host can read its memory, whatever is set in it", seen);
        if (family.Fuse is not { } fuse)
            return Verdict.Unknown($"Linux does not show the life cycle of {family.Name}: {family.LifeCycle.Text}", seen);
        if (NvmemPath(root, fuse.Nvmem) is not { } path)
            return Verdict.Unknown(
                $"the fuses cannot be seen: there is no nvmem device {fuse.Nvmem}", new Evidence(NvmemDevices, $"no {fuse.Nvmem}"));
        return OfFuses(root, family, fuse, path);
    }

    private Verdict OfUnknownChip(Evidence[] seen)
    {
        if (IsPc)
            return Verdict.NotApplicable("a PC has no life cycle that Linux shows; see uefi-secure-boot", seen);
        return Verdict.Unknown(
            Machine is null ? "it is not known what machine this is" : $"the chip of {Machine} is not in the catalogue", seen);
    }

    /// <summary>The chip's own numbers that go into a HUK, if its family has such numbers and Linux shows them.</summary>
    internal ChipFacts Facts(SystemRoot root) => new(Dna: ReadNvmem(root, Family?.Dna), Uid: ReadNvmem(root, Family?.Uid));

    private static byte[]? ReadNvmem(SystemRoot root, NvmemRange? range)
    {
        if (range is null || NvmemPath(root, range.Nvmem) is not { } path)
            return null;
        var reading = root.ReadAt(path, range.Offset, range.Length);
        return reading.Ok && reading.Bytes.Length == range.Length ? reading.Bytes : null;
    }

    /// <summary>The file of an nvmem device; null if there is none of that name.</summary>
    private static string? NvmemPath(SystemRoot root, string device) =>
        root.List(NvmemDevices).FirstOrDefault(name => name.StartsWith(device, StringComparison.Ordinal)) is { } found
            ? $"{NvmemDevices}/{found}/nvmem"
            : null;

    private Verdict OfFuses(SystemRoot root, HukFamily family, LifeCycleFuse fuse, string path)
    {
        var reading = root.ReadAt(path, fuse.Offset, 4);
        if (!reading.Ok || reading.Bytes.Length < 4)
            return Verdict.Unknown(
                $"the fuses cannot be read{(reading.Problem is { } problem ? $" ({problem})" : "")}",
                new Evidence(path, reading.Problem ?? (reading.Ok ? "too short" : "absent")));
        var word = BinaryPrimitives.ReadUInt32LittleEndian(reading.Bytes);
        var text = string.Create(CultureInfo.InvariantCulture, $"offset 0x{fuse.Offset:x}: 0x{word:x8}, mask 0x{fuse.Mask:x}");
        var evidence = new Evidence(path, text);
        var closed = fuse.Rule == FuseRule.AnySet ? (word & fuse.Mask) != 0 : (word & fuse.Mask) == fuse.Mask;
        if (closed && FieldReturn(root, family, path) is { } returned)
            return Verdict.Fails($"{family.Name} was closed, and opened again for field return", evidence, returned);
        if (closed)
            return Verdict.Holds($"{family.Name} is closed", evidence);
        return (word & fuse.Doubt) != 0
            ? Verdict.Unknown($"whether {family.Name} is closed depends on the silicon revision", evidence)
            : Verdict.Fails($"{family.Name} is open: it boots unsigned code", evidence);
    }

    /// <summary>What shows that the closed chip was opened again; null if nothing does.</summary>
    private Evidence? FieldReturn(SystemRoot root, HukFamily family, string path)
    {
        if (family.FieldReturnOf(Compatible) is not { } fuse || root.ReadAt(path, fuse.Offset, 4) is not { Bytes.Length: 4 } reading)
            return null;
        var word = BinaryPrimitives.ReadUInt32LittleEndian(reading.Bytes);
        var text = string.Create(CultureInfo.InvariantCulture, $"offset 0x{fuse.Offset:x}: 0x{word:x8}, field return");
        return fuse.IsSetIn(word) ? new Evidence(path, text) : null;
    }
}
