namespace Sealdisk.Tests.Support;

/// <summary>What a test needs of the machine; where that is missing, the test is skipped by name.</summary>
internal static class Requirements
{
    public static void Root()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("needs root");
    }

    public static void RootWithLoop()
    {
        Root();
        Device("/dev/loop-control");
    }

    public static void RootWithFuseAndLoop()
    {
        RootWithLoop();
        Device("/dev/fuse");
    }

    private static void Device(string path)
    {
        if (!File.Exists(path))
            Assert.Skip($"needs {path}");
    }
}
