namespace Sealdisk.Tests.Support;

/// <summary>
/// A page of the documentation that the product's own data says word for word. With SEALDISK_UPDATE_PAGES=1 the page is rewritten instead.
/// </summary>
internal static class GeneratedPage
{
    public static void Check(string name, string content)
    {
        var path = Path.Combine(Golden.Root, name);
        if (Environment.GetEnvironmentVariable("SEALDISK_UPDATE_PAGES") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }
        Assert.Equal(content, File.Exists(path) ? File.ReadAllText(path) : "(there is no such file)");
    }
}
