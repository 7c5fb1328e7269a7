using System.Runtime.InteropServices;

namespace Sealdisk.Linux;

/// <summary>The kernel's error numbers (include/uapi/asm-generic/errno*.h), the same on x86-64 and arm64.</summary>
public enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    ENOTBLK = 15,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    EDOM = 33,
    ERANGE = 34,
    EDEADLK = 35,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    ENODATA = 61,
    ETIME = 62,
    ENOPKG = 65,
    EPROTO = 71,
    EBADMSG = 74,
    EOVERFLOW = 75,
    EUSERS = 87,
    EOPNOTSUPP = 95,
    ENOBUFS = 105,
    ENOTCONN = 107,
    ETIMEDOUT = 110,
    EALREADY = 114,
    EINPROGRESS = 115,
    ESTALE = 116,
    EUCLEAN = 117,
    EREMOTEIO = 121,
    EDQUOT = 122,
    ENOMEDIUM = 123,
    EMEDIUMTYPE = 124,
    ECANCELED = 125,
    ENOKEY = 126,
    EKEYEXPIRED = 127,
    EKEYREVOKED = 128,
    EKEYREJECTED = 129,
}

/// <summary>Words for error numbers.</summary>
public static class ErrnoExtensions
{
    /// <summary>The C library's sentence, such as "No such file or directory".</summary>
    public static string Describe(this Errno errno) => Marshal.GetPInvokeErrorMessage((int)errno);

    /// <summary>The number that the last P/Invoke with SetLastError left on this thread.</summary>
    internal static Errno Last() => (Errno)Marshal.GetLastPInvokeError();
}
