using System.Text;
using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>Keys by hand, as keyctl would: they stay in the kernel where a person wanted them.</summary>
public static class KeptKey
{
    /// <summary>
    /// Makes a trusted key, saves its blob durably and leaves the key in a keyring. The blob in the file has been unsealed again before
    /// this returns; if a step fails, no key is left.
    /// </summary>
    /// <param name="name">The key's description.</param>
    /// <param name="size">32 to 128 bytes.</param>
    /// <param name="blobPath">A file that does not exist.</param>
    /// <param name="keyring">Where it goes; from <see cref="KernelKeyring.Settle"/>.</param>
    public static KeySerial New(string name, int size, string blobPath, KeySerial keyring)
    {
        SealedKeyFile.RequireSize(size);
        SealedKeyFile.RequireFree(blobPath);
        RequireNew("trusted", name, keyring);
        using var options = Tpm.TpmSealing.ForNew(TpmSettings.Default, $"key {name}");
        // Made in this thread's own keyring: a key in @u can be read only by who possesses it, which a session that does not lead to @u
        // does not.
        using var key = KernelKey.NewTrusted(KeyDescription.Parse(name), size, options, $"key {name}");
        DurableFile.Create(blobPath, Encoding.ASCII.GetBytes(key.ReadBlob().ToString()), Permissions.Mode0600);
        KernelKey.LoadTrusted(KeyDescription.Parse($"sealdisk:{name}:verify"), SealedBlob.Read(blobPath), blobPath).Dispose();
        return key.LinkInto(keyring);
    }

    /// <summary>Unseals a blob into a keyring: a trusted key.</summary>
    /// <exception cref="SealdiskException">It does not open here (4), or a key of that name is there (1).</exception>
    public static KeySerial Load(string name, string blobPath, KeySerial keyring)
    {
        RequireNew("trusted", name, keyring);
        using var key = KernelKey.LoadTrusted(KeyDescription.Parse(name), SealedBlob.Read(blobPath), $"key {name}");
        return key.LinkInto(keyring);
    }

    /// <summary>Unseals a blob of the soft source into a keyring: a logon key, which nothing in user space can read back.</summary>
    public static KeySerial LoadSoft(string name, string blobPath, string huk, KeySerial keyring)
    {
        if (name.IndexOf(':', StringComparison.Ordinal) < 1)
            throw SealdiskException.Usage(
                $"cannot load key {name}: the soft source's keys become logon keys, whose names have a prefix", $"name it sealdisk:{name}");
        RequireNew("logon", name, keyring);
        using var source = SoftSource.Open(huk);
        using var key = source.UnsealBlob(SealedBlob.Read(blobPath), blobPath);
        using var logon = KernelKey.AddLogon(KeyDescription.Parse(name), key);
        return logon.LinkInto(keyring);
    }

    /// <summary>
    /// The kernel would take it for an update: trusted keys refuse that with a bare EPERM, and a logon key would be replaced in silence.
    /// </summary>
    private static void RequireNew(string type, string name, KeySerial keyring)
    {
        if (Keyring.Resolve(keyring, create: false) is not null && Keyring.Search(keyring, type, KeyDescription.Parse(name)) is { } there)
            throw SealdiskException.Failed(
                $"cannot add key {name}: {keyring} has a {type} key of that name already, number {there} (EEXIST)",
                $"keyctl unlink {there} {keyring}; or use that one");
    }
}
