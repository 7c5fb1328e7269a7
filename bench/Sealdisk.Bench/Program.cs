using Sealdisk.Bench;

// What bench/run calls; compiled ahead of time like the product, so that the code measured is the code shipped.
switch (args)
{
    case ["cipher", var spec, var keySize, var sectorSize, var direction, var seconds]:
        Console.WriteLine(CipherSpeed.Measure(spec, Number(keySize), Number(sectorSize), direction == "encrypt", Number(seconds)));
        return 0;
    case ["board", var rounds, var results]:
        BoardRuns.Measure(Number(rounds), results);
        return 0;
    case ["report", var results, var machine, var text, var plot]:
        Report.Write(results, machine, text, plot);
        return 0;
    default:
        Console.Error.WriteLine("""
            Sealdisk.Bench cipher SPEC KEY-BYTES SECTOR-BYTES encrypt|decrypt SECONDS
                prints MB/s of one core
            Sealdisk.Bench board ROUNDS RESULTS
                measures 'up' against the shell's way, on the virtual board
            Sealdisk.Bench report RESULTS MACHINE TEXT.md PLOT.svg
                puts medians and ratios into the text, and draws them
            """);
        return 2;
}

static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
