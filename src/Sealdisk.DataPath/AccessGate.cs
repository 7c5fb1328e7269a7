namespace Sealdisk.DataPath;

/// <summary>
/// Requests of whole sectors go through at the same time; one that changes a part of a sector goes alone, for what it writes back must not undo what
/// another has written meanwhile. No thread owns an entry, so a request may end elsewhere than it began.
/// </summary>
internal sealed class AccessGate
{
    private readonly object _turn = new();
    private int _within;
    private bool _isTaken;

    /// <summary>Enters, unless someone is alone in there or waits to be.</summary>
    public bool TryEnter()
    {
        lock (_turn)
        {
            if (_isTaken)
                return false;
            _within++;
            return true;
        }
    }

    /// <summary>Enters once it may. Not for a thread with an entry that only it can end: whoever wants to be alone may be waiting for that one.</summary>
    public void Enter()
    {
        lock (_turn)
        {
            while (_isTaken)
                Monitor.Wait(_turn);
            _within++;
        }
    }

    public void Exit()
    {
        lock (_turn)
        {
            if (--_within == 0 && _isTaken)
                Monitor.PulseAll(_turn);
        }
    }

    /// <summary>Lets nobody in any more and waits until those within have gone. Not for a thread with an entry of its own.</summary>
    public void EnterAlone()
    {
        lock (_turn)
        {
            while (_isTaken)
                Monitor.Wait(_turn);
            _isTaken = true;
            while (_within > 0)
                Monitor.Wait(_turn);
        }
    }

    public void ExitAlone()
    {
        lock (_turn)
        {
            _isTaken = false;
            Monitor.PulseAll(_turn);
        }
    }
}
