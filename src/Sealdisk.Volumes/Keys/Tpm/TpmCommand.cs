using System.Buffers;
using System.Buffers.Binary;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// One TPM 2.0 command in the making: header, handles, empty passwords, parameters; big-endian (TPM 2.0 Library, part 1, 18).
/// </summary>
internal sealed class TpmCommand
{
    private const ushort NoSessions = 0x8001, Sessions = 0x8002;
    private const uint PasswordSession = 0x40000009; // TPM_RS_PW
    private const int HeaderSize = 10;

    private readonly ArrayBufferWriter<byte> _bytes = new(256);
    private readonly bool _hasSessions;

    /// <param name="name">For messages, such as TPM2_ReadPublic.</param>
    /// <param name="code">The command code.</param>
    /// <param name="authorised">The handle that an empty password authorises, or null.</param>
    /// <param name="handles">Further handles.</param>
    internal TpmCommand(string name, uint code, uint? authorised, params ReadOnlySpan<uint> handles)
    {
        Name = name;
        _hasSessions = authorised is not null;
        U16(_hasSessions ? Sessions : NoSessions).U32(0).U32(code);
        if (authorised is { } first)
            U32(first);
        foreach (var handle in handles)
            U32(handle);
        if (_hasSessions)
            U32(9).U32(PasswordSession).U16(0).U8(0).U16(0); // no nonce, no attributes, no password
    }

    internal string Name { get; }

    /// <summary>Whether the reply carries the size of its parameters, as every one to a command with a session does.</summary>
    internal bool HasSessions => _hasSessions;

    internal TpmCommand U8(byte value)
    {
        _bytes.GetSpan(1)[0] = value;
        _bytes.Advance(1);
        return this;
    }

    internal TpmCommand U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.GetSpan(2), value);
        _bytes.Advance(2);
        return this;
    }

    internal TpmCommand U32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
        return this;
    }

    internal TpmCommand Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>A TPM2B: size and bytes.</summary>
    internal TpmCommand Sized(ReadOnlySpan<byte> bytes) => U16((ushort)bytes.Length).Raw(bytes);

    /// <summary>The whole command with its length in the header.</summary>
    internal byte[] Finish()
    {
        var whole = _bytes.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(2), (uint)whole.Length);
        return whole.Length >= HeaderSize ? whole : throw new InvalidOperationException("a command without its header");
    }
}
