/* cutload write DIR BASE LOG ROUNDS: files that say whether they are whole, written and synced until power fails. It prints each promise
 * at once, a line each, in the order in which they come true: once a line is out, the next mount must show at least what it says.
 *
 *     s SLOT VERSION     file SLOT is whole, with this version or a later one (0: it may be gone)
 *     l LENGTH           the first LENGTH bytes of the log are as written
 *
 * BASE is the version to go on from, LOG the length of the log that is known to be good. Slots with an even number are replaced by
 * rename; those with an odd number are removed and made again. Unsynced writes and discards go on in between.
 * cutload check DIR: prints the same lines for what is there, and "b SLOT WHY" for a file that is not whole. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SLOTS = 16, MOST = 96 << 10, LOG_MOST = 1 << 20, NOISE = 1 << 20 };

struct head {
    uint32_t slot, version, length;
};

static unsigned char data[LOG_MOST], want[LOG_MOST];

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static void fail(const char *what)
{
    printf("cutload: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* The whole file: a head and noise that follows from it. Returns its length. */
static uint32_t content(unsigned char *at, uint32_t slot, uint32_t version)
{
    uint32_t state = slot * 2654435761u + version * 40503u + 1;
    struct head head = { slot, version, sizeof head + next(&state) % (version % 4 ? 8192 : MOST - sizeof head) };

    memcpy(at, &head, sizeof head);
    for (uint32_t i = sizeof head; i < head.length; i++)
        at[i] = next(&state) >> 24;
    return head.length;
}

static unsigned char log_byte(uint32_t at)
{
    return (at * 2654435761u) >> 23;
}

static void put(int fd, const unsigned char *from, size_t length)
{
    while (length) {
        ssize_t n = write(fd, from, length);
        if (n < 0)
            fail("write");
        from += n;
        length -= n;
    }
}

static void promise(char kind, uint32_t first, long second)
{
    char line[64];
    int n = second < 0
        ? snprintf(line, sizeof line, "%c %u\n", kind, first)
        : snprintf(line, sizeof line, "%c %u %ld\n", kind, first, second);

    if (write(1, line, n) != n)
        exit(1);
}

static void write_slot(int dir, uint32_t slot, uint32_t version)
{
    char name[16], final[16];
    uint32_t length = content(data, slot, version);

    snprintf(final, sizeof final, "slot%u", slot);
    snprintf(name, sizeof name, slot % 2 ? "slot%u" : "new%u", slot);
    if (slot % 2) {
        promise('s', slot, 0);
        unlinkat(dir, final, 0);
    }
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        fail("create");
    put(fd, data, length);
    if (fsync(fd))
        fail("fsync");
    close(fd);
    if (slot % 2 == 0 && (renameat(dir, name, dir, final) || fsync(dir)))
        fail("rename");
    promise('s', slot, version);
}

static uint32_t append(int fd, uint32_t length, uint32_t more)
{
    if (length + more > LOG_MOST) {
        promise('l', 0, -1);
        if (ftruncate(fd, 0) || fsync(fd))
            fail("truncate log");
        length = 0;
    }
    for (uint32_t i = 0; i < more; i++)
        data[i] = log_byte(length + i);
    if (pwrite(fd, data, more, length) != (ssize_t)more || fdatasync(fd))
        fail("append");
    promise('l', length + more, -1);
    return length + more;
}

static void noise(int dir, uint32_t *random)
{
    int fd = openat(dir, "noise", O_WRONLY | O_CREAT, 0600);

    if (fd < 0 || pwrite(fd, data, 20000, next(random) % NOISE) < 0)
        fail("noise");
    close(fd);
}

static int run(int dir, uint32_t base, uint32_t log, uint32_t rounds)
{
    uint32_t random = base * 747796405u + 1;
    int fd = openat(dir, "log", O_WRONLY | O_CREAT, 0600);

    if (fd < 0 || ftruncate(fd, log))
        fail("log");
    for (uint32_t i = 1; i <= rounds; i++) {
        write_slot(dir, next(&random) % SLOTS, base + i);
        if (i % 3 == 0)
            log = append(fd, log, 100 + next(&random) % 8000);
        if (i % 2 == 0)
            noise(dir, &random);
        if (i % 8 == 0)
            ioctl(dir, FITRIM, &(struct fstrim_range){ .len = UINT64_MAX });
    }
    return 0;
}

static const char *judge(int fd, uint32_t slot, uint32_t *version)
{
    struct head head;
    ssize_t n = read(fd, data, sizeof data);

    if (n < (ssize_t)sizeof head)
        return "short";
    memcpy(&head, data, sizeof head);
    *version = head.version;
    if (head.slot != slot || head.length != n)
        return "head or length";
    return content(want, slot, head.version) == n && !memcmp(data, want, n) ? NULL : "content";
}

static int check(int dir)
{
    char name[16];

    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        uint32_t version = 0;
        snprintf(name, sizeof name, "slot%u", slot);
        int fd = openat(dir, name, O_RDONLY);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0)
            fail(name);
        const char *why = judge(fd, slot, &version);
        if (why)
            printf("b %u %s\n", slot, why);
        else
            printf("s %u %u\n", slot, version);
        close(fd);
    }

    int fd = openat(dir, "log", O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, data, sizeof data), good = 0;
    if (n < 0)
        fail("log");
    while (good < n && data[good] == log_byte(good))
        good++;
    printf("l %zd\n", good);
    return 0;
}

int main(int argc, char **argv)
{
    int dir = argc < 3 ? -1 : open(argv[2], O_RDONLY | O_DIRECTORY);

    if (argc < 3 || dir < 0)
        return 2;
    if (argc == 6 && !strcmp(argv[1], "write"))
        return run(dir, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
    return !strcmp(argv[1], "check") ? check(dir) : 2;
}
