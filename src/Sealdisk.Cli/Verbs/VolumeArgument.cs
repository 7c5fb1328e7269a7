using System.CommandLine;
using Sealdisk.Audit.Device;
using Sealdisk.Volumes.Configuration;

namespace Sealdisk.Cli.Verbs;

/// <summary>VOLUME...: names from the configuration; all of them when none is given.</summary>
internal static class VolumeArgument
{
    internal static Argument<string[]> New()
    {
        var argument = new Argument<string[]>("VOLUME")
        {
            Description = "Volumes of the configuration (default: all)",
            Arity = ArgumentArity.ZeroOrMore,
            HelpName = "VOLUME",
        };
        argument.CompletionSources.Add(_ => Names());
        return argument;
    }

    /// <summary>NAME: exactly one.</summary>
    internal static Argument<string> One()
    {
        var argument = new Argument<string>("NAME") { Description = "A volume of the configuration", HelpName = "NAME" };
        argument.CompletionSources.Add(_ => Names());
        return argument;
    }

    internal static VolumeSpec SpecOf(ParseResult parsed, Argument<string> argument) =>
        Find(parsed, [parsed.GetRequiredValue(argument)])[0];

    internal static IReadOnlyList<VolumeSpec> Select(ParseResult parsed, Argument<string[]> argument) =>
        Find(parsed, parsed.GetValue(argument) ?? []);

    private static IReadOnlyList<VolumeSpec> Find(ParseResult parsed, string[] names)
    {
        var path = Path.GetFullPath(parsed.GetValue(GlobalOptions.Config)!);
        var configuration = SealdiskConfiguration.Load(path, Checks.Requirable);
        if (names.Length == 0)
            return configuration.Volumes;
        return names.Distinct(StringComparer.Ordinal).Select(name =>
            configuration.Volumes.FirstOrDefault(volume => volume.Name == name)
            ?? throw SealdiskException.Usage(
                $"cannot find volume {name}: {path} has"
                    + $" {string.Join(", ", configuration.Volumes.Select(volume => volume.Name))}")).ToArray();
    }

    /// <summary>For completion in a shell; a configuration that does not load completes nothing.</summary>
    private static IEnumerable<string> Names()
    {
        try
        {
            return SealdiskConfiguration.Load(GlobalOptions.DefaultConfig, Checks.Requirable).Volumes.Select(volume => volume.Name);
        }
        catch (ConfigurationException)
        {
            return [];
        }
    }
}
