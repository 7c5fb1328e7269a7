using System.Buffers.Binary;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// The few commands of a TPM 2.0 that Sealdisk needs (TPM 2.0 Library, part 3). Sealing and unsealing are the kernel's: no secret ever
/// passes through here. There is no TPM2_Clear, and none that changes a password.
/// </summary>
internal sealed class Tpm2 : IDisposable
{
    internal const uint OwnerHierarchy = 0x40000001, EndorsementHierarchy = 0x4000000b;

    private const ushort SessionsTag = 0x8002;
    private const int HeaderSize = 10;

    private readonly Func<byte[], byte[]> _exchange;
    private readonly TpmDevice? _device;

    /// <param name="exchange">Takes a command, gives the reply.</param>
    internal Tpm2(Func<byte[], byte[]> exchange) => _exchange = exchange;

    private Tpm2(TpmDevice device)
        : this(command => device.Exchange(command)) => _device = device;

    /// <summary>Through the kernel's resource manager, which takes away what is left loaded.</summary>
    /// <exception cref="LinuxException">There is none, or it may not be used.</exception>
    internal static Tpm2 Open() => new(TpmDevice.Open(TpmDevice.ResourceManager));

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

    /// <summary>The values of PCRs in their SHA-256 bank, in the order asked for.</summary>
    /// <param name="pcrs">Ascending.</param>
    /// <exception cref="TpmException">The TPM refuses, or has no such bank.</exception>
    internal IReadOnlyList<byte[]> ReadPcrs(IReadOnlyList<int> pcrs)
    {
        var values = new List<byte[]>();
        // A TPM gives at most eight at a time, the lowest first.
        while (values.Count < pcrs.Count)
        {
            var command = new TpmCommand("TPM2_PCR_Read", 0x17e, null).Raw(PcrPolicy.Selection([.. pcrs.Skip(values.Count)]));
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
                    reader.TryTakeSized16(out var value) && value.Length == Crypto.Sha256.Size
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
    internal void PolicyPcr(uint session, IReadOnlyList<int> pcrs) =>
        Do(new TpmCommand("TPM2_PolicyPCR", PcrPolicy.PolicyPcrCode, null, session).U16(0).Raw(PcrPolicy.Selection(pcrs)), handles: 0);

    /// <summary>The session's policy: and the object's password.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void PolicyPassword(uint session) => Do(new TpmCommand("TPM2_PolicyPassword", 0x18c, null, session), handles: 0);

    /// <summary>Takes a loaded object or session out of the TPM.</summary>
    /// <exception cref="TpmException">The TPM refuses.</exception>
    internal void Flush(uint handle) => Do(new TpmCommand("TPM2_FlushContext", 0x165, null).U32(handle), handles: 0);

    /// <inheritdoc/>
    public void Dispose() => _device?.Dispose();

    /// <summary>Carries out one command; the handle in its reply, if there is one, and the parameters.</summary>
    private (uint Handle, byte[] Parameters) Do(TpmCommand command, int handles)
    {
        var reply = _exchange(command.Finish());
        if (reply.Length < HeaderSize || BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(2)) != reply.Length)
            throw new TpmException(command.Name, 0);
        if (BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(6)) is not 0 and var code)
            throw new TpmException(command.Name, code);
        if ((BinaryPrimitives.ReadUInt16BigEndian(reply) == SessionsTag) != command.HasSessions)
            throw new TpmException(command.Name, 0);

        var reader = new BlobKindReader(reply.AsSpan(HeaderSize));
        uint handle = 0;
        if (handles == 1 && !reader.TryTakeU32(out handle))
            throw new TpmException(command.Name, 0);
        if (!command.HasSessions)
            return (handle, reader.Rest.ToArray());
        return reader.TryTakeSized32(out var parameters) ? (handle, parameters.ToArray()) : throw new TpmException(command.Name, 0);
    }
}
