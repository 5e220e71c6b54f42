// SPDX-License-Identifier: Apache-2.0
// The door to Linux: files, environment, terminal, writing (see os.h).
//
// Files are read whole into a buffer of the caller and closed again; files that are written are
// opened before the seal and live as descriptors. Paths are used as given. The system's words for a
// failure go into the caller's detail buffer, after the path.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "limits.h"
#include "os/seal.h"

str os_env(const char *name, bool *found)
{
    const char *value = getenv(name);
    *found = value != NULL;
    return str_from(value);
}

str os_env_at(isize i)
{
    isize at = 0;
    while (environ && environ[at] && at < i) {
        at++;
    }
    return environ ? str_from(environ[at]) : (str){0};
}

void os_env_wipe(void)
{
    for (isize i = 0; environ && environ[i]; i++) {
        char *value = strchr(environ[i], '=');
        if (value) {
            explicit_bzero(value + 1, strlen(value + 1));
        }
    }
}

str os_host_name(struct buf *out)
{
    char name[256] = {0}; // Linux: at most 64 bytes
    if (gethostname(name, sizeof name - 1)) {
        return (str){0};
    }
    isize from = out->n;
    buf_put(out, str_from(name));
    return str_from_index(buf_str(out), from);
}

static void os_put_reason(struct buf *detail, const char *path, int error)
{
    if (detail) {
        buf_put(detail, str_from(path));
        buf_put(detail, S(": "));
        buf_put(detail, str_from(strerror(error)));
    }
}

// Reads up to n bytes; 0 at the end, -1 with errno.
static isize os_read(int fd, void *p, isize n)
{
    ssize_t got;
    do {
        got = read(fd, p, (size_t)n);
    } while (got < 0 && errno == EINTR);
    return got;
}

// Reads a descriptor to its end and closes it; `path` is for people.
static err os_read_whole(int fd, const char *path, struct buf *out, struct buf *detail)
{
    if (fd < 0) {
        int error = errno;
        os_put_reason(detail, path, error);
        return error == ENOENT || error == ENOTDIR ? FAIL(FILE_MISSING) : FAIL(FILE_UNREADABLE);
    }
    u8 beyond;
    isize got;
    do {
        isize room = buf_room(out);
        got = room ? os_read(fd, out->p + out->n, room) : os_read(fd, &beyond, 1);
        if (got > 0) {
            out->full = !room;
            out->n += room ? got : 0;
        }
    } while (got > 0 && !out->full);
    if (got < 0) {
        os_put_reason(detail, path, errno);
    } else if (out->full && detail) {
        buf_put(detail, str_from(path));
    }
    close(fd);
    return got < 0 ? FAIL(FILE_UNREADABLE) : buf_check(out);
}

err os_file_read(const char *path, struct buf *out, struct buf *detail)
{
    return os_read_whole(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), path, out, detail);
}

int os_folder_open(const char *path, struct buf *detail)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        os_put_reason(detail, path, errno);
    }
    return fd;
}

// Passes by libc, which adds flags of its own: the seal compares them.
err os_file_read_in(int folder_fd, const char *name, struct buf *out, struct buf *detail)
{
    long fd = syscall(SYS_openat, folder_fd, name, SEAL_FOLDER_FLAGS, 0);
    return os_read_whole((int)fd, name, out, detail);
}

int os_file_create(const char *path, struct buf *detail)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        os_put_reason(detail, path, errno);
        return -1;
    }
    return fd;
}

bool os_watch_signals(struct os_watch *w)
{
    enum os_signal signal = OS_SIGNAL_NONE;
    do {
        signal = w->signals_fd >= 0 ? os_signals_next(w->signals_fd) : OS_SIGNAL_NONE;
        if (signal == OS_SIGNAL_STOP && !w->stopped) {
            w->stopped = true;
            w->until_ms = os_mono_ms() + WRITE_STOP_WAIT_MS;
        }
    } while (signal != OS_SIGNAL_NONE);
    return w->stopped;
}

// Waits until the descriptor takes bytes, or is broken. false: nobody took any in time.
static bool os_wait_writable(int fd, struct os_watch *watch)
{
    struct pollfd list[] = {
        {.fd = fd, .events = POLLOUT},
        {.fd = watch ? watch->signals_fd : -1, .events = POLLIN},
    };
    while (fd >= 0) { // poll() would wait for ever for a negative one; write() refuses it
        bool stopped = watch && watch->stopped;
        i64 left_ms = stopped ? watch->until_ms - os_mono_ms() : -1;
        bool over = stopped && left_ms <= 0;
        int ready = poll(list, COUNT(list), over ? 0 : (int)left_ms);
        if (ready > 0 && list[0].revents) {
            return true;
        }
        if (over) {
            return false;
        }
        if (watch && ready > 0 && list[1].revents) {
            (void)os_watch_signals(watch);
        }
    }
    return true;
}

static err os_write_failed(struct buf *detail, const char *reason)
{
    if (detail) {
        buf_put(detail, str_from(reason));
    }
    return FAIL(FILE_WRITE);
}

// A pipe that is ready takes WRITE_BYTES without blocking; a larger piece could block in the
// middle, where no signal is read.
err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail)
{
    while (s.n > 0) {
        if (!os_wait_writable(fd, watch)) {
            return os_write_failed(detail, "nobody read it any more");
        }
        ssize_t wrote = write(fd, s.p, (size_t)(s.n < WRITE_BYTES ? s.n : WRITE_BYTES));
        if (wrote < 0 && errno != EINTR && errno != EAGAIN) {
            return os_write_failed(detail, strerror(errno));
        }
        s = str_from_index(s, wrote > 0 ? wrote : 0);
    }
    return OK;
}

bool os_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

int os_terminal_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}
