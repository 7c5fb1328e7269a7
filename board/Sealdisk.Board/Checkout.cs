namespace Sealdisk.Board;

/// <summary>The source tree that this was built from: the board's scripts and the published binaries are in it.</summary>
public static class Checkout
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Sealdisk.slnx")))
                return folder;
        }

        throw new BoardException("cannot find the source tree above " + AppContext.BaseDirectory);
    }
}
