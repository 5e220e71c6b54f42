// SPDX-License-Identifier: Apache-2.0
// The door to Linux: what people type, and files that are changed only after something succeeded
// (see os.h). All of it happens before the seal, but for the writing.
//
// A line is read byte by byte, so that what follows it in a pipe stays there for the next question.
// Signals are blocked by then (os_signals_open): they are watched beside the terminal, and its echo
// is restored on every way out.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "os/os.h"

static err os_line_wait(int fd, struct os_watch *watch)
{
    struct pollfd list[] = {
        {.fd = fd, .events = POLLIN},
        {.fd = watch->signals_fd, .events = POLLIN},
    };
    for (;;) {
        int ready = poll(list, COUNT(list), -1);
        if (ready > 0 && list[1].revents && os_watch_signals(watch)) {
            return FAIL(INPUT_STOPPED);
        }
        if (ready > 0 && list[0].revents) {
            return OK;
        }
    }
}

static err os_line_take(int fd, struct buf *line, struct os_watch *watch)
{
    isize got_before = line->n;
    for (;;) {
        u8 c;
        TRY(os_line_wait(fd, watch));
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got <= 0) {
            return line->n > got_before ? buf_check(line) : FAIL(INPUT_END);
        }
        if (c == '\n') {
            return buf_check(line);
        }
        buf_put_byte(line, c);
    }
}

err os_line_read(int fd, struct buf *line, bool hidden, struct os_watch *watch)
{
    struct termios before;
    bool silent = hidden && tcgetattr(fd, &before) == 0;
    if (silent) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        silent = tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
    }
    err e = os_line_take(fd, line, watch);
    if (silent) {
        (void)tcsetattr(fd, TCSAFLUSH, &before);
    }
    if (line->n > 0 && line->p[line->n - 1] == '\r') {
        line->n--;
    }
    return e;
}

static void os_terminal_reason(struct buf *detail, const char *path, int error)
{
    buf_put(detail, str_from(path));
    buf_put(detail, S(": "));
    buf_put(detail, str_from(strerror(error)));
}

int os_file_change(const char *path, enum os_change change, struct buf *detail)
{
    int more = change == OS_CHANGE_APPEND ? O_APPEND : O_CREAT;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | more, 0600);
    if (fd >= 0 && (change == OS_CHANGE_APPEND || fchmod(fd, 0600) == 0)) {
        return fd;
    }
    os_terminal_reason(detail, path, errno);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

bool os_folder_create(const char *path, struct buf *detail)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return true;
    }
    os_terminal_reason(detail, path, errno);
    return false;
}
