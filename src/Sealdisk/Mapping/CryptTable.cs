using System.Globalization;
using Sealdisk.Linux;

namespace Sealdisk.Mapping;

/// <summary>
/// The parameters of a dm-crypt target, in the form that the kernel takes and prints
/// (Documentation/admin-guide/device-mapper/dm-crypt.rst):
/// <c>CIPHER KEY IV_OFFSET DEVICE OFFSET [N OPTION...]</c>. The key is always a reference, <c>:BYTES:TYPE:DESCRIPTION</c>.
/// </summary>
/// <param name="Cipher">The cipher specification.</param>
/// <param name="Key">The key's field.</param>
/// <param name="IvOffset">512-byte sectors.</param>
/// <param name="Device">The device under it.</param>
/// <param name="Offset">512-byte sectors.</param>
/// <param name="Options">In the kernel's order.</param>
internal sealed record CryptTable(
    string Cipher, string Key, ulong IvOffset, DeviceNumber Device, ulong Offset, IReadOnlyList<string> Options)
{
    /// <summary>What loads a request's mapping over a device with a key of the kernel's.</summary>
    internal static CryptTable Of(MappingRequest request, string keyType, KeyDescription keyDescription, DeviceNumber device)
    {
        var format = request.Format;
        var options = new List<string>();
        if (request.Discard)
            options.Add("allow_discards");
        options.AddRange(request.Options.Words());
        if (format.Layout.SectorSize != 512)
            options.Add(string.Create(CultureInfo.InvariantCulture, $"sector_size:{format.Layout.SectorSize}"));
        if (format.Layout.IvLargeSectors)
            options.Add("iv_large_sectors");
        return new CryptTable(
            format.Cipher.Text, string.Create(CultureInfo.InvariantCulture, $":{format.KeySize}:{keyType}:{keyDescription}"),
            format.Layout.IvOffset, device, format.Offset.Count, options);
    }

    /// <summary>
    /// As the kernel prints it; null if that is not a crypt target's parameters, or its device is not written MAJOR:MINOR.
    /// </summary>
    internal static CryptTable? Parse(string parameters)
    {
        var fields = parameters.Split(' ');
        if (fields.Length < 5 || !TryNumber(fields[2], out var ivOffset) || !TryNumber(fields[4], out var offset))
            return null;
        var options = fields.Length > 6 ? fields[6..] : [];
        return ParseDevice(fields[3]) is { } device ? new CryptTable(fields[0], fields[1], ivOffset, device, offset, options) : null;
    }

    /// <summary>Bytes of the key; null if the field does not say. A hex key is measured, never kept.</summary>
    internal int? KeySize =>
        Key.Split(':') is ["", var bytes, ..] && int.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? size
            : null;

    /// <summary>Bytes that are encrypted as one.</summary>
    internal int SectorSize =>
        Options.Select(option => option.Split(':')).FirstOrDefault(option => option is ["sector_size", _]) is { } option
        && int.TryParse(option[1], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 512;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Cipher} {Key} {IvOffset} {Device} {Offset}{(Options.Count > 0 ? $" {Options.Count} {string.Join(' ', Options)}" : "")}");

    private static bool TryNumber(string text, out ulong number) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static DeviceNumber? ParseDevice(string text) => text.Split(':') is [var major, var minor]
        && uint.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var high)
        && uint.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var low) ? new DeviceNumber(high, low) : null;
}
