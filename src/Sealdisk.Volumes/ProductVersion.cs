namespace Sealdisk.Volumes;

/// <summary>The version of this build, as records and <c>--version</c> state it.</summary>
public static class ProductVersion
{
    /// <summary>For example "0.1.0".</summary>
    public static string Text { get; } = typeof(ProductVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
