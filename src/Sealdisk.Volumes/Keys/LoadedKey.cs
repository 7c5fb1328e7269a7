using Sealdisk.Linux;

namespace Sealdisk.Volumes.Keys;

/// <summary>
/// An opened key: a reference to one that the kernel holds, or the bytes in locked memory. Disposing it drops the reference or wipes the
/// bytes.
/// </summary>
public abstract class LoadedKey : IDisposable
{
    private LoadedKey()
    {
    }

    /// <summary>Who holds it.</summary>
    public abstract KeyCustody Custody { get; }

    /// <summary>
    /// The key as dm-crypt takes it, for a thread that opened it here. The caller disposes both; what is in the kernel by then no longer
    /// needs this.
    /// </summary>
    /// <param name="description">What the kernel is to call it, if it is not there yet.</param>
    public abstract KernelKey ForDmCrypt(KeyDescription description);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>A key that the kernel holds.</summary>
    /// <param name="key">Belongs to the caller that takes it with <see cref="ForDmCrypt"/>, else to this.</param>
    public sealed class InKernel(KernelKey key) : LoadedKey
    {
        private KernelKey? _key = key;

        /// <inheritdoc/>
        public override KeyCustody Custody => KeyCustody.Kernel;

        /// <inheritdoc/>
        public override KernelKey ForDmCrypt(KeyDescription description)
        {
            var taken = _key ?? throw new InvalidOperationException("the key was taken already");
            _key = null;
            return taken;
        }

        /// <inheritdoc/>
        public override void Dispose() => _key?.Dispose();
    }

    /// <summary>A key in this process's locked memory.</summary>
    /// <param name="key">Belongs to this.</param>
    public sealed class InProcess(SecretBuffer key) : LoadedKey
    {
        /// <summary>The key; gone when this is disposed.</summary>
        public SecretBuffer Key => key;

        /// <inheritdoc/>
        public override KeyCustody Custody => KeyCustody.Process;

        /// <inheritdoc/>
        public override KernelKey ForDmCrypt(KeyDescription description) => KernelKey.AddLogon(description, key);

        /// <inheritdoc/>
        public override void Dispose() => key.Dispose();
    }
}
