/* memscan PID FILE: looks in every readable page of a process for what is in FILE (a key): the whole of it, any 16 bytes of it in a
 * row, and its hex text. Prints "PATTERN found at ADDRESS in MAPPING" for each, and last "scanned N bytes, M found".
 * PID 0 is this very process, which holds the key: a test of the test. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char key[4096];
static char hex[8192];
static size_t size;

static int look(const unsigned char *data, size_t length, const unsigned char *want, size_t n, const char *what,
                unsigned long at, const char *line)
{
    int found = 0;
    const unsigned char *p = data;
    while (n <= length && (p = memmem(p, length - (size_t)(p - data), want, n))) {
        printf("%s found at %lx in %s", what, at + (unsigned long)(p - data), line);
        found++;
        p++;
    }
    return found;
}

int main(int argc, char **argv)
{
    char path[64], line[512];
    static unsigned char data[(1 << 20) + 8192];
    unsigned long long scanned = 0;
    int found = 0;

    if (argc != 3)
        return 2;
    int file = open(argv[2], O_RDONLY);
    ssize_t got = file < 0 ? -1 : read(file, key, sizeof key);
    if (got < 16)
        return 2;
    size = (size_t)got;
    for (size_t i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", key[i]);

    snprintf(path, sizeof path, "/proc/%s/maps", strcmp(argv[1], "0") ? argv[1] : "self");
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%s/mem", strcmp(argv[1], "0") ? argv[1] : "self");
    int mem = open(path, O_RDONLY);
    if (!maps || mem < 0) {
        perror(path);
        return 2;
    }
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 || mode[0] != 'r')
            continue;
        /* Pieces overlap by more than a key, so that none is cut in two. */
        for (unsigned long at = start; at < end; at += 1 << 20) {
            size_t want = end - at < sizeof data ? end - at : sizeof data;
            ssize_t n = pread(mem, data, want, (off_t)at);
            if (n <= 0)
                continue;
            scanned += (unsigned long long)n;
            for (size_t i = 0; i + 16 <= size; i += 16)
                found += look(data, (size_t)n, key + i, 16, "16 bytes of the key", at, line);
            found += look(data, (size_t)n, (unsigned char *)hex, 32, "hex text", at, line);
        }
    }
    printf("scanned %llu bytes, %d found\n", scanned, found);
    return found ? 1 : 0;
}
