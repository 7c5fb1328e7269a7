namespace Sealdisk.Bench;

/// <summary>One measurement.</summary>
internal sealed record Sample(string Section, string Row, string Subject, string Unit, double Value);
