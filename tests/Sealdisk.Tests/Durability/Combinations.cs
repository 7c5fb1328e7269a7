namespace Sealdisk.Tests.Durability;

/// <summary>All combinations of one of each.</summary>
internal static class Combinations
{
    public static IEnumerable<T[]> Product<T>(this IReadOnlyList<IEnumerable<T>> factors)
    {
        IEnumerable<T[]> all = [[]];
        foreach (var factor in factors)
            all = all.SelectMany(_ => factor, (some, one) => (T[])[.. some, one]);
        return all;
    }
}
