using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>What a layer was asked to do.</summary>
internal enum DeviceOperation
{
    Read,
    Write,
    Flush,
    Discard,
}

/// <summary>One request to a layer.</summary>
/// <param name="Index">How many requests came before it.</param>
/// <param name="Operation">What it asks for.</param>
/// <param name="Offset">Bytes; 0 for a flush.</param>
/// <param name="Length">Bytes; 0 for a flush.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DeviceRequest(long Index, DeviceOperation Operation, long Offset, long Length);

/// <summary>How a request fails.</summary>
/// <param name="Errno">The error that the caller gets.</param>
/// <param name="Done">Bytes of a read or write that are transferred before it fails.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Fault(Errno Errno, int Done = 0);

/// <summary>Passes requests on, except those for which the schedule names a fault.</summary>
/// <param name="inner">The device below.</param>
/// <param name="schedule">Asked once per request, from any thread; null lets the request pass.</param>
internal sealed class FaultyDevice(IBlockDevice inner, Func<DeviceRequest, Fault?> schedule) : IBlockDevice
{
    private long _count = -1;

    /// <inheritdoc/>
    public long Size => inner.Size;

    /// <inheritdoc/>
    public int SectorSize => inner.SectorSize;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> data)
    {
        if (FaultOf(DeviceOperation.Read, offset, data.Length) is not { } fault)
        {
            inner.Read(offset, data);
            return;
        }
        inner.Read(offset, data[..Math.Min(fault.Done, data.Length)]);
        throw new LinuxException(fault.Errno, "read", "a faulty device");
    }

    /// <inheritdoc/>
    public void Write(long offset, Span<byte> data)
    {
        if (FaultOf(DeviceOperation.Write, offset, data.Length) is not { } fault)
        {
            inner.Write(offset, data);
            return;
        }
        inner.Write(offset, data[..Math.Min(fault.Done, data.Length)]);
        throw new LinuxException(fault.Errno, "write", "a faulty device");
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (FaultOf(DeviceOperation.Flush, 0, 0) is { } fault)
            throw new LinuxException(fault.Errno, "sync", "a faulty device");
        inner.Flush();
    }

    /// <inheritdoc/>
    public bool Discard(long offset, long length)
    {
        if (FaultOf(DeviceOperation.Discard, offset, length) is { } fault)
            throw new LinuxException(fault.Errno, "discard a range of", "a faulty device");
        return inner.Discard(offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    private Fault? FaultOf(DeviceOperation operation, long offset, long length) =>
        schedule(new DeviceRequest(Interlocked.Increment(ref _count), operation, offset, length));
}
