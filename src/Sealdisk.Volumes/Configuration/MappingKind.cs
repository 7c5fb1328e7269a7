namespace Sealdisk.Volumes.Configuration;

/// <summary>Who decrypts: text <c>auto</c>, <c>dm</c> or <c>fuse</c>.</summary>
public enum MappingKind
{
    /// <summary>dm-crypt where the kernel has it, else FUSE (soft source only).</summary>
    Auto,

    /// <summary>The kernel's dm-crypt.</summary>
    Dm,

    /// <summary>The user-space data path. Impossible with a kernel source, whose key never leaves the kernel.</summary>
    Fuse,
}

/// <summary>The words for <see cref="MappingKind"/>.</summary>
public static class MappingKindText
{
    /// <summary>The word, such as <c>dm</c>.</summary>
    public static string Text(this MappingKind kind) => kind switch
    {
        MappingKind.Dm => "dm",
        MappingKind.Fuse => "fuse",
        _ => "auto",
    };
}
