using System.Diagnostics;

namespace Sealdisk.Fuzz;

/// <summary>Executes one target on changed inputs, keeps those that lead to new branches, and stops at the first wrong end.</summary>
internal sealed class Campaign : IDisposable
{
    private const long MostBytesPerExecution = 64 << 20;
    private const long MostBytesKept = 64 << 20;
    private const int LongestSeconds = 60;
    private const int Batch = 50_000;

    private readonly Target _target;
    private readonly Coverage _coverage = new();
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly List<byte[]> _corpus = [];
    private readonly Timer _watchdog;
    private byte[] _current = [];
    private long _started;

    public Campaign(Target target, IEnumerable<byte[]> corpus, int seed)
    {
        _target = target;
        _random = new Random(seed);
        _mutator = new Mutator(_random);
        _watchdog = new Timer(_ => StopHang(), null, 1000, 1000);
        _corpus.Add([]);
        _corpus.AddRange(corpus);
    }

    public long Executions { get; private set; }

    public int Edges => _coverage.Edges;

    /// <summary>What the given inputs and those found since are.</summary>
    public IReadOnlyList<byte[]> Corpus => _corpus;

    /// <summary>The input of a wrong end.</summary>
    public byte[] Current => _current;

    /// <summary>Executes the corpus once, and changes of it until the time or number is up. Returns what went wrong, or null.</summary>
    public string? Run(TimeSpan time, long executions)
    {
        foreach (var input in _corpus.ToArray())
        {
            if (Execute(input) is { } wrong)
                return wrong;
            _coverage.IsNew();
        }
        var clock = Stopwatch.StartNew();
        var kept = long.MaxValue;
        while (clock.Elapsed < time && Executions < executions)
        {
            for (var count = 0; count < Batch && clock.Elapsed < time && Executions < executions; count++)
            {
                var input = _mutator.Change(Pick(), _corpus[_random.Next(_corpus.Count)]);
                if (Execute(input) is { } wrong)
                    return wrong;
                if (_coverage.IsNew())
                    _corpus.Add(input);
            }
            // Nothing that a parser read may be kept by it.
            var held = GC.GetTotalMemory(forceFullCollection: true) - _corpus.Sum(input => (long)input.Length);
            if (held > kept && held - kept > MostBytesKept)
                return $"memory grows: {held - kept} bytes more than at the beginning";
            kept = Math.Min(kept, held);
        }
        return null;
    }

    /// <summary>Of all inputs, shortest first, those that take a branch which none before them takes.</summary>
    public IEnumerable<byte[]> Smallest()
    {
        var coverage = new Coverage();
        foreach (var input in _corpus.OrderBy(input => input.Length))
        {
            Execute(input);
            if (coverage.IsNew(edgesOnly: true))
                yield return input;
        }
    }

    public void Dispose() => _watchdog.Dispose();

    /// <summary>Half of the time one of the newest, which nobody has changed much yet.</summary>
    private byte[] Pick() =>
        _random.Next(2) == 0
            ? _corpus[_random.Next(_corpus.Count)]
            : _corpus[^(1 + _random.Next(Math.Min(_corpus.Count, 16)))];

    private string? Execute(byte[] input)
    {
        _current = input;
        Executions++;
        Coverage.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Volatile.Write(ref _started, Stopwatch.GetTimestamp());
        try
        {
            _target.Read(input);
        }
#pragma warning disable CA1031 // Which exceptions there may be is the question.
        catch (Exception exception)
        {
            if (!_target.Defined.Contains(exception.GetType()))
                return exception.ToString();
        }
#pragma warning restore CA1031
        finally
        {
            Volatile.Write(ref _started, 0);
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > MostBytesPerExecution ? $"{allocated} bytes allocated for an input of {input.Length}" : null;
    }

    private void StopHang()
    {
        var started = Volatile.Read(ref _started);
        if (started == 0 || Stopwatch.GetElapsedTime(started).TotalSeconds < LongestSeconds)
            return;
        Console.Error.WriteLine(
            $"{_target.Name}: an execution takes longer than {LongestSeconds} s; the input is {Saved.Crash(_target.Name, _current)}");
        Environment.Exit(1);
    }
}
