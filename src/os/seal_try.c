// SPDX-License-Identifier: Apache-2.0
// Calls that the seal must not let through, one at a time, for the tests of the seal and for
// whoever wants to see it (`mailferry seal-test NAME`). Each is made with arguments that do no harm
// where it does get through. libc is passed by, so that the call is made for certain.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/seal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct seal_trial {
    const char *name;
    long nr;
    long arguments[6];
};

#ifdef SYS_open
#define SEAL_OPEN                   \
    SYS_open,                       \
    {                               \
        (long)"/dev/null", O_RDONLY \
    }
#else
#define SEAL_OPEN                             \
    SYS_openat,                               \
    {                                         \
        AT_FDCWD, (long)"/dev/null", O_RDONLY \
    }
#endif

// A function, because addresses are not constants of a long.
static struct seal_trial seal_trial_at(isize i)
{
    const struct seal_trial trials[] = {
        {"mmap", SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
        {"munmap", SYS_munmap, {0, 4096}},
        {"mremap", SYS_mremap, {0, 4096, 8192, MREMAP_MAYMOVE}},
        {"mprotect", SYS_mprotect, {0, 4096, PROT_READ}},
        {"madvise", SYS_madvise, {0, 4096, 0}},
        {"brk", SYS_brk, {0}},
        {"open", SEAL_OPEN},
        {"openat", SYS_openat, {AT_FDCWD, (long)"/dev/null", O_RDONLY}},
        {"unlinkat", SYS_unlinkat, {AT_FDCWD, (long)"", 0}},
        {"execve", SYS_execve, {(long)"", 0, 0}},
        {"clone", SYS_clone, {SIGCHLD}},
        {"ptrace", SYS_ptrace, {-1, 0, 0, 0}},
        {"kill", SYS_kill, {0, 0}},
        {"tkill", SYS_tkill, {1, 0}},
        {"ioctl", SYS_ioctl, {-1, 0, 0}},
        {"dup", SYS_dup, {0}},
        {"fcntl-dup", SYS_fcntl, {0, F_DUPFD, 100}},
        {"fcntl-lock", SYS_fcntl, {0, F_GETLK, 0}},
        {"ftruncate", SYS_ftruncate, {-1, 0}},
        {"pwrite", SYS_pwrite64, {-1, 0, 0, 0}},
        {"bind", SYS_bind, {-1, 0, 0}},
        {"listen", SYS_listen, {-1, 1}},
        {"sendto-address", SYS_sendto, {-1, 0, 0, 0, 8, 0}},
        {"setsockopt", SYS_setsockopt, {-1, SOL_SOCKET, SO_REUSEADDR, 0, 0}},
        {"getsockopt", SYS_getsockopt, {-1, SOL_SOCKET, SO_PEERCRED, 0, 0}},
        {"accept", SYS_accept4, {-1, 0, 0, 0}},
        {"socket-unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
        {"socket-netlink", SYS_socket, {AF_NETLINK, SOCK_DGRAM, 0}},
        {"socket-raw", SYS_socket, {AF_INET, SOCK_RAW, 1}},
        {"socket-protocol", SYS_socket, {AF_INET, SOCK_STREAM, 262}},
        {"prctl", SYS_prctl, {-1, 0, 0, 0, 0}},
        {"setrlimit", SYS_prlimit64, {0, 0, 0, 0}},
        {"process-memory", SYS_process_vm_readv, {-1, 0, 0, 0, 0, 0}},
        {"bpf", SYS_bpf, {-1, 0, 0}},
#ifdef __x86_64__
        {"x32-read", 0x40000000, {-1, 0, 0}},
#endif
    };
    return i < COUNT(trials) ? trials[i] : (struct seal_trial){0};
}

const char *seal_trial_name(isize i)
{
    return seal_trial_at(i).name;
}

bool seal_try(str name)
{
    for (isize i = 0; seal_trial_name(i); i++) {
        struct seal_trial t = seal_trial_at(i);
        if (str_eq(str_from(t.name), name)) {
            const long *a = t.arguments;
            long result = syscall(t.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
            if (t.nr == SYS_clone && result == 0) {
                _exit(0); // the child that should not be
            }
            return true;
        }
    }
    return false;
}
