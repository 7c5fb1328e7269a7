using Sealdisk.Linux;
using Sealdisk.Volumes.Keys.Tpm;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// A TPM 2.0 that seals and unseals for this process, over a salted session in which everything secret is encrypted, for kernels without
/// trusted keys. Its blobs are the kernel's own, and open either way.
/// </summary>
public sealed class TpmSource : ProcessSource
{
    private readonly TpmSettings _settings;
    private readonly Func<Tpm2> _connect;

    /// <param name="settings">How the TPM seals.</param>
    /// <param name="connect">Opens the way to it; disposed after each use.</param>
    internal TpmSource(TpmSettings settings, Func<Tpm2> connect)
    {
        _settings = settings;
        _connect = connect;
    }

    /// <inheritdoc/>
    public override TrustSource Kind => TrustSource.Tpm;

    /// <summary>The TPM that the settings name; not a command is sent yet.</summary>
    public static TpmSource Open(TpmSettings settings)
    {
        // The stack that keys pass over, before it is wiped, must not be paged out either.
        if (CurrentProcess.HasCapability(Capability.IpcLock))
            CurrentProcess.LockAllMemory();
        return new TpmSource(settings, () => Tpm2.Open(settings));
    }

    /// <summary>Why there is no TPM 2.0 for a process of this system, with the remedy; null if there is one. Sends no command.</summary>
    public static (string Problem, string Remedy)? Problem(TpmSettings settings)
    {
        var path = settings.IsSocket ? settings.Device[TpmDevice.SocketPrefix.Length..] : settings.Device;
        if (FileStatus.TryOf(path) is null)
            return settings.IsSocket
                ? ($"there is no software TPM: {path} does not exist (ENOENT)", "start swtpm, or correct device in [source.tpm]")
                : (
                    $"there is no TPM: {path} does not exist (ENOENT)",
                    "switch the TPM on in the firmware's setup, load its driver (tpm_tis, tpm_crb, tpm_ftpm_tee),"
                        + " or correct device in [source.tpm]");
        return !settings.IsSocket && TpmDevice.FamilyOf(path) == 1
            ? ($"the TPM at {path} is a TPM 1.2", "a TPM 1.2 seals only for the kernel's trusted keys: custody = \"kernel\"")
            : null;
    }

    /// <inheritdoc/>
    public override (string Problem, string Remedy)? Lacking(KeyRequest request) => Problem(_settings);

    /// <inheritdoc/>
    public override SealBinding CurrentBinding() => TpmBinding.Now(_settings);

    private protected override (SealedBlob Blob, SealBinding Binding) SealBlob(SecretBuffer key, string subject)
    {
        if (key.Length is < BlobDescription.MinKey or > BlobDescription.MaxKey)
            throw SealdiskException.Usage(
                $"cannot seal {subject}: it has {key.Length} bytes, and a TPM seals {BlobDescription.MinKey} to {BlobDescription.MaxKey}");
        using var auth = Auth();
        try
        {
            using var tpm = _connect();
            var parent = TpmParent.Ensure(tpm, _settings.Parent, subject);
            var policy = _settings.Pcrs.Count == 0 ? [] : TpmSealing.PolicyDigest(tpm, _settings, auth is not null);
            using var session = TpmSession.Start(tpm, _settings.Parent, parent, isPolicy: false);
            using var sensitive = TpmTemplates.Sensitive(key, auth);
            var template = TpmTemplates.SealedData(_settings.Hash, policy);
            var (secret, area) = Tpm2.Create(session, _settings.Parent, parent, sensitive, template);
            session.Flush();
            var made = new TpmKeyBlob(_settings.Parent, auth is null, area, secret);
            return (SealedBlob.Of(made.ToDer()), TpmBinding.Of(tpm, _settings, parent));
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Lacking($"cannot seal {subject}: {problem.Message}", NeedsTpm);
        }
        catch (TpmException problem)
        {
            throw SealdiskException.Failed($"cannot seal {subject}: {problem.Message}", WayOut(problem));
        }
    }

    private protected override SecretBuffer UnsealBlob(SealedBlob sealedBlob, SealBinding binding, string subject)
    {
        var blob = TpmKeyBlob.Read(sealedBlob.Bytes, out var wrong) ?? throw SealdiskException.DoesNotOpen(
            $"cannot unseal {subject}: what is to be unsealed {wrong}", "'sealdisk blob inspect' says what kind of blob it is");
        TpmSealing.RequireKnown(binding, subject);
        // A key that was adopted says nothing of its parent or of PCRs.
        if (binding.Parent is { } recorded)
        {
            if (recorded.Handle != blob.Parent)
                throw SealdiskException.Refused(
                    $"cannot unseal {subject}: it is sealed under {TpmParent.Text(blob.Parent)},"
                        + $" and its record says {TpmParent.Text(recorded.Handle)}",
                    "the record was altered, or it is the sealed key of another volume; nothing was changed");
            TpmSealing.RequireAgreement(_settings, binding, subject);
        }
        using var auth = Auth();
        try
        {
            using var tpm = _connect();
            return Unseal(tpm, blob, binding, auth, subject);
        }
        catch (LinuxException problem)
        {
            throw SealdiskException.Lacking($"cannot unseal {subject}: {problem.Message}", NeedsTpm);
        }
        catch (TpmException problem) when (problem.IsOfTpm)
        {
            throw SealdiskException.Failed($"cannot unseal {subject}: {problem.Message}", WayOut(problem));
        }
        catch (TpmException problem)
        {
            throw SealdiskException.DoesNotOpen($"cannot unseal {subject}: {problem.Message}", WayOut(problem));
        }
    }

    /// <summary>Nothing is kept.</summary>
    private protected override void Dispose(bool isDisposing)
    {
    }

    private const string NeedsTpm =
        "custody \"process\" needs a TPM 2.0 at the device that [source.tpm] names, and the right to use it; nothing was changed";

    private static SecretBuffer Unseal(Tpm2 tpm, TpmKeyBlob blob, SealBinding binding, SecretBuffer? auth, string subject)
    {
        var parent = tpm.ReadPublic(blob.Parent);
        // Before the session is salted for it: with another key, the session would be with the owner of that key.
        if (parent?.IsParent != true || (binding.Parent is { } recorded && recorded.Fingerprint.Text != parent.Fingerprint))
            throw SealdiskException.DoesNotOpen(
                $"cannot unseal {subject}: the TPM does not have the parent key {TpmParent.Text(blob.Parent)} that it was sealed under",
                "nothing was changed");
        using var session = TpmSession.Start(tpm, blob.Parent, parent, isPolicy: false);
        var (handle, name) = Tpm2.Load(session, blob.Parent, parent, blob);
        SecretBuffer? key = null;
        try
        {
            if (binding.Pcrs is { } pcrs)
            {
                key = UnsealUnderPolicy(tpm, blob.Parent, parent, (handle, name), pcrs, auth, subject);
                session.Flush();
            }
            else
            {
                key = Tpm2.Unseal(session, handle, name, auth);
            }
            tpm.Flush(handle);
            var opened = key;
            key = null;
            return opened;
        }
        catch
        {
            tpm.TryFlush(handle);
            throw;
        }
        finally
        {
            key?.Dispose();
        }
    }

    private static SecretBuffer UnsealUnderPolicy(
        Tpm2 tpm, uint handle, TpmPublic parent, (uint Handle, byte[] Name) loaded, PcrValues pcrs, SecretBuffer? auth, string subject)
    {
        using var policy = TpmSession.Start(tpm, handle, parent, isPolicy: true);
        try
        {
            tpm.PolicyPcr(policy.Handle, pcrs.Bank, pcrs.Numbers);
            if (auth is not null)
                tpm.PolicyAuthValue(policy.Handle);
            return Tpm2.Unseal(policy, loaded.Handle, loaded.Name, auth);
        }
        catch (TpmException problem) when (problem.IsPolicy)
        {
            TpmSealing.RequireUnchanged(tpm, pcrs, subject);
            throw;
        }
    }

    private SecretBuffer? Auth() => _settings.Auth is { } path ? TpmAuthFile.ReadBytes(path) : null;

    private static string WayOut(TpmException problem) => problem switch
    {
        { Code: TpmException.Lockout } =>
            "wait until the TPM's lockout has passed (tpm2_getcap properties-variable), and leave it running meanwhile;"
                + " nothing was changed",
        { Code: TpmException.NotAuthentic } =>
            "something between this program and the TPM changes what they say: examine the device; nothing was changed",
        { IsAuthorisation: true } =>
            "the password is not the one that it was sealed with: see auth in [source.tpm]; nothing was changed",
        { IsPolicy: true } => "it was sealed to a policy that its record does not describe; nothing was changed",
        _ => "nothing was changed",
    };
}
