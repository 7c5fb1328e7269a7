using System.Runtime.InteropServices;
using Sealdisk.Linux;

namespace Sealdisk.DataPath;

/// <summary>
/// Takes requests and answers them, on one thread. Where transfers go around the page cache it takes several at a time: it hands over to the kernel what
/// there is, and answers each request as its transfer ends. Elsewhere it does one after the other.
/// </summary>
internal sealed class FuseWorker : IDisposable
{
    /// <summary>Requests of one worker in work at a time.</summary>
    private const int Depth = 16;

    private readonly FuseChannel _channel;
    private readonly FuseVolume _volume;
    private readonly AsyncTransfers? _transfers;
    private readonly FuseSlot[] _slots;
    private readonly Stack<int> _free = new(Depth);
    private readonly Action<int, long> _answer;
    private readonly Action<int> _answerRefused;

    /// <param name="channel">Its own from now on.</param>
    /// <param name="volume">What is served.</param>
    /// <param name="ready">Set when the kernel can let others open the file.</param>
    public FuseWorker(FuseChannel channel, FuseVolume volume, ManualResetEventSlim ready)
    {
        _channel = channel;
        _volume = volume;
        _answer = Answer;
        _answerRefused = tag => Answer(tag, FuseSlot.NotBegun);
        _transfers = volume.Direct is null ? null : AsyncTransfers.TryCreate(Depth, channel.Device);
        if (_transfers is not null)
            channel.MakeNonBlocking();
        _slots = new FuseSlot[_transfers is null ? 1 : Depth];
        for (var tag = _slots.Length - 1; tag >= 0; tag--)
        {
            _slots[tag] = new FuseSlot(volume, ready);
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

    /// <summary>Takes what requests there are, as long as there is room; false once unmounted.</summary>
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

    /// <summary>Answers all that goes on: nobody may wait for something that this thread has to end.</summary>
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
#pragma warning disable CA1031 // A request loop: whatever went wrong with one request, its caller must get an error and the next its turn.
        catch (Exception exception)
        {
            var header = MemoryMarshal.Read<FuseInHeader>(slot.Request);
            _volume.Report($"cannot serve {header.Opcode}: {exception}");
            length = slot.Fail(header);
        }
#pragma warning restore CA1031
        if (length > 0)
            _channel.Send(slot.AnswerOf(length));
    }
}
