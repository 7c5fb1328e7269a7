namespace Sealdisk.Board;

/// <summary>The board did not do what was asked. The message ends with what console, kernel and secure world said last.</summary>
public sealed class BoardException(string message) : Exception(message);
