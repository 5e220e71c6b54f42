// SPDX-License-Identifier: Apache-2.0
// The door to Linux: memory, clocks, entropy, signals and waiting. Files, environment and terminal
// are in os_file.c, sockets in os_socket.c.
//
// Owns nothing: what it opens belongs to the caller. os_poll() takes at most POLL_MAX descriptors,
// so that its list lives on the stack. Only calls that the seal allows are made by functions that
// os.h does not mark [start]. No function used here allocates (musl).
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"

void *os_reserve(isize bytes)
{
    ASSERT(bytes > 0);
    void *p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void os_trim(void *p, isize reserved_bytes, isize keep)
{
    isize page = (isize)sysconf(_SC_PAGESIZE);
    ASSERT(0 <= keep && keep <= reserved_bytes && page > 0);
    isize from = (keep + page - 1) / page * page;
    if (from < reserved_bytes) {
        int failed = munmap((u8 *)p + from, (size_t)(reserved_bytes - from));
        ASSERT(!failed);
    }
}

static i64 os_clock_ns(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    ASSERT(!failed);
    return (i64)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Set by the linker at both ends of the image.
extern const char __executable_start[];
extern const char _end[];

isize os_image_bytes(void)
{
    return (isize)((uintptr_t)_end - (uintptr_t)__executable_start);
}

i64 os_mono_ms(void)
{
    return os_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

i64 os_unix_us(void)
{
    return os_clock_ns(CLOCK_REALTIME) / 1000;
}

i64 os_cpu_us(void)
{
    return os_clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000;
}

void os_entropy(void *p, isize n)
{
    for (isize done = 0; done < n;) {
        ssize_t got = getrandom((u8 *)p + done, (size_t)(n - done), 0);
        ASSERT(got > 0 || errno == EINTR);
        done += got > 0 ? got : 0;
    }
}

int os_status_open(void)
{
    return open("/proc/self/status", O_RDONLY | O_CLOEXEC);
}

// "VmHWM:     1234 kB" of /proc/self/status (proc(5)). Where there is none: ru_maxrss, which also
// counts what the process had resident before its execve(); started by a large program that does
// not use vfork(), it can be that program's figure.
isize os_peak_rss_bytes(int status_fd)
{
    char text[STATUS_BYTES];
    ssize_t n = status_fd >= 0 ? pread(status_fd, text, sizeof text, 0) : 0;
    str s = str_make(text, n > 0 ? n : 0), number;
    isize at = str_find(s, S("\nVmHWM:"));
    u64 kib = 0;
    bool found = false;
    if (at >= 0) {
        (void)str_cut(str_trim(str_from_index(s, at + 7)), ' ', &number, &found);
    }
    if (found && str_to_u64(number, &kib) && kib < INT64_MAX / 1024) {
        return (isize)kib * 1024;
    }
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (isize)usage.ru_maxrss * 1024;
}

void os_exit(int code)
{
    _exit(code);
}

int os_signals_open(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    // A file that outgrows `ulimit -f` is a write that failed, not the end.
    if (sigaction(SIGPIPE, &ignore, NULL) || sigaction(SIGXFSZ, &ignore, NULL) ||
        sigprocmask(SIG_BLOCK, &set, NULL)) {
        return OS_BROKEN;
    }
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? OS_BROKEN : fd;
}

enum os_signal os_signals_next(int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return OS_SIGNAL_NONE;
    }
    return info.ssi_signo == SIGHUP ? OS_SIGNAL_HUP : OS_SIGNAL_STOP;
}

static short os_poll_events(const struct os_poll *p)
{
    return (short)((p->want_read ? POLLIN : 0) | (p->want_write ? POLLOUT : 0));
}

void os_poll(struct os_poll *list, isize count, i64 timeout_ms)
{
    struct pollfd fds[POLL_MAX];
    ASSERT(0 <= count && count <= POLL_MAX);
    for (isize i = 0; i < count; i++) {
        short events = os_poll_events(&list[i]);
        // A descriptor from which nothing is wanted is left out: its hang-up would end every wait.
        fds[i] = (struct pollfd){.fd = events ? list[i].fd : -1, .events = events};
        list[i].readable = list[i].writable = false;
    }
    int timeout = timeout_ms < 0 ? -1 : timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    if (poll(fds, (nfds_t)count, timeout) < 0) {
        ASSERT(errno == EINTR || errno == ENOMEM || errno == EAGAIN);
        return;
    }
    for (isize i = 0; i < count; i++) {
        bool broken = (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
        list[i].readable = broken || (fds[i].revents & POLLIN);
        list[i].writable = broken || (fds[i].revents & POLLOUT);
    }
}
