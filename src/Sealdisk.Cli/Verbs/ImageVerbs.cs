using System.CommandLine;
using Sealdisk.Linux;
using Sealdisk.Mapping;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Cli.Verbs;

/// <summary><c>sealdisk image ...</c>: whole images, byte for byte as dm-crypt would have them.</summary>
internal static class ImageVerbs
{
    internal static Command Create()
    {
        var image = new Command("image", "Encrypt or decrypt a whole image or block device, byte for byte as dm-crypt would");
        image.Subcommands.Add(HelpWithExamples.With(
            Verb("encrypt", "Plaintext IN becomes ciphertext OUT", encrypt: true),
            "sealdisk image encrypt rootfs.ext4 rootfs.crypt --cipher aes-xts-plain64 --key-size 64"
            + " --blob key.blob --source soft --huk huk.hex"));
        image.Subcommands.Add(HelpWithExamples.With(
            Verb(
                "decrypt", "Ciphertext IN becomes plaintext OUT; a header record in IN gives cipher, sizes and sealed key", encrypt: false),
            "sealdisk image decrypt data.img data.ext4 --huk huk.hex",
            "sealdisk image decrypt disk.img part.ext4 --offset 2048 --length 65536 --cipher aes-cbc-plain --key-size 32"
            + " --blob key.blob --huk huk.hex"));
        return image;
    }

    private static Command Verb(string name, string description, bool encrypt)
    {
        var input = new Argument<string>("IN") { Description = "File or block device to read" };
        var output = new Argument<string>("OUT") { Description = "File to make, or block device to write (with --force)" };
        var force = new Option<bool>("--force", "-f") { Description = "Overwrite OUT if it exists" };
        var key = new SealedKeyOptions();
        var layout = new LayoutOptions();
        var command = new Command(name, description) { input, output };
        key.AddTo(command);
        layout.AddTo(command);
        command.Options.Add(force);
        command.SetAction(parsed => Run(
            new Terminal(parsed), Path.GetFullPath(parsed.GetRequiredValue(input)), Path.GetFullPath(parsed.GetRequiredValue(output)),
            ManualKeyOf(parsed, key, layout), () => key.FindHuk(parsed), parsed.GetValue(force), encrypt));
        return command;
    }

    internal static ManualKey ManualKeyOf(ParseResult parsed, SealedKeyOptions key, LayoutOptions layout, string? reference = null)
    {
        var (offset, length) = layout.Extent(parsed);
        var manual = new ManualKey(
            key.ParseCipher(parsed), parsed.GetValue(key.KeySize), reference, key.FindBlob(parsed),
            SealedKeyOptions.SourceOf(parsed, key.Source, key.Huk), layout.Layout(parsed), offset, length);
        return manual.Cipher is null && layout.AnyGiven(parsed)
            ? throw SealdiskException.Usage(
                "cannot use this layout: without --cipher it comes from the header record",
                "leave the layout options out, or give --cipher, --key-size and --blob")
            : manual;
    }

    private static int Run(Terminal terminal, string input, string output, ManualKey key, Func<string> huk, bool force, bool encrypt)
    {
        if (Path.GetFileName(input) == "-" || Path.GetFileName(output) == "-")
            throw SealdiskException.Usage("cannot use '-': image works on files and block devices, not on standard input or output");
        var resolved = key.For(input, readHeader: !encrypt);
        resolved.RequireSoft();
        var hukPath = huk();
        using var from = FileDescriptor.Open(input, OpenFlags.Read);
        RequireWholeSectors(from, key, resolved, encrypt);
        var wasThere = RequireFree(input, output, force);
        // Before OUT is touched: a key that does not open must not cost what is in it.
        RequireOpens(resolved, hukPath);
        var bytes = resolved.Format.Length.Bytes.Count;
        using var to = OpenOutput(output, bytes);
        try
        {
            using var bar = new ProgressBar(terminal, encrypt ? "encrypting" : "decrypting", bytes);
            ManualMapping.Transform(resolved, from, to, hukPath, encrypt, bar.Report);
        }
        catch (LinuxException) when (!wasThere)
        {
            // Half an image looks like a whole one.
            File.Delete(output);
            throw;
        }
        var direction = encrypt ? "encrypted" : "decrypted";
        if (terminal.Json)
            terminal.Result(
                new ImageReport(input, output, direction, bytes, resolved.Format.Cipher.Text, resolved.Format.Layout.SectorSize));
        else
            terminal.Result(
                $"{direction} {ByteText.Of(bytes)} into {output} ({resolved.Format.Cipher.Text},"
                    + $" {resolved.Format.Layout.SectorSize}-byte sectors)");
        return 0;
    }

    /// <summary>Nothing at the end of IN is left out unless the command line, or the header record, says how much is meant.</summary>
    private static void RequireWholeSectors(FileDescriptor input, ManualKey key, ManualKey.Resolved resolved, bool encrypt)
    {
        if (key.Cipher is null || key.Length is not null)
            return;
        var size = input.Status() is { Kind: FileKind.Regular } file ? file.Size : BlockDevice.Size(input).Count;
        var left = size - resolved.Format.End.Bytes.Count;
        if (left != 0)
            throw SealdiskException.Usage(
                $"cannot {(encrypt ? "encrypt" : "decrypt")} {input.Name}:"
                    + $" its {size} bytes end {left} bytes into a {resolved.Format.Layout.SectorSize}-byte sector",
                $"pad it to whole sectors; or leave its end out with --length {resolved.Format.Length}");
    }

    private static void RequireOpens(ManualKey.Resolved resolved, string hukPath)
    {
        using var source = SoftSource.Open(hukPath);
        source.UnsealHere(resolved.SealedKey!, resolved.Format.KeySize, "the sealed key").Dispose();
    }

    /// <summary>Whether OUT exists, which it may with --force only.</summary>
    private static bool RequireFree(string input, string output, bool force)
    {
        if (FileStatus.TryOf(output) is not { } there)
            return false;
        var source = FileStatus.Of(input);
        if (there.Device == source.Device && there.Inode == source.Inode)
            throw SealdiskException.Refused(
                $"cannot write {output}: it is the input", "name another output; there is no conversion in place");
        if (!force)
            throw SealdiskException.Refused($"cannot write {output}: it exists (EEXIST)", "--force overwrites it");
        return true;
    }

    private static FileDescriptor OpenOutput(string output, long bytes)
    {
        if (FileStatus.TryOf(output)?.Kind != FileKind.BlockDevice)
            return OpenFile(output);
        var device = BlockDevice.OpenExclusive(output, OpenFlags.Write);
        if (BlockDevice.Size(device).Count >= bytes)
            return device;
        device.Dispose();
        throw SealdiskException.Usage($"cannot write {output}: it is smaller than the {bytes} bytes to write");
    }

    /// <summary>
    /// A file that a mapping serves is locked, one under a loop device is not: neither may be written to under its users' feet. Asks
    /// sysfs, which needs no root.
    /// </summary>
    private static FileDescriptor OpenFile(string output)
    {
        var file = FileDescriptor.Open(output, OpenFlags.Write | OpenFlags.Create, Permissions.Mode0600);
        var loop = LoopDevice.InUse().FirstOrDefault(loop => loop.BackingFile() == output);
        var user = !file.TryLock() ? "a mapping has it open"
            : loop is null ? null
            : $"it is attached to {loop.Path}";
        if (user is null)
        {
            file.Truncate(0);
            return file;
        }
        file.Dispose();
        throw SealdiskException.Failed($"cannot write {output}: {user} (EBUSY)", "close that first");
    }
}
