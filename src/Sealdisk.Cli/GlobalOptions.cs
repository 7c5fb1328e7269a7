using System.CommandLine;

namespace Sealdisk.Cli;

/// <summary>Options that every verb takes.</summary>
internal static class GlobalOptions
{
    internal const string DefaultConfig = "/etc/sealdisk.toml";

    internal static readonly Option<string> Config = new("--config")
    {
        Description = "The configuration file",
        HelpName = "FILE",
        Recursive = true,
        DefaultValueFactory = _ => DefaultConfig,
    };

    internal static readonly Option<bool> Json = new("--json")
    {
        Description = "Print the result as one JSON object (snake_case, stable)",
        Recursive = true,
    };

    internal static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Print results and errors only", Recursive = true };

    internal static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Print more on standard error",
        Recursive = true,
    };

    internal static void AddTo(RootCommand root)
    {
        root.Options.Add(Config);
        root.Options.Add(Json);
        root.Options.Add(Quiet);
        root.Options.Add(Verbose);
    }
}
