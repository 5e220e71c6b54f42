// SPDX-License-Identifier: Apache-2.0
// The list of the seal from outside: a child for each forbidden call, by the class of what it could
// be used for, and for each number that the list of this file does not have. This list is written
// by hand, so that whoever adds a call to src/os/seal.c has to say so twice.
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "limits.h"
#include "os/seal.h"

struct forbidden {
    const char *class;
    long calls[24]; // up to a 0, which is none of them
};

static const struct forbidden forbidden[] = {
    {"memory",
     {SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_pkey_mprotect,
      SYS_pkey_alloc, SYS_memfd_create, SYS_shmget, SYS_shmat, SYS_remap_file_pages, SYS_mlock,
      SYS_userfaultfd, SYS_process_madvise, SYS_memfd_secret}},
    {"programs", {SYS_execve, SYS_execveat}},
    {"processes", {SYS_clone, SYS_clone3, SYS_unshare, SYS_setns, SYS_wait4, SYS_waitid}},
    {"files",
     {SYS_openat,     SYS_openat2,   SYS_statx,     SYS_newfstatat, SYS_readlinkat, SYS_getdents64,
      SYS_linkat,     SYS_symlinkat, SYS_renameat2, SYS_unlinkat,   SYS_mkdirat,    SYS_mknodat,
      SYS_faccessat2, SYS_fchmod,    SYS_fchmodat,  SYS_fchownat,   SYS_truncate,   SYS_ftruncate,
      SYS_pwrite64,   SYS_utimensat, SYS_setxattr}},
    {"file systems",
     {SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_chdir, SYS_fsopen, SYS_move_mount,
      SYS_open_tree, SYS_mount_setattr, SYS_name_to_handle_at, SYS_open_by_handle_at,
      SYS_fanotify_init, SYS_inotify_init1, SYS_swapon, SYS_quotactl}},
    {"other processes",
     {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_open,
      SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo,
      SYS_rt_tgsigqueueinfo, SYS_process_mrelease, SYS_move_pages}},
    {"sockets",
     {SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_socketpair, SYS_sendmsg, SYS_recvmsg,
      SYS_sendmmsg, SYS_recvmmsg, SYS_getsockname, SYS_getpeername, SYS_shutdown}},
    {"devices", {SYS_ioctl}},
    {"descriptors",
     {SYS_fcntl, SYS_dup, SYS_dup3, SYS_pipe2, SYS_eventfd2, SYS_epoll_create1, SYS_timerfd_create,
      SYS_signalfd4, SYS_splice, SYS_tee, SYS_vmsplice, SYS_sendfile, SYS_copy_file_range,
      SYS_close_range, SYS_lseek, SYS_flock, SYS_fsync, SYS_fdatasync, SYS_fallocate}},
    {"rights",
     {SYS_prctl, SYS_seccomp, SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_setgroups,
      SYS_setfsuid, SYS_capset, SYS_prlimit64, SYS_setrlimit, SYS_personality, SYS_setpriority,
      SYS_sched_setaffinity, SYS_landlock_restrict_self}},
    {"the kernel",
     {SYS_bpf,
      SYS_io_uring_setup,
      SYS_io_uring_enter,
      SYS_io_uring_register,
      SYS_perf_event_open,
      SYS_init_module,
      SYS_finit_module,
      SYS_delete_module,
      SYS_kexec_load,
      SYS_kexec_file_load,
      SYS_add_key,
      SYS_request_key,
      SYS_keyctl,
      SYS_reboot,
      SYS_syslog,
      SYS_acct,
      SYS_sethostname,
      SYS_io_setup,
      SYS_io_submit,
      SYS_mq_open,
      SYS_semget,
      SYS_msgget}},
    {"time",
     {SYS_clock_settime, SYS_settimeofday, SYS_adjtimex, SYS_clock_adjtime, SYS_timer_create,
      SYS_setitimer, SYS_nanosleep, SYS_clock_nanosleep}},
#ifdef __x86_64__
    {"processes, older calls", {SYS_fork, SYS_vfork}},
    {"files, older calls",
     {SYS_open, SYS_creat, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_link, SYS_symlink,
      SYS_rename, SYS_unlink, SYS_mkdir, SYS_mknod, SYS_chmod, SYS_chown}},
    {"descriptors, older calls", {SYS_dup2, SYS_pipe, SYS_epoll_create}},
    {"devices, older calls", {SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_arch_prctl}},
    {"time, older calls", {SYS_alarm}},
#endif
};

// What may be called without a listener, files and folder of its own; with some arguments only:
// sendto, socket, getsockopt, setsockopt, tkill (test_seal.c).
static const long allowed[] = {
    SYS_read,         SYS_recvfrom,        SYS_sendto,     SYS_ppoll,        SYS_clock_gettime,
    SYS_write,        SYS_writev,          SYS_pread64,    SYS_socket,       SYS_connect,
    SYS_getsockopt,   SYS_setsockopt,      SYS_close,      SYS_getrandom,    SYS_getpid,
    SYS_getrusage,    SYS_restart_syscall, SYS_futex,      SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_tkill,           SYS_exit_group, SYS_exit,
#ifdef __x86_64__
    SYS_poll,
#endif
};

enum {
    NUMBERS = 512, // of calls; the last one of Linux 6.17 is 469
};

// How a sealed child ends that makes this call, with arguments that lead to nothing where it is let
// through. -1: the host allows no seccomp.
static int status_of(long nr)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        err e = seal_engage(&(struct seal_wants){.listen_fd = -1}, &report);
        bool sealed = err_ok(e) && report.seccomp;
        if (sealed) {
            (void)syscall(nr, -1L, 0L, 0L, 0L, 0L, 0L);
        }
        syscall(SYS_exit_group, sealed ? 1 : 98);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 98 ? -1 : status;
}

static bool has_seccomp(void)
{
    bool has = status_of(SYS_getpid) >= 0;
    if (!has) {
        fprintf(stderr, "test_seal_calls: this host allows no seccomp filter, not tested\n");
    }
    return has;
}

static bool dies(long nr)
{
    int status = status_of(nr);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void test_engage_each_class_dies(void)
{
    if (!has_seccomp()) {
        return;
    }
    for (isize i = 0; i < COUNT(forbidden); i++) {
        CHECK(forbidden[i].calls[0]);
        for (isize k = 0; k < COUNT(forbidden[i].calls) && forbidden[i].calls[k]; k++) {
            bool dead = dies(forbidden[i].calls[k]);
            if (!dead) {
                fprintf(stderr, "%s: call %ld is let through\n", forbidden[i].class,
                        forbidden[i].calls[k]);
            }
            CHECK(dead);
        }
    }
}

// uretprobe and uprobe, which the kernel lets pass by every filter since 6.11: they are of use to
// its own breakpoints only, and anybody else who makes them gets an error or SIGILL.
static bool is_the_kernels(long nr)
{
#ifdef __x86_64__
    return nr == 335 || nr == 336;
#else
    return nr < 0;
#endif
}

static bool is_listed(long nr)
{
    for (isize i = 0; i < COUNT(allowed); i++) {
        if (allowed[i] == nr) {
            return true;
        }
    }
    return false;
}

static void test_engage_every_other_number_dies(void)
{
    if (!has_seccomp()) {
        return;
    }
    for (long nr = 0; nr < NUMBERS; nr++) {
        if (!is_listed(nr) && !is_the_kernels(nr)) {
            bool dead = dies(nr);
            if (!dead) {
                fprintf(stderr, "call %ld is let through\n", nr);
            }
            CHECK(dead);
        }
    }
}

// The other tables of this machine: x32, and numbers beyond any.
static void test_engage_no_other_table(void)
{
    if (!has_seccomp()) {
        return;
    }
    static const long bases[] = {0x40000000, 0x20000000, 1 << 20};
    for (isize i = 0; i < COUNT(bases); i++) {
        for (isize k = 0; k < COUNT(allowed); k++) {
            CHECK(dies(bases[i] | allowed[k]));
        }
    }
}

static const struct test_case cases[] = {
    CASE(test_engage_each_class_dies),
    CASE(test_engage_every_other_number_dies),
    CASE(test_engage_no_other_table),
};

TEST_MAIN(cases)
