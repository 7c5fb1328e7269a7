using System.Buffers;
using System.Buffers.Binary;

namespace Sealdisk.Volumes.Keys.Tpm;

/// <summary>
/// One TPM 2.0 command in the making: header, handles, authorisation, parameters; big-endian (TPM 2.0 Library, part 1, 18). Nothing secret
/// is in it: what is goes through a <see cref="TpmSession"/>, encrypted.
/// </summary>
internal sealed class TpmCommand
{
    private const ushort NoSessions = 0x8001, Sessions = 0x8002;
    private const uint PasswordSession = 0x40000009; // TPM_RS_PW
    private const int HeaderSize = 10;

    private readonly ArrayBufferWriter<byte> _parameters = new(256);
    private readonly uint[] _handles;

    /// <param name="name">For messages, such as TPM2_ReadPublic.</param>
    /// <param name="code">The command code.</param>
    /// <param name="authorised">The handle that an empty password or a session authorises, or null.</param>
    /// <param name="handles">Further handles.</param>
    internal TpmCommand(string name, uint code, uint? authorised, params ReadOnlySpan<uint> handles)
    {
        Name = name;
        Code = code;
        HasSessions = authorised is not null;
        _handles = authorised is { } first ? [first, .. handles] : [.. handles];
    }

    internal string Name { get; }

    internal uint Code { get; }

    /// <summary>Whether the reply carries the size of its parameters, as every one to a command with a session does.</summary>
    internal bool HasSessions { get; }

    /// <summary>What was written after the handles.</summary>
    internal ReadOnlySpan<byte> Parameters => _parameters.WrittenSpan;

    internal TpmCommand U8(byte value)
    {
        _parameters.GetSpan(1)[0] = value;
        _parameters.Advance(1);
        return this;
    }

    internal TpmCommand U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_parameters.GetSpan(2), value);
        _parameters.Advance(2);
        return this;
    }

    internal TpmCommand U32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_parameters.GetSpan(4), value);
        _parameters.Advance(4);
        return this;
    }

    internal TpmCommand Raw(ReadOnlySpan<byte> bytes)
    {
        _parameters.Write(bytes);
        return this;
    }

    /// <summary>A TPM2B: size and bytes.</summary>
    internal TpmCommand Sized(ReadOnlySpan<byte> bytes) => U16((ushort)bytes.Length).Raw(bytes);

    /// <summary>The whole command with its length in the header; an empty password authorises what has to be.</summary>
    internal byte[] Finish()
    {
        if (!HasSessions)
            return Finish([], Parameters);
        Span<byte> password = stackalloc byte[9]; // no nonce, no attributes, no password
        password.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(password, PasswordSession);
        return Finish(password, Parameters);
    }

    /// <summary>The whole command with the authorisation of a session, and with parameters that may have become others.</summary>
    /// <param name="authorisation">TPMS_AUTH_COMMAND; empty for a command without sessions.</param>
    /// <param name="parameters">After encryption.</param>
    internal byte[] Finish(ReadOnlySpan<byte> authorisation, ReadOnlySpan<byte> parameters)
    {
        var authorisationSize = HasSessions ? 4 + authorisation.Length : 0;
        var whole = new byte[HeaderSize + 4 * _handles.Length + authorisationSize + parameters.Length];
        BinaryPrimitives.WriteUInt16BigEndian(whole, HasSessions ? Sessions : NoSessions);
        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(2), (uint)whole.Length);
        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(6), Code);
        var at = HeaderSize;
        foreach (var handle in _handles)
        {
            BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(at), handle);
            at += 4;
        }
        if (HasSessions)
            BinaryPrimitives.WriteInt32BigEndian(whole.AsSpan(at), authorisation.Length);
        authorisation.CopyTo(whole.AsSpan(at + (HasSessions ? 4 : 0)));
        parameters.CopyTo(whole.AsSpan(at + authorisationSize));
        return whole;
    }
}
