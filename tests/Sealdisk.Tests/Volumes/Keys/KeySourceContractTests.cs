using System.Globalization;
using Sealdisk.Linux;
using Sealdisk.Volumes.Keys;

namespace Sealdisk.Tests.Volumes.Keys;

/// <summary>
/// What every trust source promises (<see cref="IKeySource"/>), tried on those of this machine: soft, and what stands behind the kernel's
/// trusted keys if it has any. The contract of the board tests has the kernel's sources in any case, through the command line.
/// </summary>
public sealed class KeySourceContractTests : IDisposable
{
    private const int Size = 64, OtherSize = 32;
    private static readonly KernelSource Kernel = KernelSource.Detect();
    private static int s_uses;

    private readonly TemporaryDirectory _folder = new();

    private static string[] Here => Kernel.Source is null ? ["soft"] : ["soft", "kernel"];

    /// <summary>The sources of this machine: soft, and kernel if it has trusted keys.</summary>
    public static TheoryData<string> Names => new(Here);

    /// <summary>Each of them with each kind of key.</summary>
    public static TheoryData<string, KeyKind> Sources
    {
        get
        {
            var sources = new TheoryData<string, KeyKind>();
            foreach (var source in Here)
            {
                sources.Add(source, KeyKind.Trusted);
                sources.Add(source, KeyKind.Encrypted);
            }
            return sources;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Sources))]
    public void What_is_made_opens_with_the_size_that_was_asked_for(string source, KeyKind kind) => On(source, (device, _) =>
    {
        foreach (var size in (int[])[OtherSize, Size, 128])
        {
            var made = device.Make(Request(kind, size));
            using var opened = device.Unseal(made, Use(size));
            if (opened is LoadedKey.InProcess { Key: var key })
                Assert.Equal(size, key.Length);
            if (kind == KeyKind.Encrypted)
                Assert.Equal(size, Assert.IsType<SealedKey.TwoLevel>(made).Key.KeySize);
        }
    });

    [Theory]
    [MemberData(nameof(Sources))]
    public void What_is_made_says_its_kind_its_custody_and_its_binding(string source, KeyKind kind) => On(source, (device, _) =>
    {
        var made = device.Make(Request(kind));
        var custody = device.Kind.IsKernel() ? KeyCustody.Kernel : KeyCustody.Process;
        Assert.Equal((kind, custody), (made.Kind, made.Made));
        Assert.Equal(device.CurrentBinding(), made.Binding);
        Assert.Null(made.RecoveryKeyId);
        Assert.Equal(kind == KeyKind.Encrypted, made.RootKeyName is not null);
        using var opened = device.Unseal(made, Use());
        Assert.Equal(custody, opened.Custody);
    });

    [Theory]
    [MemberData(nameof(Sources))]
    public void Two_keys_differ_and_so_do_two_seals(string source, KeyKind kind) => On(source, (device, _) =>
    {
        var (first, second) = (device.Make(Request(kind)), device.Make(Request(kind)));
        Assert.NotEqual(first.Text, second.Text);
        Assert.NotEqual(first.Blob, second.Blob);
        Assert.NotEqual(first.Id, second.Id);
        Assert.False(SameKey(device, first, device, second) ?? false);
    });

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_blob_that_was_altered_is_refused_wherever_it_was(string source, KeyKind kind) => On(source, (device, _) =>
    {
        var made = device.Make(Request(kind));
        // The first byte is reserved: OP-TEE does not look at it.
        foreach (var at in (int[])[1, made.Blob.Bytes.Length / 2, made.Blob.Bytes.Length - 1])
            Refused(ExitCode.DoesNotOpen, device, WithBlob(made, Altered(made.Blob, at)));
        Refused(ExitCode.DoesNotOpen, device, WithBlob(made, SealedBlob.Of(made.Blob.Bytes[..^1])));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void An_encrypted_key_that_was_altered_is_refused_wherever_it_was(string source) => On(source, (device, _) =>
    {
        var made = Assert.IsType<SealedKey.TwoLevel>(device.Make(Request(KeyKind.Encrypted)));
        var key = made.Key;
        EncryptedKeyText[] altered =
        [
            key with { Iv = Altered(key.Iv) },
            key with { Ciphertext = Altered(key.Ciphertext) },
            key with { Mac = Altered(key.Mac) },
        ];
        foreach (var text in altered)
            Refused(ExitCode.DoesNotOpen, device, made with { Key = text });
        // Each is whole, and under the other's root key.
        var other = Assert.IsType<SealedKey.TwoLevel>(device.Make(Request(KeyKind.Encrypted)));
        Refused(ExitCode.DoesNotOpen, device, made with { Root = other.Root });
    });

    [Theory]
    [MemberData(nameof(Sources))]
    public void What_another_device_sealed_is_refused(string source, KeyKind kind) => On(source, (device, other) =>
        Refused(ExitCode.DoesNotOpen, device, other.Make(Request(kind))));

    [Theory]
    [InlineData(KeyKind.Trusted)]
    [InlineData(KeyKind.Encrypted)]
    public void A_key_of_another_size_than_it_must_have_is_refused_if_it_is_in_a_process(KeyKind kind) => On("soft", (device, _) =>
    {
        // In the kernel, dm-crypt compares the size with that of its table.
        Refused(ExitCode.Usage, device, device.Make(Request(kind, OtherSize)));
    });

    [Theory]
    [MemberData(nameof(Sources))]
    public void Sealing_again_keeps_the_key(string source, KeyKind kind) => On(source, (device, _) =>
    {
        if (device.Kind.IsKernel() && kind == KeyKind.Trusted)
            return; // it never leaves the kernel, so nothing can seal it again
        var old = device.Make(Request(kind));
        var resealed = device.Reseal(old, Request(kind), device);
        Assert.Equal((kind, old.Made), (resealed.Kind, resealed.Made));
        Assert.NotEqual(old.Blob, resealed.Blob);
        Assert.NotEqual(old.Text, resealed.Text);
        Assert.NotEqual(false, SameKey(device, old, device, resealed));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_key_under_the_root_key_of_another_volume_shares_that_alone(string source) => On(source, (device, other) =>
    {
        var first = Assert.IsType<SealedKey.TwoLevel>(device.Make(Request(KeyKind.Encrypted)));
        var under = Request(KeyKind.Encrypted) with { Under = new SharedRoot("first", first) };
        var second = Assert.IsType<SealedKey.TwoLevel>(device.Make(under));
        Assert.Equal((first.Root, first.RootName, first.Binding), (second.Root, second.RootName, second.Binding));
        Assert.NotEqual(first.Key, second.Key);
        Assert.False(SameKey(device, first, device, second) ?? false);
        device.Unseal(second, Use()).Dispose();

        var moved = Assert.IsType<SealedKey.TwoLevel>(device.Reseal(device.Make(Request(KeyKind.Encrypted)), under, device));
        Assert.Equal(first.Root, moved.Root);
        device.Unseal(moved, Use()).Dispose();
        Assert.Equal(ExitCode.DoesNotOpen, Assert.Throws<SealdiskException>(() => other.Make(under)).Code);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recovery_key_opens_the_key_and_stays_when_it_is_sealed_again(string source) => On(source, (device, _) =>
    {
        using var secret = SecretBuffer.Random(RecoveryKey.SecretSize);
        using var another = SecretBuffer.Random(RecoveryKey.SecretSize);
        var request = Request(KeyKind.Encrypted) with { Recovery = RecoveryKey.PublicBytes(secret) };
        Assert.SkipWhen(device.Lacking(request) is not null, "this kernel takes no key from a process");
        var made = Assert.IsType<SealedKey.TwoLevel>(device.Make(request));
        Assert.Equal((KeyCustody.Process, RecoveryKey.IdOf(request.Recovery)), (made.Made, made.RecoveryKeyId));
        using var recovered = made.Recovery!.Unwrap(secret);
        Assert.NotNull(recovered);
        Assert.Equal(Size, recovered.Length);
        Assert.Null(made.Recovery.Unwrap(another));
        using var opened = device.Unseal(made, Use());
        if (opened is LoadedKey.InProcess { Key: var key })
            Assert.True(SoftSource.SameKey(key, recovered));
        var resealed = Assert.IsType<SealedKey.TwoLevel>(device.Reseal(made, Request(KeyKind.Encrypted), device));
        Assert.Equal(made.Recovery, resealed.Recovery);
    });

    /// <summary>Runs a test with a device's source and that of another device; on a thread of its own, which ends with its keys.</summary>
    private void On(string name, Action<IKeySource, IKeySource> test) => KeyringThread.Run(() =>
    {
        if (name == "soft")
        {
            using var device = Soft("huk");
            using var other = Soft("other-huk");
            test(device, other);
            return;
        }
        // There is one device in a kernel; a HUK of our own stands for another one.
        using var kernel = new KernelKeySource(Kernel.Source!.Value, TpmSettings.Default);
        using var foreign = Soft("other-huk");
        test(kernel, foreign);
    });

    private SoftSource Soft(string name)
    {
        var path = _folder[name];
        if (!File.Exists(path))
            HukFile.Create(path);
        return SoftSource.Open(path);
    }

    private static KeyRequest Request(KeyKind kind, int size = Size) => new("contract", kind, size, "the key of contract");

    private static KeyUse Use(int size = Size) => new(
        KeyDescription.Parse(string.Create(CultureInfo.InvariantCulture, $"sealdisk:contract-{Interlocked.Increment(ref s_uses)}")),
        size,
        "the key of contract");

    /// <summary>Refused with that code; neither the message nor the hint holds a piece of the blob or of the key's text.</summary>
    private static void Refused(ExitCode code, IKeySource source, SealedKey key)
    {
        var refused = Assert.Throws<SealdiskException>(() => source.Unseal(key, Use()));
        Assert.Equal(code, refused.Code);
        Assert.Contains("the key of contract", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Id, refused.Message + refused.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Blob.ToString()[..16], refused.Message + refused.Hint, StringComparison.Ordinal);
    }

    /// <summary>Whether two sealed keys are the same key; null if they are in the kernel, which does not tell.</summary>
    private static bool? SameKey(IKeySource ofA, SealedKey a, IKeySource ofB, SealedKey b)
    {
        using var first = ofA.Unseal(a, Use());
        using var second = ofB.Unseal(b, Use());
        return first is LoadedKey.InProcess { Key: var one } && second is LoadedKey.InProcess { Key: var two }
            ? SoftSource.SameKey(one, two)
            : null;
    }

    private static SealedKey WithBlob(SealedKey key, SealedBlob blob) => key switch
    {
        SealedKey.TwoLevel two => two with { Root = blob },
        _ => ((SealedKey.Trusted)key) with { Sealed = blob },
    };

    private static SealedBlob Altered(SealedBlob blob, int at)
    {
        var bytes = blob.Bytes.ToArray();
        bytes[at] ^= 0x40;
        return SealedBlob.Of(bytes);
    }

    private static byte[] Altered(byte[] bytes) => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)];
}
