using System.Diagnostics;
using System.Text;

namespace Sealdisk.Linux;

/// <summary>
/// The kernel's device-mapper by its own ioctls (Documentation/admin-guide/device-mapper, drivers/md/dm-ioctl.c): no libdevmapper, no
/// dmsetup.
/// </summary>
/// <remarks>
/// A mapping is made by Create, LoadTable, Resume, in this order. Each does one thing and undoes nothing: after a refused table or
/// resume the name stays taken until Remove. Tables and messages may hold a key: they travel in locked memory, which is wiped after
/// each request. To make or change a mapping, its name must be plain (<see cref="DmName.IsPlain"/>), or else it is EINVAL. Foreign
/// mappings can be looked at by any name.
/// </remarks>
public sealed class DeviceMapper : IDisposable
{
    private const int FirstRoom = 16 * 1024, MostRoom = 16 * 1024 * 1024;

    private static readonly TimeSpan BusyLimit = TimeSpan.FromSeconds(10);

    private readonly FileDescriptor _control;

    private DeviceMapper(FileDescriptor control) => _control = control;

    /// <summary>Opens /dev/mapper/control; makes the node if there is none.</summary>
    /// <exception cref="LinuxException">ENODEV: this kernel has no device-mapper. EACCES: this caller may not use it.</exception>
    public static DeviceMapper Open() => new(DmControl.Open());

    /// <inheritdoc/>
    public void Dispose() => _control.Dispose();

    /// <summary>The version of the kernel's interface.</summary>
    public DmVersion Version()
    {
        var buffer = Ask(DmCommand.DM_VERSION, "", "ask the version of", DmControl.Path);
        return new DmReply(buffer, "ask the version of", DmControl.Path).Version;
    }

    /// <summary>The target types that the kernel has loaded so far, with their versions.</summary>
    internal IReadOnlyDictionary<string, DmVersion> Targets()
    {
        var buffer = Ask(DmCommand.DM_LIST_VERSIONS, "", "list the targets of", DmControl.Path);
        return new DmReply(buffer, "list the targets of", DmControl.Path).Versions();
    }

    /// <summary>
    /// The version of one target type; null if the kernel has none of that name. The kernel loads its module if need be (since Linux
    /// 5.4; before that, only types that are loaded already are found).
    /// </summary>
    public DmVersion? Target(string type)
    {
        try
        {
            var buffer = Ask(DmCommand.DM_GET_TARGET_VERSION, type, "ask the version of target", type);
            return new DmReply(buffer, "ask the version of target", type).Versions().TryGetValue(type, out var version) ? version : null;
        }
        catch (LinuxException refused) when (refused.Errno is Errno.EINVAL or Errno.ENOTTY)
        {
            return Targets().TryGetValue(type, out var version) ? version : null;
        }
    }

    /// <summary>All mappings.</summary>
    public IReadOnlyList<(DmName Name, DeviceNumber Device)> List()
    {
        var buffer = Ask(DmCommand.DM_LIST_DEVICES, "", "list the mappings of", DmControl.Path);
        return new DmReply(buffer, "list the mappings of", DmControl.Path).Names();
    }

    /// <summary>A new mapping without a table; it cannot be opened yet.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="uuid">Up to 128 bytes that it keeps for life and that tell others whose it is, such as "SUBSYSTEM-...".</param>
    /// <exception cref="LinuxException">EBUSY: the name or the UUID is taken.</exception>
    public DmDevice Create(DmName name, string? uuid)
    {
        const string Operation = "create mapping";
        RequirePlain(name, Operation);
        if (uuid is not null && (uuid.Length == 0 || Encoding.UTF8.GetByteCount(uuid) > DmRequest.MaxUuid || uuid.Contains('\0')))
            throw new LinuxException(Errno.EINVAL, "create a mapping with UUID", uuid);
        Span<byte> buffer = stackalloc byte[DmIoctl.Size];
        DmRequest.WriteUuid(ref DmRequest.WriteHead(buffer, DmCommand.DM_DEV_CREATE, name.Text, DmFlags.None), uuid);
        return Submit(DmCommand.DM_DEV_CREATE, buffer, Operation, name.Text).Device();
    }

    /// <summary>
    /// Loads a table next to the active one; Resume puts it in place. A key that the table names by ":size:type:description" is found
    /// now, in the keyrings of the calling OS thread, and copied.
    /// </summary>
    /// <exception cref="LinuxException">
    /// ENOKEY, EKEYREVOKED, EKEYEXPIRED: the key. ENOENT: the kernel lacks the cipher. ENXIO, ENODEV: there is no such device. EBUSY: a
    /// device is in use. EINVAL: the size of the key, an option, or an unknown target; the kernel log has the reason.
    /// </exception>
    public void LoadTable(DmName name, IReadOnlyList<DmTarget> targets, DmTableOptions options = default)
    {
        const string Operation = "load the table of mapping";
        RequirePlain(name, Operation);
        if (targets.Any(target => target.Type.Length == 0 || Encoding.UTF8.GetByteCount(target.Type) > DmRequest.MaxType))
            throw new LinuxException(Errno.EINVAL, Operation, name.Text);
        using var buffer = SecretBuffer.Allocate(DmIoctl.Size + DmRequest.TableSize(targets));
        var flags = (options.ReadOnly ? DmFlags.DM_READONLY : DmFlags.None) | (options.SecureData ? DmFlags.DM_SECURE_DATA : DmFlags.None);
        DmRequest.WriteHead(buffer.GetSpan(), DmCommand.DM_TABLE_LOAD, name.Text, flags).TargetCount = (uint)targets.Count;
        DmRequest.WriteTable(buffer.GetSpan()[DmIoctl.Size..], targets);
        Submit(DmCommand.DM_TABLE_LOAD, buffer.GetSpan(), Operation, name.Text);
    }

    /// <summary>Drops a table that is loaded and not yet in place.</summary>
    internal DmDevice ClearTable(DmName name)
    {
        RequirePlain(name, "drop the inactive table of mapping");
        return Simple(DmCommand.DM_TABLE_CLEAR, name, DmFlags.None, "drop the inactive table of mapping");
    }

    /// <summary>
    /// Puts the loaded table in place, if there is one, and lets I/O run; afterwards /dev/mapper/NAME exists (<see cref="DmNode"/>). A
    /// mapping that has never had a table stays as it is.
    /// </summary>
    /// <exception cref="LinuxException">EAGAIN: its key was wiped.</exception>
    public DmDevice Resume(DmName name)
    {
        RequirePlain(name, "resume mapping");
        var device = Simple(DmCommand.DM_DEV_SUSPEND, name, DmFlags.None, "resume mapping", DmUdev.PrimarySource);
        if (device.HasActiveTable)
            DmNode.Settle(device);
        return device;
    }

    /// <summary>Holds I/O back until Resume.</summary>
    /// <param name="name">The mapping.</param>
    /// <param name="lockFilesystem">First make a filesystem on it consistent on disk.</param>
    /// <param name="flush">First finish the I/O that has been queued.</param>
    internal DmDevice Suspend(DmName name, bool lockFilesystem = true, bool flush = true)
    {
        RequirePlain(name, "suspend mapping");
        var flags = DmFlags.DM_SUSPEND;
        if (!lockFilesystem)
            flags |= DmFlags.DM_SKIP_LOCKFS;
        if (!flush)
            flags |= DmFlags.DM_NOFLUSH;
        return Simple(DmCommand.DM_DEV_SUSPEND, name, flags, "suspend mapping", DmUdev.PrimarySource);
    }

    /// <summary>A mapping by its name; null if there is none.</summary>
    public DmDevice? Find(DmName name)
    {
        try
        {
            return Simple(DmCommand.DM_DEV_STATUS, name, DmFlags.None, "look at mapping");
        }
        catch (LinuxException none) when (none.Errno == Errno.ENXIO)
        {
            return null;
        }
    }

    /// <summary>
    /// The lines of a mapping's table, with devices as "major:minor". A dm-crypt key that the table holds itself comes as zeros.
    /// </summary>
    /// <param name="name">The mapping.</param>
    /// <param name="inactive">The table that is loaded next to the active one.</param>
    public IReadOnlyList<DmTarget> Table(DmName name, bool inactive = false)
    {
        const DmFlags flags = DmFlags.DM_STATUS_TABLE | DmFlags.DM_SECURE_DATA;
        return Lines(name, inactive ? flags | DmFlags.DM_QUERY_INACTIVE_TABLE : flags, "read the table of mapping");
    }

    /// <summary>The status that each target reports.</summary>
    public IReadOnlyList<DmTarget> Status(DmName name) => Lines(name, DmFlags.DM_NOFLUSH, "read the status of mapping");

    /// <summary>The devices that a mapping's active table uses.</summary>
    internal IReadOnlyList<DeviceNumber> Dependencies(DmName name)
    {
        const string Operation = "list the devices of mapping";
        RequireAny(name, Operation);
        var buffer = Ask(DmCommand.DM_TABLE_DEPS, name.Text, Operation, name.Text);
        return new DmReply(buffer, Operation, name.Text).Dependencies();
    }

    /// <summary>Sends a target a message, such as "key wipe". The text may hold key bytes; the kernel wipes its copy.</summary>
    /// <param name="name">The mapping.</param>
    /// <param name="sector">Any sector of the target that is meant.</param>
    /// <param name="text">Words between blanks.</param>
    /// <returns>The target's answer; null if it gave none.</returns>
    /// <exception cref="LinuxException">ENOBUFS: the target has acted on the message, but its answer is longer than 16 KiB.</exception>
    public string? Message(DmName name, Sectors sector, ReadOnlySpan<byte> text)
    {
        const string Operation = "send a message to mapping";
        RequirePlain(name, Operation);
        if (text.IsEmpty || text.Contains((byte)0))
            throw new LinuxException(Errno.EINVAL, Operation, name.Text);
        using var buffer = SecretBuffer.Allocate(FirstRoom + DmRequest.MessageSize(text));
        DmRequest.WriteHead(buffer.GetSpan(), DmCommand.DM_TARGET_MSG, name.Text, DmFlags.DM_SECURE_DATA);
        DmRequest.WriteMessage(buffer.GetSpan()[DmIoctl.Size..], sector, text);
        var reply = Submit(DmCommand.DM_TARGET_MSG, buffer.GetSpan(), Operation, name.Text);
        return reply.Has(DmFlags.DM_BUFFER_FULL) ? throw new LinuxException(Errno.ENOBUFS, Operation, name.Text) : reply.Answer();
    }

    /// <inheritdoc cref="Message(DmName, Sectors, ReadOnlySpan{byte})"/>
    public string? Message(DmName name, Sectors sector, string text) => Message(name, sector, Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Removes a mapping, and /dev/mapper/NAME with it. A running udevd opens a device for a moment whenever a writer has closed it, so
    /// EBUSY is retried for ten seconds, unless the mapping is mounted or under another one.
    /// </summary>
    /// <param name="name">The mapping.</param>
    /// <param name="deferred">If it is in use, it goes with its last user instead of EBUSY; a node of our own goes at once.</param>
    /// <returns>True if it is gone; false if it goes later.</returns>
    /// <exception cref="LinuxException">ENXIO: there is no such mapping. EBUSY: it is in use.</exception>
    public bool Remove(DmName name, bool deferred = false)
    {
        RequirePlain(name, "remove mapping");
        var number = Simple(DmCommand.DM_DEV_STATUS, name, DmFlags.None, "remove mapping").Number;
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var flags = deferred ? DmFlags.DM_DEFERRED_REMOVE : DmFlags.None;
                if (!Simple(DmCommand.DM_DEV_REMOVE, name, flags, "remove mapping", DmUdev.PrimarySource).DeferredRemove)
                    break;
                DmNode.RemoveOwn(name, number);
                return false;
            }
            catch (LinuxException busy) when (busy.Errno == Errno.EBUSY && DmNode.UdevRuns && waited.Elapsed < BusyLimit && !IsHeld(number))
            {
                Thread.Sleep(20);
            }
        }
        if (Find(name) is null) // otherwise the name is taken again already
            DmNode.Remove(name, number);
        return true;
    }

    /// <summary>Whether it is in use by something that does not go away by waiting: a mount, or another mapping.</summary>
    private static bool IsHeld(DeviceNumber number) =>
        Mounts.Read().Any(mount => mount.Device == number) || DirectoryEntries.Names($"/sys/dev/block/{number}/holders").Count > 0;

    private IReadOnlyList<DmTarget> Lines(DmName name, DmFlags flags, string operation)
    {
        RequireAny(name, operation);
        for (var room = FirstRoom; ; room *= 2)
        {
            using var buffer = SecretBuffer.Allocate(room);
            if (TryAsk(DmCommand.DM_TABLE_STATUS, name.Text, flags, buffer.GetSpan(), operation, name.Text))
                return new DmReply(buffer.GetSpan(), operation, name.Text).Targets();
        }
    }

    /// <summary>A request without data, and a reply that describes the mapping.</summary>
    private DmDevice Simple(DmCommand command, DmName name, DmFlags flags, string operation, uint cookie = 0)
    {
        RequireAny(name, operation);
        Span<byte> buffer = stackalloc byte[DmIoctl.Size];
        while (true)
        {
            DmRequest.WriteHead(buffer, command, name.Text, flags).EventNumber = cookie;
            try
            {
                return Submit(command, buffer, operation, name.Text).Device();
            }
            catch (LinuxException interrupted) when (interrupted.Errno == Errno.EINTR)
            {
                // A signal came while the kernel waited for I/O: nothing has changed.
            }
        }
    }

    /// <summary>
    /// A request without data whose reply has some, but no key. Repeated with more room as long as the kernel asks for it.
    /// </summary>
    private Span<byte> Ask(DmCommand command, string name, string operation, string subject)
    {
        for (var room = FirstRoom; ; room *= 2)
        {
            Span<byte> buffer = new byte[room];
            if (TryAsk(command, name, DmFlags.None, buffer, operation, subject))
                return buffer;
        }
    }

    private bool TryAsk(DmCommand command, string name, DmFlags flags, Span<byte> buffer, string operation, string subject)
    {
        DmRequest.WriteHead(buffer, command, name, flags);
        if (!Submit(command, buffer, operation, subject).Has(DmFlags.DM_BUFFER_FULL))
            return true;
        return buffer.Length < MostRoom ? false : throw new LinuxException(Errno.ENOBUFS, operation, subject);
    }

    private unsafe DmReply Submit(DmCommand command, Span<byte> buffer, string operation, string subject)
    {
        int result;
        // SAFETY: the head holds the size of the whole buffer, and the kernel reads and writes no more than that.
        fixed (byte* start = buffer)
            result = _control.Ioctl((uint)command, start);
        return result >= 0 ? new DmReply(buffer, operation, subject) : throw LinuxException.Last(operation, subject);
    }

    /// <summary>A name that was reported need not be UTF-8, and then cannot be asked for.</summary>
    private static void RequireAny(DmName name, string operation)
    {
        if (!DmName.TryParse(name.Text, out _))
            throw new LinuxException(Errno.EINVAL, operation, name.Text);
    }

    private static void RequirePlain(DmName name, string operation)
    {
        if (!name.IsPlain)
            throw new LinuxException(Errno.EINVAL, operation, name.Text);
    }
}
