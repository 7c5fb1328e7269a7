using System.Text;

namespace Sealdisk.Tests.Support;

/// <summary>
/// A page of the documentation that the product's own data says word for word. With SEALDISK_UPDATE_PAGES=1 the page is rewritten instead.
/// </summary>
internal static class GeneratedPage
{
    private const int Columns = 128;

    /// <param name="name">Relative to the root of the checkout.</param>
    /// <param name="content">A paragraph or list item a line; the page has them wrapped.</param>
    public static void Check(string name, string content)
    {
        var path = Path.Combine(Golden.Root, name);
        var page = string.Join('\n', content.Split('\n').Select(Wrapped));
        if (Environment.GetEnvironmentVariable("SEALDISK_UPDATE_PAGES") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, page);
        }
        Assert.Equal(page, File.Exists(path) ? File.ReadAllText(path) : "(there is no such file)");
    }

    private static string Wrapped(string line)
    {
        if (line.Length <= Columns || line.StartsWith('|') || line.StartsWith("    ", StringComparison.Ordinal))
            return line;
        var indent = line.StartsWith("* ", StringComparison.Ordinal) ? "  " : "";
        var text = new StringBuilder();
        var column = 0;
        foreach (var word in line.Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > Columns)
            {
                text.Append('\n').Append(indent).Append(word);
                column = indent.Length + word.Length;
            }
            else
            {
                text.Append(column > 0 ? " " : "").Append(word);
                column += (column > 0 ? 1 : 0) + word.Length;
            }
        }
        return text.ToString();
    }
}
