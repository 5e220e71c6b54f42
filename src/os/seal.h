// SPDX-License-Identifier: Apache-2.0
// The seal: after start-up the process gives up everything that it will not need again. RELRO is
// mapped read-only (musl's static-pie leaves it writable), RLIMIT_AS is fixed at the current size,
// no core dumps, Landlock denies the file system where the kernel has it, and a seccomp filter
// kills the process at any system call that is not on the list of seal.c.
#ifndef OS_SEAL_H
#define OS_SEAL_H

#include "base/buf.h"

struct seal_report {
    bool seccomp, landlock, relro, address_space;
};

// Engages what the host allows and reports it. SEAL_REFUSED when `require` is set and seccomp could
// not be engaged (then nothing must run). Call once, after all memory was touched and all files
// were opened; the stack is touched here for STACK_BYTES.
struct seal_wants {
    bool require;
    int listen_fd; // connections may be accepted from this descriptor only; -1: from none
    int shared_first_fd, shared_count; // files that may be cut: of struct os_shared, or none
    bool store; // store_fd, of os_store_open(), may be written in place and synchronised
    int store_fd;
    // Files below this folder (os_folder_open()) may be opened for reading, by os_file_read_in().
    // Only where Landlock keeps their names below it: without it seal_engage()
    // says SEAL_NO_LANDLOCK.
    bool folder;
    int folder_fd;
};

// How os_file_read_in() opens; <fcntl.h>.
#define SEAL_FOLDER_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

err seal_engage(const struct seal_wants *wants, struct seal_report *report);

void seal_put_report(struct buf *b,
                     const struct seal_report *report); // "seccomp relro rlimit; no landlock"

// The list of allowed calls, for documentation and tests: name and reason of the i-th. False after
// the last.
bool seal_call_at(isize i, const char **name, const char **why);

// For tests of the seal itself: tries one forbidden call by name ("mmap", "open", "execve", ...).
// Returns only when the call was not fatal: true; or when there is no trial of that name: false.
// Used by the hidden command `mailferry seal-test NAME`.
bool seal_try(str name);
const char *seal_trial_name(isize i); // NULL after the last

#endif
