using System.CommandLine;
using System.CommandLine.Help;
using Sealdisk.Cli.Verbs;

namespace Sealdisk.Cli;

/// <summary>The whole command line, in the order in which help shows it.</summary>
internal static class SealdiskCommand
{
    internal static RootCommand Create()
    {
        var root = new RootCommand("Encrypts a device's disk with a key that only this device can unseal.");
        GlobalOptions.AddTo(root);
        root.Subcommands.Add(VolumeVerbs.Plan());
        root.Subcommands.Add(VolumeVerbs.Up());
        root.Subcommands.Add(VolumeVerbs.Down());
        root.Subcommands.Add(StatusVerb.Create());
        root.Subcommands.Add(CheckVerb.Create());
        root.Subcommands.Add(AdoptVerb.Create());
        root.Subcommands.Add(RepairVerb.Create());
        root.Subcommands.Add(RecordVerbs.Create());
        root.Subcommands.Add(RotateVerb.Create());
        root.Subcommands.Add(RecoverVerb.Create());
        root.Subcommands.Add(RecoveryVerbs.Create());
        root.Subcommands.Add(EraseVerb.Create());
        root.Subcommands.Add(DoctorVerb.Create());
        root.Subcommands.Add(AuditVerb.Create());
        root.Subcommands.Add(SelfTestVerb.Create());
        root.Subcommands.Add(HukVerbs.Create());
        root.Subcommands.Add(KeyVerbs.Create());
        root.Subcommands.Add(MapVerbs.Create());
        root.Subcommands.Add(BlobVerbs.Create());
        root.Subcommands.Add(ImageVerbs.Create());
        root.Subcommands.Add(ServeVerb.Create());

        foreach (var option in root.Options)
        {
            if (option is HelpOption help)
                help.Action = new HelpWithExamples((HelpAction)help.Action!);
            else if (option is VersionOption version)
                version.Action = new PrintVersion();
        }
        return root;
    }
}
