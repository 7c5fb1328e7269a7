namespace Sealdisk.DataPath;

/// <summary>
/// Lets requests of whole sectors through at the same time, and a request that changes part of a sector alone: what it writes back must
/// not undo what another request has written meanwhile. No thread owns an entry, so a request may end on another thread than it began
/// on.
/// </summary>
internal sealed class AccessGate
{
    private readonly object _turn = new();
    private int _within;
    private bool _isTaken;

    /// <summary>Enters, unless a request is in there alone or waits to be.</summary>
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

    /// <summary>
    /// Waits and enters. Not for a thread that has to end another entry first: a request that wants to be alone may wait for that one.
    /// </summary>
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

    /// <summary>Closes the gate and waits until all requests have left. Not for a thread with an entry of its own.</summary>
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
