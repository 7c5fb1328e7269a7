using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Sealdisk.Board;

namespace Sealdisk.BoardTests;

/// <summary>
/// A TPM 1.2 that somebody owns: swtpm_setup takes ownership, and then the storage root key gets the well-known password.
/// </summary>
[SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "a TPM 1.2 knows nothing but SHA-1")]
internal static class Tpm12Owner
{
    private const string Password = "of the owner";

    /// <summary>Takes ownership of a new TPM in that folder, which no board has yet.</summary>
    public static Tpm Take(string folder)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo(
            "swtpm_setup",
            [
                "--tpmstate", folder, "--take-ownership", "--ownerpass", Password,
            ]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var setup = Process.Start(start)!;
        var error = setup.StandardError.ReadToEndAsync();
        var said = setup.StandardOutput.ReadToEnd() + error.Result;
        setup.WaitForExit();
        Assert.True(setup.ExitCode == 0, said);
        return new Tpm(folder) { Version = "1.2" };
    }

    /// <summary>
    /// Gives the storage root key the well-known password, 20 zero bytes, as tpm_takeownership -z does and the kernel counts
    /// on: TPM_ChangeAuthOwner. swtpm_setup of 0.7 cannot: with --srk-well-known the password becomes the SHA-1 of 20 zero bytes.
    /// </summary>
    public static void MakeStorageRootKeyWellKnown(Machine machine)
    {
        // TPM_OSAP for the owner
        var ours = Hex(SHA1.HashData("OSAP"u8));
        var session = TpmBoard.Send(machine, $"00c1 00000024 0000000b 0002 40000001 {ours}");
        Assert.Equal("00000000", session[12..20]);
        var (handle, nonce, sessionNonce) = (session[20..28], session[28..68], session[68..108]);
        var secret = HMACSHA1.HashData(SHA1.HashData(Encoding.ASCII.GetBytes(Password)), Bytes(sessionNonce + ours));

        // The new password is all zeros: what hides it is all that there is.
        var parameters = $"0004 {Hex(SHA1.HashData([.. secret, .. Bytes(nonce)]))} 0004";
        var odd = Hex(SHA1.HashData("TPM_ChangeAuthOwner"u8));
        var digest = SHA1.HashData(Bytes($"00000010 {parameters}"));
        var authorisation = Hex(HMACSHA1.HashData(secret, (byte[])[.. digest, .. Bytes($"{nonce}{odd}00")]));
        var reply = TpmBoard.Send(machine, $"00c2 0000004f 00000010 {parameters} {handle} {odd} 00 {authorisation}");
        Assert.Equal("00000000", reply[12..20]);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
