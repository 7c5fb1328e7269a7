using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Takes requests and answers them, on one thread. If transfers go past the page cache, it takes several at a time: it hands all of
/// them to the kernel and answers each request as its transfer ends. Otherwise it does one after the other.
/// </summary>
internal sealed class FuseWorker : IDisposable
{
    /// <summary>How many requests one worker has in work at a time.</summary>
    private const int Depth = 16;

    private readonly FuseChannel _channel;
    private readonly ServedFile _file;
    private readonly AsyncTransfers? _transfers;
    private readonly FuseSlot[] _slots;
    private readonly Stack<int> _free = new(Depth);
    private readonly Action<int, long> _answer;
    private readonly Action<int> _answerRefused;

    /// <param name="channel">Owned by this from now on.</param>
    /// <param name="file">The file that is served.</param>
    /// <param name="ready">Set when the kernel can let others open the file.</param>
    public FuseWorker(FuseChannel channel, ServedFile file, ManualResetEventSlim ready)
    {
        _channel = channel;
        _file = file;
        _answer = Answer;
        _answerRefused = tag => Answer(tag, FuseSlot.NotBegun);
        _transfers = file.Direct is null ? null : AsyncTransfers.TryCreate(Depth, channel.Device);
        if (_transfers is not null)
            channel.MakeNonBlocking();
        _slots = new FuseSlot[_transfers is null ? 1 : Depth];
        for (var tag = _slots.Length - 1; tag >= 0; tag--)
        {
            _slots[tag] = new FuseSlot(file, ready);
            _free.Push(tag);
        }
    }

    /// <summary>Serves until the file is unmounted.</summary>
    public void Serve()
    {
        if (_transfers is null)
        {
            while (_channel.Receive(_slots[0].Request) is > 0 and var received)
                Answer(_slots[0], received);
            return;
        }
        while (TakeRequests(_transfers))
        {
            _transfers.Submit(_answerRefused);
            _transfers.Reap(wait: _free.Count == 0, _answer);
            if (_free.Count > 0)
                _transfers.Wait();
        }
        Drain(_transfers);
    }

    public void Dispose()
    {
        _transfers?.Dispose();
        _channel.Dispose();
        foreach (var slot in _slots)
            slot.Dispose();
    }

    /// <summary>Takes the requests that wait, as long as there is room; false once unmounted.</summary>
    private bool TakeRequests(AsyncTransfers transfers)
    {
        while (_free.TryPeek(out var tag))
        {
            var slot = _slots[tag];
            switch (_channel.TryReceive(slot.Request))
            {
                case null:
                    return true;
                case 0:
                    return false;
                case { } received when slot.TryBegin(received, transfers, tag):
                    _free.Pop();
                    break;
                case { } received:
                    if (slot.MayWait(received))
                        Drain(transfers);
                    Answer(slot, received);
                    break;
            }
        }
        return true;
    }

    /// <summary>Ends and answers all transfers in flight: this thread must not wait for something that it has to end itself.</summary>
    private void Drain(AsyncTransfers transfers)
    {
        transfers.Submit(_answerRefused);
        while (transfers.InFlight > 0)
            transfers.Reap(wait: true, _answer);
    }

    private void Answer(int tag, long result)
    {
        var slot = _slots[tag];
        _channel.Send(slot.AnswerOf(slot.End(result)));
        _free.Push(tag);
    }

    private void Answer(FuseSlot slot, int received)
    {
        int length;
        try
        {
            length = slot.Answer(received);
        }
#pragma warning disable CA1031 // A request loop: if one request goes wrong, its caller gets an error and the next request its turn.
        catch (Exception exception)
        {
            var header = MemoryMarshal.Read<FuseInHeader>(slot.Request);
            _file.Report($"cannot serve {header.Opcode}: {exception}");
            length = slot.Fail(header);
        }
#pragma warning restore CA1031
        if (length > 0)
            _channel.Send(slot.AnswerOf(length));
    }
}
