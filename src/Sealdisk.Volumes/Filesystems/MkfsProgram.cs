namespace Sealdisk.Volumes.Filesystems;

/// <summary>A program that makes a filesystem, called with its arguments, then the device. Exit code 0 means that it made one.</summary>
/// <param name="Name">The program, such as <c>mkfs.ext4</c>.</param>
/// <param name="Arguments">What comes before the device; none of it may make the program ask a question.</param>
public sealed record MkfsProgram(string Name, MkfsArguments Arguments);

/// <summary>The arguments of an mkfs program.</summary>
/// <param name="discard">Whether it may discard the whole device first, which shows an onlooker which blocks are in use.</param>
/// <param name="size">Bytes of the device.</param>
public delegate string[] MkfsArguments(bool discard, long size);
