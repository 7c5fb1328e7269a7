namespace Sealdisk.Fuzz;

/// <summary>Something that reads what it did not write.</summary>
/// <param name="Name">Of its folder of inputs as well.</param>
/// <param name="Read">Reads the input, and throws what is defined for bad input and nothing else; or finds its own answer wrong
/// and throws that.</param>
/// <param name="Defined">The exceptions that bad input may end in.</param>
internal sealed record Target(string Name, Action<byte[]> Read, params Type[] Defined);
