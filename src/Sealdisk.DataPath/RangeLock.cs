namespace Sealdisk.DataPath;

/// <summary>
/// Shared and exclusive access to byte ranges, by the megabyte: the megabytes of a device take turns on a few locks, which are entered in ascending
/// order, so that two ranges cannot wait for each other.
/// </summary>
internal sealed class RangeLock : IDisposable
{
    private const int Stripes = 32, StripeShift = 20;

    private readonly ReaderWriterLockSlim[] _stripes = Array.ConvertAll(new int[Stripes], _ => new ReaderWriterLockSlim());

    public void Enter(long offset, long length, bool exclusive)
    {
        for (var index = 0; index < Stripes; index++)
        {
            if (!Covers(index, offset, length))
                continue;
            if (exclusive)
                _stripes[index].EnterWriteLock();
            else
                _stripes[index].EnterReadLock();
        }
    }

    public void Exit(long offset, long length, bool exclusive)
    {
        for (var index = 0; index < Stripes; index++)
        {
            if (!Covers(index, offset, length))
                continue;
            if (exclusive)
                _stripes[index].ExitWriteLock();
            else
                _stripes[index].ExitReadLock();
        }
    }

    public void Dispose()
    {
        foreach (var stripe in _stripes)
            stripe.Dispose();
    }

    private static bool Covers(int index, long offset, long length)
    {
        var first = offset >> StripeShift;
        var last = (offset + length - 1) >> StripeShift; // no sector crosses a megabyte, so the range itself is enough
        return ((index - first) & (Stripes - 1)) <= last - first;
    }
}
