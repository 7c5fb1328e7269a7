using System.CommandLine;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli;

/// <summary>The options of the dm-crypt target that change its speed alone.</summary>
internal sealed class CryptOptionSet
{
    private readonly Option<bool> _sameCpuCrypt = new("--same-cpu-crypt")
    {
        Description = "dm-crypt: encrypt on the processor that submitted the request",
    };
    private readonly Option<bool> _submitFromCryptCpus = new("--submit-from-crypt-cpus")
    {
        Description = "dm-crypt: submit writes from the thread that encrypted them",
    };
    private readonly Option<bool> _noReadWorkqueue = new("--no-read-workqueue") { Description = "dm-crypt: decrypt without a workqueue" };
    private readonly Option<bool> _noWriteWorkqueue = new("--no-write-workqueue") { Description = "dm-crypt: encrypt without a workqueue" };

    internal void AddTo(Command command)
    {
        foreach (var option in new[] { _sameCpuCrypt, _submitFromCryptCpus, _noReadWorkqueue, _noWriteWorkqueue })
            command.Options.Add(option);
    }

    internal CryptOptions Of(ParseResult parsed) => new(
        parsed.GetValue(_sameCpuCrypt),
        parsed.GetValue(_submitFromCryptCpus),
        parsed.GetValue(_noReadWorkqueue),
        parsed.GetValue(_noWriteWorkqueue));
}
