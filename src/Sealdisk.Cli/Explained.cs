using Sealdisk.Crypto;
using Sealdisk.Linux;
using Sealdisk.OpTee;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli;

/// <summary>Gives the faults of the lower rooms their exit code and, if a person can do something, a hint.</summary>
internal static class Explained
{
    internal static SealdiskException From(Exception problem) => problem switch
    {
        SealdiskException known => known,
        ConfigurationException => SealdiskException.Usage(problem.Message),
        CipherSpecException => SealdiskException.Usage($"cannot use the cipher: {problem.Message}"),
        BlobTextException => SealdiskException.Usage($"cannot read the sealed key: {problem.Message}"),
        HukTextException => SealdiskException.Usage($"cannot read the HUK: {problem.Message}"),
        LinuxException linux => new SealdiskException(CodeOf(linux), linux.Message, HintOf(linux), linux),
        FileNotFoundException absent => SealdiskException.Failed($"cannot open {absent.FileName}: {Errno.ENOENT.Describe()} (ENOENT)"),
        UnauthorizedAccessException or IOException => SealdiskException.Failed($"cannot use a file: {problem.Message}"),
        _ => SealdiskException.Failed(
            $"internal error: {problem.GetType().Name}: {problem.Message}",
            "this is a defect of Sealdisk; please report it with the command that shows it"),
    };

    private static ExitCode CodeOf(LinuxException problem) => problem.Errno switch
    {
        Errno.EPERM or Errno.EACCES when CurrentProcess.EffectiveUserId != 0 => ExitCode.Lacking,
        Errno.ENOSYS or Errno.ENOTTY or Errno.ENODEV => ExitCode.Lacking,
        _ => ExitCode.Failed,
    };

    private static string? HintOf(LinuxException problem) => problem.Errno switch
    {
        Errno.EPERM or Errno.EACCES when CurrentProcess.EffectiveUserId != 0 => "run it as root",
        Errno.ENOSPC => "free some space and run the same command again",
        Errno.EBUSY => "see who uses it: 'fuser -vm' on the mount point, 'losetup -a', 'findmnt'",
        Errno.EROFS => "remount its filesystem read-write",
        _ => null,
    };
}
