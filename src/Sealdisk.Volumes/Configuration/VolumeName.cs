namespace Sealdisk.Volumes.Configuration;

/// <summary>Names of volumes and mappings: each becomes a dm device, a directory and a word on the command line.</summary>
public static class VolumeName
{
    private const int MaxLength = 64;

    /// <summary>Why it is not a name, as the end of a sentence that begins with it; null if it is one.</summary>
    public static string? Problem(string name)
    {
        if (name.Length is 0 or > MaxLength)
            return $"must have 1 to {MaxLength} characters";
        if (!char.IsAsciiLetterOrDigit(name[0]))
            return "must begin with a letter or digit";
        if (name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '_' or '-')))
            return "may contain only letters, digits, \".\", \"_\" and \"-\"";
        return name == "control" ? "is taken: /dev/mapper/control is the device-mapper itself" : null;
    }
}
