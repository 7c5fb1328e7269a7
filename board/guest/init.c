/*
 * Process 1 of the board. Mounts what every Linux has, then serves two masters: a shell on the console for a person, and the
 * virtio port "board" for a program that wants commands run (Sealdisk.Board's Machine). Words on the kernel's command line:
 *
 *     board.console[=WxH]    a login shell on the console, which is a terminal of that size; the board powers off when it ends
 *     board.session=login    all commands share a session keyring that links the user keyring, as pam_keyinit makes it (default)
 *     board.session=fresh    a session keyring with nothing in it
 *     board.session=none     no session keyring, as in an initramfs
 *     board.share            the host's folder (virtio-9p, tag "share") on /share
 *
 * On the port both sides send frames: type (1 byte), 3 zero bytes, command (u32), length (u32), payload; little-endian.
 *
 *     host: R run the payload with sh -c      W create the file named by the payload      A append the payload to that file
 *     board: H ready      O stdout      E stderr      X ended: exit code (u32), 128 + n for a signal; for W and A an errno
 *            L lines of the kernel's log
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_COMMANDS = 64, MAX_PAYLOAD = 1 << 20, CHUNK = 32768 };

struct frame {
    uint8_t type, zero[3];
    uint32_t command, length;
};

static struct command {
    pid_t pid; /* 0: the slot is free; -1: ended, and a process that it left behind still has its output open */
    uint32_t id;
    int out, err;
} commands[MAX_COMMANDS];

static char words[4096];
static int port = -1, kmsg = -1;
static pid_t console_shell = -1;

static const char *word(const char *name)
{
    size_t length = strlen(name);

    for (const char *at = words; (at = strstr(at, name)); at += length)
        if ((at == words || at[-1] == ' ') && strchr(" \n=", at[length]))
            return at[length] == '=' ? at + length + 1 : at + length;
    return NULL;
}

static ssize_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

static void mounts(void)
{
    static const char *const links[][2] = {
        { "/proc/self/fd", "/dev/fd" }, { "/proc/self/fd/0", "/dev/stdin" },
        { "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
    };

    mount("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
    mkdir("/dev/pts", 0755);
    mount("pts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620");
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("securityfs", "/sys/kernel/security", "securityfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("cgroup", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
    mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], links[i][1])) { /* there already */ }
}

static void session_keyring(void)
{
    const char *kind = word("board.session");

    if (kind && !strncmp(kind, "none", 4))
        return;
    syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
    if (!kind || strncmp(kind, "fresh", 5))
        syscall(SYS_keyctl, 8 /* KEYCTL_LINK */, -4 /* @u */, -3 /* @s */);
}

static void write_all(int fd, const void *bytes, size_t length)
{
    for (const char *at = bytes; length;) {
        ssize_t n = write(fd, at, length);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (n < 0)
            continue;
        at += n;
        length -= n;
    }
}

static void send_frame(char type, uint32_t command, const void *payload, uint32_t length)
{
    static char whole[sizeof(struct frame) + CHUNK];
    struct frame frame = { .type = type, .command = command, .length = length };

    memcpy(whole, &frame, sizeof frame);
    memcpy(whole + sizeof frame, payload, length);
    write_all(port, whole, sizeof frame + length);
}

static void send_code(uint32_t command, uint32_t code)
{
    send_frame('X', command, &code, sizeof code);
}

/* Passes on what is there, at most as much as a full pipe holds, so that an endless output starves nobody. Its end closes it. */
static void drain(uint32_t id, char type, int *fd)
{
    static char chunk[CHUNK];

    for (int chunks = 0; *fd >= 0 && chunks < 4; chunks++) {
        ssize_t n = read(*fd, chunk, sizeof chunk);
        if (n > 0) {
            send_frame(type, id, chunk, n);
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        close(*fd);
        *fd = -1;
    }
}

static void drain_log(void)
{
    static char chunk[CHUNK];
    size_t length = 0;

    while (kmsg >= 0) {
        ssize_t n = length + 8192 > sizeof chunk ? 0 : read(kmsg, chunk + length, sizeof chunk - length);
        if (n < 0 && errno == EPIPE)
            continue; /* older lines were overwritten */
        if (n > 0) {
            length += n;
            continue;
        }
        if (length)
            send_frame('L', 0, chunk, length);
        if (n < 0)
            return;
        length = 0;
    }
}

static void become(char *const argv[])
{
    static char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "USER=root", "LOGNAME=root", "TERM=linux",
        "LANG=C.UTF-8", "SHELL=/bin/sh", NULL
    };
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/root")) { /* then where we are */ }
    execve(argv[0], argv, environment);
    _exit(127);
}

static void run(uint32_t id, char *text)
{
    int out[2], err[2], slot = 0;

    while (slot < MAX_COMMANDS && commands[slot].pid)
        slot++;
    if (slot == MAX_COMMANDS || pipe2(out, O_CLOEXEC)) {
        send_code(id, 126);
        return;
    }
    if (pipe2(err, O_CLOEXEC)) {
        close(out[0]);
        close(out[1]);
        send_code(id, 126);
        return;
    }

    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = { "/bin/sh", "-c", text, NULL };
        setsid();
        dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        become(argv);
    }
    close(out[1]);
    close(err[1]);
    if (pid < 0) {
        close(out[0]);
        close(err[0]);
        send_code(id, 126);
        return;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    commands[slot] = (struct command) { .pid = pid, .id = id, .out = out[0], .err = err[0] };
}

static void console(void)
{
    char names[256], path[300], *name;
    struct winsize size = { 0 };

    if (!word("board.console") || read_file("/sys/class/tty/console/active", names, sizeof names) <= 0)
        return;
    names[strcspn(names, "\n")] = 0;
    name = strrchr(names, ' ');
    snprintf(path, sizeof path, "/dev/%s", name ? name + 1 : names);
    console_shell = fork();
    if (console_shell == 0) {
        char *argv[] = { "/bin/bash", "-l", NULL };
        setsid();
        int fd = open(path, O_RDWR);
        ioctl(fd, TIOCSCTTY, 1);
        if (sscanf(word("board.console"), "%hux%hu", &size.ws_col, &size.ws_row) == 2)
            ioctl(fd, TIOCSWINSZ, &size);
        dup2(fd, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        if (fd > 2)
            close(fd);
        become(argv);
    }
}

static void reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == console_shell) {
            char *argv[] = { "/sbin/poweroff", NULL };
            if (fork() == 0)
                become(argv);
        }
        for (int i = 0; i < MAX_COMMANDS; i++) {
            struct command *c = &commands[i];
            if (c->pid != pid)
                continue;
            drain(c->id, 'O', &c->out);
            drain(c->id, 'E', &c->err);
            drain_log();
            send_code(c->id, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
            c->pid = c->out < 0 && c->err < 0 ? 0 : -1;
        }
    }
}

static void open_port(void)
{
    char path[300], name[64];
    struct dirent *entry;
    DIR *folder = opendir("/sys/class/virtio-ports");

    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
        if (entry->d_name[0] == '.' || read_file(path, name, sizeof name) <= 0 || strcmp(name, "board\n"))
            continue;
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        port = open(path, O_RDWR | O_CLOEXEC);
    }
    if (folder)
        closedir(folder);
}

/* Reads exactly length bytes. Whoever sends half a frame has gone: the port never ends otherwise. */
static int read_all(void *bytes, size_t length)
{
    for (char *at = bytes; length;) {
        ssize_t n = read(port, at, length);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return 0;
        at += n;
        length -= n;
    }
    return 1;
}

static void serve_one(void)
{
    static char payload[MAX_PAYLOAD + 1], path[4096];
    struct frame frame;

    if (!read_all(&frame, sizeof frame) || frame.length > MAX_PAYLOAD || !read_all(payload, frame.length)) {
        usleep(10000); /* nobody at the other end */
        return;
    }
    payload[frame.length] = 0;
    if (frame.type == 'R') {
        run(frame.command, payload);
        return;
    }

    int append = frame.type == 'A', error = 0;
    if (!append)
        snprintf(path, sizeof path, "%.4095s", payload);
    int fd = open(path, O_WRONLY | O_CLOEXEC | (append ? O_APPEND : O_CREAT | O_TRUNC), 0644);
    if (fd < 0 || (append && write(fd, payload, frame.length) != (ssize_t)frame.length))
        error = errno ? errno : ENOSPC;
    if (fd >= 0)
        close(fd);
    send_code(frame.command, error);
}

int main(void)
{
    sigset_t child;

    mounts();
    int fd = open("/dev/console", O_RDWR);
    for (int i = 0; fd >= 0 && i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
    read_file("/proc/cmdline", words, sizeof words);
    if (sethostname("board", 5)) { /* then it has none */ }
    if (word("board.share"))
        mount("share", "/share", "9p", MS_NOSUID | MS_NODEV, "trans=virtio,version=9p2000.L,msize=262144");
    session_keyring();

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);

    open_port();
    console();
    if (port >= 0) {
        kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        drain_log();
        send_frame('H', 0, NULL, 0);
    }

    for (;;) {
        struct pollfd fds[3 + 2 * MAX_COMMANDS] = {
            { .fd = children, .events = POLLIN }, { .fd = port, .events = POLLIN }, { .fd = kmsg, .events = POLLIN }
        };
        int count = 3;
        for (int i = 0; i < MAX_COMMANDS; i++) {
            fds[count++] = (struct pollfd) { .fd = commands[i].pid ? commands[i].out : -1, .events = POLLIN };
            fds[count++] = (struct pollfd) { .fd = commands[i].pid ? commands[i].err : -1, .events = POLLIN };
        }
        if (poll(fds, count, -1) < 0)
            continue;

        if (fds[2].revents)
            drain_log();
        for (int i = 0; i < MAX_COMMANDS; i++) {
            struct command *c = &commands[i];
            if (fds[3 + 2 * i].revents)
                drain(c->id, 'O', &c->out);
            if (fds[4 + 2 * i].revents)
                drain(c->id, 'E', &c->err);
            if (c->pid == -1 && c->out < 0 && c->err < 0)
                c->pid = 0;
        }
        if (fds[0].revents) {
            struct signalfd_siginfo info;
            while (read(children, &info, sizeof info) == sizeof info)
                ;
            reap();
        }
        if (fds[1].revents)
            serve_one();
    }
}
