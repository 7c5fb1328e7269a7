using System.Buffers.Binary;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// The few commands of a TPM 2.0 that Sealdisk needs (TPM 2.0 Library, part 3). What is secret passes through here only encrypted, by a
/// <see cref="TpmSession"/>. There is no TPM2_Clear, and none that changes a password.
/// </summary>
internal sealed class Tpm2 : IDisposable
{
    internal const uint OwnerHierarchy = 0x40000001, EndorsementHierarchy = 0x4000000b;

    private const ushort NoSessionsTag = 0x8001, SessionsTag = 0x8002;
    private const int HeaderSize = 10;

    /// <summary>How long a TPM may put off a command, and the first and longest pause between two tries; milliseconds.</summary>
    private const int Patience = 60_000, FirstPause = 10, LongestPause = 500;

    private readonly Func<byte[], byte[]> _exchange;
    private readonly TpmDevice? _device;

    /// <param name="exchange">Takes a command, gives the reply.</param>
    internal Tpm2(Func<byte[], byte[]> exchange) => _exchange = exchange;

    private Tpm2(TpmDevice device)
        : this(command => device.Exchange(command)) => _device = device;

    /// <summary>Through a device, by default the kernel's resource manager, which takes away what is left loaded; or a socket.</summary>
    /// <exception cref="LinuxException">There is none, or it may not be used.</exception>
    internal static Tpm2 Open(TpmSettings settings) => new(TpmDevice.Open(settings.Device));

    /// <summary>The TPM itself: what is loaded through it stays when this is disposed, for the kernel to use.</summary>
    /// <exception cref="LinuxException">There is none, or another process has it (EBUSY).</exception>
    internal static Tpm2 OpenRaw() => new(TpmDevice.Open(TpmDevice.Raw));

    /// <summary>The object under a handle, or null if there is none.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal TpmPublic? ReadPublic(uint handle)
    {
        var command = new TpmCommand("TPM2_ReadPublic", 0x173, null, handle);
        try
        {
            var reader = new BlobKindReader(Do(command, handles: 0).Parameters);
            return reader.TryTakeSized16(out var area) && TpmPublic.Read(area) is { } found
                ? found
                : throw new TpmException(command.Name, 0);
        }
        catch (TpmException problem) when (problem.IsNoObject)
        {
            return null;
        }
    }

    /// <summary>
    /// The key that a hierarchy's seed and a template make: the same as long as that seed is. Loaded until <see cref="Flush"/>.
    /// </summary>
    /// <param name="hierarchy">Whose password is empty.</param>
    /// <param name="template">TPMT_PUBLIC.</param>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal (uint Handle, TpmPublic Public) CreatePrimary(uint hierarchy, ReadOnlySpan<byte> template)
    {
        var command = new TpmCommand("TPM2_CreatePrimary", 0x131, hierarchy)
            .U16(4).U16(0).U16(0) // no password of its own, no data
            .Sized(template)
            .U16(0).U32(0); // no outside data, no PCRs
        var (handle, parameters) = Do(command, handles: 1);
        var reader = new BlobKindReader(parameters);
        if (reader.TryTakeSized16(out var area) && TpmPublic.Read(area) is { } made)
            return (handle, made);
        Flush(handle);
        throw new TpmException(command.Name, 0);
    }

    /// <summary>Makes a loaded object of the owner's hierarchy persistent under a handle that is free.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void MakePersistent(uint loaded, uint handle) =>
        Do(new TpmCommand("TPM2_EvictControl", 0x120, OwnerHierarchy, loaded).U32(handle), handles: 0);

    /// <summary>The values of PCRs, in the order asked for.</summary>
    /// <param name="bank">sha256 or sha384.</param>
    /// <param name="pcrs">Ascending.</param>
    /// <exception cref="TpmException">The TPM refuses, or has no such bank.</exception>
    internal IReadOnlyList<byte[]> ReadPcrs(string bank, IReadOnlyList<int> pcrs)
    {
        var values = new List<byte[]>();
        // A TPM gives at most eight at a time, the lowest first.
        while (values.Count < pcrs.Count)
        {
            var command = new TpmCommand("TPM2_PCR_Read", 0x17e, null).Raw(PcrPolicy.Selection(bank, [.. pcrs.Skip(values.Count)]));
            var reader = new BlobKindReader(Do(command, handles: 0).Parameters);
            if (!reader.TryTakeU32(out _)
                || !reader.TryTakeU32(out var banks)
                || banks != 1
                || !reader.TryTakeU16(out _)
                || !reader.TryTake(1, out var size)
                || !reader.TryTake(size[0], out _) || !reader.TryTakeU32(out var count) || count == 0 || count > pcrs.Count - values.Count)
                throw new TpmException(command.Name, 0);
            for (; count > 0; count--)
                values.Add(
                    reader.TryTakeSized16(out var value) && value.Length == PcrPolicy.SizeOf(bank)
                        ? value.ToArray()
                        : throw new TpmException(command.Name, 0));
        }
        return values;
    }

    /// <summary>A policy session of sha256, loaded until it is used or flushed.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal uint StartPolicySession()
    {
        const uint Null = 0x40000007;
        var nonce = new byte[16]; // nothing is encrypted or authenticated with it
        var command = new TpmCommand("TPM2_StartAuthSession", 0x176, null, Null, Null)
            .Sized(nonce).U16(0).U8(1).U16(0x0010).U16(0x000b);
        return Do(command, handles: 1).Handle;
    }

    /// <summary>The session's policy: these PCRs as they are now.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void PolicyPcr(uint session, string bank, IReadOnlyList<int> pcrs) =>
        Do(
            new TpmCommand("TPM2_PolicyPCR", PcrPolicy.PolicyPcrCode, null, session).U16(0).Raw(PcrPolicy.Selection(bank, pcrs)),
            handles: 0);

    /// <summary>The session's policy: and an HMAC with the object's password.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void PolicyAuthValue(uint session) =>
        Do(new TpmCommand("TPM2_PolicyAuthValue", PcrPolicy.PolicyAuthValueCode, null, session), handles: 0);

    /// <summary>The session's policy: and the object's password.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void PolicyPassword(uint session) => Do(new TpmCommand("TPM2_PolicyPassword", 0x18c, null, session), handles: 0);

    /// <summary>Makes an object of secret data under a parent.</summary>
    /// <param name="session">Salted for the parent.</param>
    /// <param name="parent">Its handle.</param>
    /// <param name="key">Its public part.</param>
    /// <param name="sensitive">TPMS_SENSITIVE_CREATE; stays the caller's.</param>
    /// <param name="template">TPMT_PUBLIC.</param>
    /// <returns>TPM2B_PRIVATE and TPM2B_PUBLIC, without their sizes.</returns>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static (byte[] Private, byte[] Public) Create(
        TpmSession session, uint parent, TpmPublic key, SecretBuffer sensitive, ReadOnlySpan<byte> template)
    {
        var command = new TpmCommand("TPM2_Create", 0x153, parent).Sized(template).U16(0).U32(0); // no outside data, no PCRs
        var reader = new BlobKindReader(session.Run(command, key.ObjectName, sensitive, handles: 0).Parameters);
        return reader.TryTakeSized16(out var secret) && reader.TryTakeSized16(out var area)
            ? (secret.ToArray(), area.ToArray())
            : throw new TpmException(command.Name, 0);
    }

    /// <summary>Loads an object under its parent, until <see cref="Flush"/>.</summary>
    /// <param name="session">Salted for the parent.</param>
    /// <param name="parent">Its handle.</param>
    /// <param name="key">Its public part.</param>
    /// <param name="loaded">The object.</param>
    /// <returns>Its handle and its name.</returns>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static (uint Handle, byte[] Name) Load(TpmSession session, uint parent, TpmPublic key, TpmKeyBlob loaded)
    {
        var command = new TpmCommand("TPM2_Load", 0x157, parent).Sized(loaded.Private).Sized(loaded.Public);
        var (handle, parameters) = session.Run(command, key.ObjectName, null, handles: 1);
        var reader = new BlobKindReader(parameters);
        return reader.TryTakeSized16(out var name) && reader.Rest.IsEmpty
            ? (handle, name.ToArray())
            : throw new TpmException(command.Name, 0);
    }

    /// <summary>The data of a loaded object; the session ends with it.</summary>
    /// <param name="session">One whose policy is met, or any.</param>
    /// <param name="loaded">The object's handle.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="auth">The object's password, or null.</param>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal static SecretBuffer Unseal(TpmSession session, uint loaded, byte[] name, SecretBuffer? auth) =>
        session.RunForSecret(new TpmCommand("TPM2_Unseal", 0x15e, loaded), name, auth);

    /// <summary>Takes a loaded object or session out of the TPM.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void Flush(uint handle) => Do(new TpmCommand("TPM2_FlushContext", 0x165, null).U32(handle), handles: 0);

    /// <summary>The same on the way out of a failure, whose message is the one that counts.</summary>
    internal void TryFlush(uint handle)
    {
        try
        {
            Flush(handle);
        }
        catch (Exception problem) when (problem is TpmException or LinuxException)
        {
            // It is gone already, or the TPM is.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _device?.Dispose();

    /// <summary>Carries out one command; the handle in its reply, if there is one, and the parameters.</summary>
    internal (uint Handle, byte[] Parameters) Do(TpmCommand command, int handles)
    {
        var body = Transact(command.Name, command.Finish(), command.HasSessions);
        var reader = new BlobKindReader(body);
        uint handle = 0;
        if (handles == 1 && !reader.TryTakeU32(out handle))
            throw new TpmException(command.Name, 0);
        if (!command.HasSessions)
            return (handle, reader.Rest.ToArray());
        return reader.TryTakeSized32(out var parameters) ? (handle, parameters.ToArray()) : throw new TpmException(command.Name, 0);
    }

    /// <summary>Sends a whole command, again if the TPM is busy; what follows the header of a reply that says success.</summary>
    /// <exception cref="TpmException">The TPM refuses, or puts it off for too long.</exception>
    internal byte[] Transact(string name, byte[] command, bool hasSessions)
    {
        var until = Environment.TickCount64 + Patience;
        for (var pause = FirstPause; ; pause = Math.Min(2 * pause, LongestPause))
        {
            var reply = _exchange(command);
            if (reply.Length < HeaderSize || BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(2)) != reply.Length)
                throw new TpmException(name, 0);
            var code = BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(6));
            var tag = BinaryPrimitives.ReadUInt16BigEndian(reply);
            if (code == 0)
                return tag == (hasSessions ? SessionsTag : NoSessionsTag) ? reply[HeaderSize..] : throw new TpmException(name, 0);
            if (tag != NoSessionsTag || reply.Length != HeaderSize)
                throw new TpmException(name, TpmException.IsOfTpm12(tag) ? TpmException.OldTpm : 0);
            if (!TpmException.IsPutOff(code) || Environment.TickCount64 > until)
                throw new TpmException(name, code);
            Thread.Sleep(pause);
        }
    }
}
