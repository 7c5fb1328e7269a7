using System.Runtime.InteropServices;

namespace Sealdisk.Volumes.Configuration;

/// <summary>Options of the dm-crypt target that change its speed and nothing of what it writes.</summary>
/// <param name="SameCpuCrypt">same_cpu_crypt: encrypt on the processor that submitted the request.</param>
/// <param name="SubmitFromCryptCpus">submit_from_crypt_cpus: do not hand writes to a thread of their own after encryption.</param>
/// <param name="NoReadWorkqueue">no_read_workqueue: decrypt where the read ended (Linux 5.9).</param>
/// <param name="NoWriteWorkqueue">no_write_workqueue: encrypt where the write began (Linux 5.9).</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CryptOptions(bool SameCpuCrypt, bool SubmitFromCryptCpus, bool NoReadWorkqueue, bool NoWriteWorkqueue)
{
    /// <summary>The kernel's own ways.</summary>
    public static readonly CryptOptions None;

    /// <summary>The words for the table, in the order in which the kernel prints them.</summary>
    public IEnumerable<string> Words()
    {
        if (SameCpuCrypt)
            yield return "same_cpu_crypt";
        if (SubmitFromCryptCpus)
            yield return "submit_from_crypt_cpus";
        if (NoReadWorkqueue)
            yield return "no_read_workqueue";
        if (NoWriteWorkqueue)
            yield return "no_write_workqueue";
    }
}
