// SPDX-License-Identifier: Apache-2.0
// The seal (see seal.h): what the process gives up, and the list of system calls that it keeps.
//
// The list is the whole policy: a call that is not on it, or whose arguments are not the expected
// ones, kills the process at once (SECCOMP_RET_KILL_PROCESS). Nothing on it can create memory,
// code, files, processes or any socket but those of TCP and UDP. Everything else here is a second
// wall for the case that the host allows no seccomp. x86_64 and aarch64.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/seal.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "limits.h"

#if defined(__x86_64__)
#define SEAL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SEAL_ARCH AUDIT_ARCH_AARCH64
#else
#error "the seal knows x86_64 and aarch64"
#endif

// ---- the list

// The comments, and the list itself, are the table of SECURITY.md: tests/lint/seal_calls puts them
// there.
enum seal_check {
    SEAL_ANY,             // always
    SEAL_INTERNET_SOCKET, // `AF_INET` or `AF_INET6`, stream or datagram, protocol 0
    SEAL_CONNECTED,       // without an address of its own
    SEAL_SOCKET_ERROR,    // `SOL_SOCKET`, `SO_ERROR`
    SEAL_NO_DELAY,        // `IPPROTO_TCP`, `TCP_NODELAY`
    SEAL_OWN_THREAD,      // to the one thread
    SEAL_LISTENER,        // only with `service.listen`: on that descriptor
    SEAL_SHARED,          // only with `use_file_pointers`: on the files made for it
    SEAL_WRITTEN, // only with `use_file_pointers` or `outlook.state_file`: on files made for it
    SEAL_STORE,   // only with `outlook.state_file`: on that file
    SEAL_FOLDER,  // only with `federated_token_file`: in that folder, read-only
};

struct seal_call {
    u32 nr;
    enum seal_check check; // of its arguments
    const char *name;
    const char *why;
};

#define SEAL_CALL(call, check, why)    \
    {                                  \
        __NR_##call, check, #call, why \
    }

// The order is the order of the filter: calls of every turn of the loop come first.
static const struct seal_call seal_calls[] = {
    SEAL_CALL(read, SEAL_ANY, "signals (signalfd), and the federated token"),
    SEAL_CALL(recvfrom, SEAL_ANY, "bytes of connections and name servers"),
    SEAL_CALL(sendto, SEAL_CONNECTED, "bytes to connections and name servers"),
#ifdef __NR_poll
    SEAL_CALL(poll, SEAL_ANY, "the one wait of the loop"),
#endif
    SEAL_CALL(ppoll, SEAL_ANY, "the one wait of the loop, where there is no poll"),
    SEAL_CALL(clock_gettime, SEAL_ANY, "deadlines; usually without entering the kernel"),
    SEAL_CALL(write, SEAL_ANY, "log, progress, results"),
    SEAL_CALL(writev, SEAL_ANY, "the last words of a failed assertion in a library"),
    SEAL_CALL(pread64, SEAL_ANY, "its own status in /proc and outlook.state_file, opened before"),
    SEAL_CALL(pwrite64, SEAL_WRITTEN, "content of the files made for it; states of folders"),
    SEAL_CALL(fdatasync, SEAL_STORE, "states of folders reach the disk before they count"),
    SEAL_CALL(socket, SEAL_INTERNET_SOCKET, "new connections, to servers and name servers"),
    SEAL_CALL(connect, SEAL_ANY, "new connections"),
    SEAL_CALL(getsockopt, SEAL_SOCKET_ERROR, "whether a connection was made"),
    SEAL_CALL(setsockopt, SEAL_NO_DELAY, "requests leave at once"),
    SEAL_CALL(accept4, SEAL_LISTENER, "health and metrics: from the one listening descriptor"),
    SEAL_CALL(close, SEAL_ANY, "the end of a connection"),
    SEAL_CALL(ftruncate, SEAL_SHARED,
              "use_file_pointers: a file is cut before it is written again"),
    SEAL_CALL(openat, SEAL_FOLDER, "the federated token, which is renewed while we run"),
    SEAL_CALL(getrandom, SEAL_ANY, "keys of TLS, ids of queries"),
    SEAL_CALL(getpid, SEAL_ANY, "the random generator of TLS 1.3 asks whether it was forked"),
    SEAL_CALL(getrusage, SEAL_ANY, "CPU time and, without /proc, peak memory"),
    SEAL_CALL(restart_syscall, SEAL_ANY, "the kernel itself, after SIGSTOP and SIGCONT"),
    SEAL_CALL(futex, SEAL_ANY, "locks inside libc; there is one thread"),
    SEAL_CALL(rt_sigaction, SEAL_ANY, "abort() takes its handler away"),
    SEAL_CALL(rt_sigprocmask, SEAL_ANY, "abort() lets its signal through"),
    SEAL_CALL(rt_sigreturn, SEAL_ANY, "return from a signal"),
    SEAL_CALL(tkill, SEAL_OWN_THREAD, "abort(); to the one thread only"),
    SEAL_CALL(exit_group, SEAL_ANY, "the end"),
    SEAL_CALL(exit, SEAL_ANY, "the end"),
};

bool seal_call_at(isize i, const char **name, const char **why)
{
    if (i < 0 || i >= COUNT(seal_calls)) {
        return false;
    }
    *name = seal_calls[i].name;
    *why = seal_calls[i].why;
    return true;
}

// ---- the filter

enum {
    SEAL_STEPS_MAX = 4 + 2 * COUNT(seal_calls) + 76, // checks of arguments take a few more
    SEAL_WORD = BPF_LD | BPF_W | BPF_ABS,
};

struct seal_filter {
    struct sock_filter steps[SEAL_STEPS_MAX];
    unsigned short count;
};

static void seal_put(struct seal_filter *f, int code, u8 if_true, u8 if_false, u32 k)
{
    ASSERT(f->count < SEAL_STEPS_MAX);
    f->steps[f->count++] = (struct sock_filter){
        .code = (u16)code, .jt = if_true, .jf = if_false, .k = k};
}

// Loads the lower half of an argument: the kernel reads no more of an int (both machines are
// little-endian).
static void seal_load_argument(struct seal_filter *f, u32 i)
{
    seal_put(f, SEAL_WORD, 0, 0, (u32)offsetof(struct seccomp_data, args) + 8 * i);
}

// Kills unless what was loaded is one of two values. Jumps count from the step behind.
static void seal_must_be(struct seal_filter *f, u32 a, u32 b)
{
    seal_put(f, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, a);
    seal_put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, b);
    seal_put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
}

static void seal_put_checks(struct seal_filter *f, enum seal_check check,
                            const struct seal_wants *wants)
{
    switch (check) {
    case SEAL_ANY:
        break;
    case SEAL_INTERNET_SOCKET:
        seal_load_argument(f, 0);
        seal_must_be(f, AF_INET, AF_INET6);
        seal_load_argument(f, 1);
        seal_put(f, BPF_ALU | BPF_AND | BPF_K, 0, 0, ~(u32)(SOCK_NONBLOCK | SOCK_CLOEXEC));
        seal_must_be(f, SOCK_STREAM, SOCK_DGRAM);
        seal_load_argument(f, 2);
        seal_must_be(f, 0, 0);
        break;
    case SEAL_CONNECTED: // both halves of the pointer
        seal_load_argument(f, 4);
        seal_must_be(f, 0, 0);
        seal_put(f, SEAL_WORD, 0, 0, offsetof(struct seccomp_data, args[4]) + 4);
        seal_must_be(f, 0, 0);
        break;
    case SEAL_SOCKET_ERROR:
        seal_load_argument(f, 1);
        seal_must_be(f, SOL_SOCKET, SOL_SOCKET);
        seal_load_argument(f, 2);
        seal_must_be(f, SO_ERROR, SO_ERROR);
        break;
    case SEAL_NO_DELAY:
        seal_load_argument(f, 1);
        seal_must_be(f, IPPROTO_TCP, IPPROTO_TCP);
        seal_load_argument(f, 2);
        seal_must_be(f, TCP_NODELAY, TCP_NODELAY);
        break;
    case SEAL_LISTENER:
        seal_load_argument(f, 0);
        seal_must_be(f, (u32)wants->listen_fd, (u32)wants->listen_fd);
        break;
    case SEAL_SHARED:
    case SEAL_WRITTEN:
        seal_load_argument(f, 0);
        if (check == SEAL_WRITTEN && wants->store) {
            seal_put(f, BPF_JMP | BPF_JEQ | BPF_K, 3, 0, (u32)wants->store_fd);
        }
        seal_put(f, BPF_ALU | BPF_SUB | BPF_K, 0, 0, (u32)wants->shared_first_fd);
        seal_put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, (u32)wants->shared_count);
        seal_put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
        break;
    case SEAL_STORE:
        seal_load_argument(f, 0);
        seal_must_be(f, (u32)wants->store_fd, (u32)wants->store_fd);
        break;
    case SEAL_FOLDER: // where the name leads is Landlock's to judge
        seal_load_argument(f, 0);
        seal_must_be(f, (u32)wants->folder_fd, (u32)wants->folder_fd);
        seal_load_argument(f, 2);
        seal_must_be(f, SEAL_FOLDER_FLAGS, SEAL_FOLDER_FLAGS);
        break;
    case SEAL_OWN_THREAD:
        seal_load_argument(f, 0);
        seal_must_be(f, (u32)syscall(SYS_gettid), (u32)syscall(SYS_gettid));
        break;
    }
}

static void seal_put_call(struct seal_filter *f, const struct seal_call *call,
                          const struct seal_wants *wants)
{
    seal_put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, call->nr);
    unsigned short jump = (unsigned short)(f->count - 1);
    seal_put_checks(f, call->check, wants);
    seal_put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    f->steps[jump].jf = (u8)(f->count - jump - 1);
}

static bool seal_is_wanted(const struct seal_call *call, const struct seal_wants *wants)
{
    return call->check == SEAL_LISTENER  ? wants->listen_fd >= 0
           : call->check == SEAL_SHARED  ? wants->shared_count > 0
           : call->check == SEAL_WRITTEN ? wants->shared_count > 0 || wants->store
           : call->check == SEAL_STORE   ? wants->store
           : call->check == SEAL_FOLDER  ? wants->folder
                                         : true;
}

// The numbers of the x32 calls (x86_64 with bit 30 set) are on no list and fall through to the end.
static bool seal_filter_engage(const struct seal_wants *wants)
{
    struct seal_filter f = {0};
    seal_put(&f, SEAL_WORD, 0, 0, offsetof(struct seccomp_data, arch));
    seal_put(&f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SEAL_ARCH);
    seal_put(&f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    seal_put(&f, SEAL_WORD, 0, 0, offsetof(struct seccomp_data, nr));
    for (isize i = 0; i < COUNT(seal_calls); i++) {
        if (seal_is_wanted(&seal_calls[i], wants)) {
            seal_put_call(&f, &seal_calls[i], wants);
        }
    }
    seal_put(&f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = {.len = f.count, .filter = f.steps};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

// ---- what else is given up

// Landlock by its numbers: the headers of older systems lack them (landlock(7)).
enum {
    SEAL_LANDLOCK_CREATE = 444,
    SEAL_LANDLOCK_ADD_RULE = 445,
    SEAL_LANDLOCK_RESTRICT = 446,
    SEAL_LANDLOCK_VERSION = 1,
    SEAL_LANDLOCK_BELOW_PATH = 1,
    SEAL_LANDLOCK_READ_FILE = 1 << 2,
};

struct [[gnu::packed]] seal_landlock_rule {
    u64 allowed;
    int folder_fd;
};

// Denies all rights on files that this kernel's version can deny: 13 from the first, and one more
// with versions 2 (refer), 3 (truncate) and 5 (ioctl on devices). Files below the one folder that
// the filter lets through stay readable.
static bool seal_landlock(const struct seal_wants *wants)
{
    long version = syscall(SEAL_LANDLOCK_CREATE, NULL, 0, SEAL_LANDLOCK_VERSION);
    if (version < 1) {
        return false;
    }
    int rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
    u64 handled = ((u64)1 << rights) - 1;
    long fd = syscall(SEAL_LANDLOCK_CREATE, &handled, sizeof handled, 0);
    if (fd < 0) {
        return false;
    }
    struct seal_landlock_rule rule = {SEAL_LANDLOCK_READ_FILE, wants->folder_fd};
    bool done = !wants->folder ||
                syscall(SEAL_LANDLOCK_ADD_RULE, fd, SEAL_LANDLOCK_BELOW_PATH, &rule, 0) == 0;
    done = done && syscall(SEAL_LANDLOCK_RESTRICT, fd, 0) == 0;
    close((int)fd);
    return done;
}

extern const Elf64_Dyn _DYNAMIC[] __attribute__((weak, visibility("hidden")));

// Where the image was loaded. A static-pie has no PT_PHDR, so its dynamic section is the landmark.
static uintptr_t seal_load_base(const Elf64_Phdr *headers, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        if (headers[i].p_type == PT_PHDR) {
            return (uintptr_t)headers - headers[i].p_vaddr;
        }
        if (headers[i].p_type == PT_DYNAMIC && _DYNAMIC) {
            return (uintptr_t)_DYNAMIC - headers[i].p_vaddr;
        }
    }
    return 0;
}

// musl does not apply RELRO to a static-pie; where it is applied, doing it again changes nothing.
static bool seal_relro(void)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    uintptr_t page = getauxval(AT_PAGESZ);
    uintptr_t base = seal_load_base(headers, count);
    for (unsigned long i = 0; i < count; i++) {
        if (headers[i].p_type == PT_GNU_RELRO) {
            uintptr_t from = (base + headers[i].p_vaddr) & ~(page - 1);
            uintptr_t to = (base + headers[i].p_vaddr + headers[i].p_memsz) & ~(page - 1);
            return to > from && mprotect((void *)from, to - from, PROT_READ) == 0;
        }
    }
    return false;
}

// Growth of the stack is no system call, so that the filter cannot see it: what will be needed is
// touched now, and the limit on address space refuses more.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wframe-larger-than="
__attribute__((noinline)) static void seal_touch_stack(void)
{
    volatile u8 room[STACK_BYTES];
    for (isize i = COUNT(room) - 1; i >= 0; i -= KIB(4)) {
        room[i] = 0;
    }
}
#pragma GCC diagnostic pop

// Size of the address space in bytes; 0 where there is no /proc, and a limit of 0 serves as well.
static rlim_t seal_address_space(void)
{
    char text[64] = {0};
    u64 pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, text, sizeof text - 1);
        str first;
        bool found;
        close(fd);
        (void)str_cut(str_make(text, n > 0 ? n : 0), ' ', &first, &found);
        pages = str_to_u64(first, &pages) ? pages : 0;
    }
    return (rlim_t)pages * getauxval(AT_PAGESZ);
}

static bool seal_limits(void)
{
    rlim_t bytes = seal_address_space();
    bool core = setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0;
    bool space = setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes}) == 0;
    return core && space && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

err seal_engage(const struct seal_wants *wants, struct seal_report *report)
{
    *report = (struct seal_report){0};
    bool no_new_rights = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; // both walls ask for it
    seal_touch_stack();
    report->relro = seal_relro();
    report->address_space = seal_limits();
    report->landlock = no_new_rights && seal_landlock(wants);
    report->seccomp = no_new_rights && seal_filter_engage(wants);
    if (wants->folder && !report->landlock) {
        return FAIL(SEAL_NO_LANDLOCK);
    }
    return wants->require && !report->seccomp ? FAIL(SEAL_REFUSED) : OK;
}

void seal_put_report(struct buf *b, const struct seal_report *report)
{
    const struct {
        bool on;
        str name;
    } walls[] = {
        {report->seccomp, S("seccomp")},
        {report->landlock, S("landlock")},
        {report->relro, S("relro")},
        {report->address_space, S("rlimit")},
    };
    isize from = b->n;
    for (int on = 1; on >= 0; on--) {
        isize part = b->n;
        for (isize i = 0; i < COUNT(walls); i++) {
            if (walls[i].on == on) {
                bool first = b->n == part;
                buf_put(b, !first ? S(" ") : on ? S("") : part > from ? S("; no ") : S("no "));
                buf_put(b, walls[i].name);
            }
        }
    }
}
