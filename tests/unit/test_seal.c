// SPDX-License-Identifier: Apache-2.0
// Tests of the seal. Each trial runs in a forked child that engages the seal and then does one
// thing; how the child ended is the result. Where the host forbids seccomp the deadly ones are
// passed over, and say so.
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "limits.h"
#include "os/os.h"
#include "os/seal.h"

// What a child does once it is sealed; its result is the exit code, 0 for success.
typedef int child_fn(const struct seal_report *report, str argument);

// The end of a sealed child. Not _exit(): before a call that does not return, AddressSanitizer
// makes calls of its own, which the seal does not know.
static void leave(int code)
{
    syscall(SYS_exit_group, code);
}

// Ends as wait(2) says it.
static int run_sealed(child_fn *child, str argument)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        err e = seal_engage(&(struct seal_wants){.listen_fd = -1}, &report);
        leave(err_ok(e) ? child(&report, argument) : 99);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static int child_report(const struct seal_report *report, str argument)
{
    (void)argument;
    return (report->seccomp ? 1 : 0) | (report->relro ? 2 : 0) | (report->address_space ? 4 : 0);
}

static int report_bits(void)
{
    int status = run_sealed(child_report, (str){0});
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool has_seccomp(void)
{
    bool has = report_bits() & 1;
    if (!has) {
        fprintf(stderr, "test_seal: this host allows no seccomp filter, not tested\n");
    }
    return has;
}

static void test_engage_report(void)
{
    int bits = report_bits();
    CHECK(bits & 2);
    CHECK(bits & 4);
}

static int child_try(const struct seal_report *report, str argument)
{
    (void)report;
    return seal_try(argument) ? 1 : 2;
}

static void test_engage_forbidden_calls_die(void)
{
    if (!has_seccomp()) {
        return;
    }
    isize trials = 0;
    for (isize i = 0; seal_trial_name(i); i++, trials++) {
        int status = run_sealed(child_try, str_from(seal_trial_name(i)));
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fprintf(stderr, "%s: status %x\n", seal_trial_name(i), (unsigned)status);
        }
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    CHECK(trials > 20);
}

// Without the seal the trials do no harm, so that their deaths above are the seal's doing.
static void test_try_unsealed_lives(void)
{
    CHECK(!seal_try(S("nonsense")));
    for (isize i = 0; seal_trial_name(i); i++) {
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            _exit(seal_try(str_from(seal_trial_name(i))) ? 0 : 1);
        }
        int status;
        waitpid(pid, &status, 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static int status_fd = -1; // opened before the seal

static int child_allowed(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    u8 bytes[32] = {0};
    struct os_addr nobody = {.ip = {127, 0, 0, 1}, .port = 9};
    struct os_addr nobody6 = {.ip = {[15] = 1}, .v6 = true, .port = 9};
    struct os_poll list[1] = {{.fd = -1, .want_read = true}};
    os_entropy(bytes, 32);
    int udp = os_udp_connect(&nobody), tcp = os_tcp_connect(&nobody),
        tcp6 = os_tcp_connect(&nobody6);
    if (udp < 0) {
        return 10;
    }
    list[0].fd = udp;
    (void)os_send(udp, str_make(bytes, 32));
    os_poll(list, 1, 5);
    (void)os_recv(udp, bytes, 32);
    os_close(udp);
    if (tcp >= 0) {
        (void)err_ok(os_tcp_connected(tcp));
        os_close(tcp);
    }
    if (tcp6 >= 0) {
        os_close(tcp6);
    }
    if (os_mono_ms() <= 0 || os_unix_us() <= 0 || os_cpu_us() < 0 ||
        os_peak_rss_bytes(status_fd) <= 0 || getpid() <= 0) {
        return 11;
    }
    bool env;
    (void)os_env("PATH", &env);
    return err_ok(os_write_all(1, S(""), NULL, NULL)) ? 0 : 12;
}

static void test_engage_allowed_calls_live(void)
{
    status_fd = os_status_open();
    int status = run_sealed(child_allowed, (str){0});
    os_close(status_fd);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// ---- files for the extraction service

static char shared_folder[] = "/tmp/test_seal.XXXXXX";
static struct os_shared shared;
static int neighbour = -1; // a file beside them that is open for writing

// Cuts what the name says: one of them, or a neighbour.
static int child_shared(const struct seal_report *report, str argument)
{
    (void)report;
    if (str_eq(argument, S("ours"))) {
        for (int i = 0; i < shared.count; i++) {
            if (!err_ok(os_shared_write(&shared, i, S("some content"))) ||
                !err_ok(os_shared_write(&shared, i, S("shorter"))) ||
                !os_shared_clear(&shared, i) || !err_ok(os_shared_write(&shared, i, S("left")))) {
                return 1;
            }
        }
        return 0;
    }
    int fd = str_eq(argument, S("before"))   ? shared.first_fd - 1
             : str_eq(argument, S("behind")) ? shared.first_fd + shared.count
             : str_eq(argument, S("none"))   ? -1
                                             : neighbour;
    return ftruncate(fd, 0) == 0 ? 2 : 3;
}

static int run_sealed_with_files(str argument)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        struct seal_wants wants = {
            .listen_fd = -1, .shared_first_fd = shared.first_fd, .shared_count = shared.count};
        err e = seal_engage(&wants, &report);
        leave(err_ok(e) ? child_shared(&report, argument) : 99);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static void check_shared_files_hold(isize bytes)
{
    for (int i = 0; i < shared.count; i++) {
        struct stat st;
        CHECK(fstat(shared.first_fd + i, &st) == 0 && st.st_size == bytes);
    }
}

static void test_engage_with_files_cuts_them_and_nothing_else(void)
{
    static const str others[] = {S("before"), S("behind"), S("none"), S("neighbour")};
    CHECK(mkdtemp(shared_folder) != NULL);
    char path[100];
    snprintf(path, sizeof path, "%s/neighbour", shared_folder);
    neighbour = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(write(neighbour, "kept", 4) == 4);
    CHECK_OK(os_shared_create(shared_folder, 4, &shared, NULL));
    int status = run_sealed_with_files(S("ours"));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_shared_files_hold(4);
    for (isize i = 0; i < COUNT(others) && has_seccomp(); i++) {
        status = run_sealed_with_files(others[i]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    status = has_seccomp() ? run_sealed(child_shared, S("ours")) : SIGSYS; // not in this mode
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    struct stat st;
    CHECK(fstat(neighbour, &st) == 0 && st.st_size == 4);
    os_shared_remove(shared_folder, &shared);
    close(neighbour);
    CHECK(unlink(path) == 0 && rmdir(shared_folder) == 0);
}

// ---- the folder of the federated token

static char token_folder[] = "/tmp/test_seal_token.XXXXXX";
static int token_fd = -1, other_fd = -1;

static int child_token(const struct seal_report *report, str argument)
{
    u8 bytes[100];
    struct buf out = buf_over(bytes, COUNT(bytes));
    if (str_eq(argument, S("ours"))) { // twice, and the second time another has taken its place
        if (!err_ok(os_file_read_in(token_fd, "token", &out, NULL)) ||
            !str_eq(buf_str(&out), S("one"))) {
            return 1;
        }
        buf_reset(&out);
        return err_ok(os_file_read_in(token_fd, "linked", &out, NULL)) &&
                       str_eq(buf_str(&out), S("one"))
                   ? 0
                   : 2;
    }
    if (str_eq(argument, S("outside"))) { // through a link, by "..", by an absolute path
        static const char *const names[] = {"outside", "../../etc/passwd", "/etc/passwd"};
        for (isize i = 0; i < COUNT(names); i++) {
            if (syscall(SYS_openat, token_fd, names[i], SEAL_FOLDER_FLAGS) >= 0) {
                return report->landlock ? 3 : 0;
            }
        }
        return 0;
    }
    int fd = str_eq(argument, S("other"))    ? other_fd
             : str_eq(argument, S("nobody")) ? AT_FDCWD
                                             : token_fd;
    int flags = str_eq(argument, S("write"))    ? O_RDWR
                : str_eq(argument, S("create")) ? O_WRONLY | O_CREAT
                                                : SEAL_FOLDER_FLAGS;
    return syscall(SYS_openat, fd, "token", flags, 0600) >= 0 ? 4 : 5;
}

// Exit code 98: there is no Landlock, and seal_engage() says so; the filter is there all the same.
static int run_sealed_with_folder(str argument, bool go_on)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        struct seal_wants wants = {.listen_fd = -1, .folder = true, .folder_fd = token_fd};
        err e = seal_engage(&wants, &report);
        bool refused = err_is(e, ERR_SEAL_NO_LANDLOCK);
        leave(refused != !report.landlock ? 97
              : refused && !go_on         ? 98
                                          : child_token(&report, argument));
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static void test_engage_with_folder_reads_in_it_alone(void)
{
    static const str others[] = {S("other"), S("nobody"), S("write"), S("create")};
    CHECK(mkdtemp(token_folder) != NULL);
    char path[100], link_path[100];
    snprintf(path, sizeof path, "%s/..one", token_folder);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/..one/token", token_folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(write(fd, "one", 3) == 3);
    close(fd);
    snprintf(link_path, sizeof link_path, "%s/linked", token_folder);
    CHECK(symlink("..one/token", link_path) == 0);
    snprintf(link_path, sizeof link_path, "%s/outside", token_folder);
    CHECK(symlink("/etc/passwd", link_path) == 0);
    snprintf(link_path, sizeof link_path, "%s/token", token_folder);
    CHECK(link(path, link_path) == 0);
    token_fd = os_folder_open(token_folder, NULL);
    other_fd = os_folder_open("/tmp", NULL);
    CHECK(token_fd >= 0 && other_fd >= 0);
    CHECK(os_folder_open("/tmp/no such folder", NULL) == -1);

    int status = run_sealed_with_folder(S("ours"), false);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 98) {
        fprintf(stderr, "test_seal: this host has no Landlock, not tested\n");
    } else {
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    static const str allowed[] = {S("ours"), S("outside")};
    for (isize i = 0; i < COUNT(allowed); i++) {
        status = run_sealed_with_folder(allowed[i], true);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (isize i = 0; i < COUNT(others) && has_seccomp(); i++) {
        status = run_sealed_with_folder(others[i], true);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    status = has_seccomp() ? run_sealed(child_token, S("ours")) : SIGSYS; // not in this mode
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    os_close(token_fd);
    os_close(other_fd);
    snprintf(path, sizeof path, "rm -rf %s", token_folder);
    CHECK(system(path) == 0);
}

// ---- what is allowed with some arguments only

static int pair[2] = {-1, -1}; // two listening descriptors

static int child_accept(const struct seal_report *report, str argument)
{
    (void)report;
    int fd = pair[str_eq(argument, S("other"))];
    return syscall(SYS_accept4, fd, NULL, NULL, SOCK_NONBLOCK) < 0 ? 0 : 1; // nobody knocks
}

static void test_engage_with_listener_accepts_from_it_alone(void)
{
    static const str whose[] = {S("ours"), S("other")};
    for (int i = 0; i < 2; i++) {
        pair[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(pair[i] >= 0 && listen(pair[i], 1) == 0);
    }
    for (int i = 0; i < 2 && has_seccomp(); i++) {
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            struct seal_report report;
            err e = seal_engage(&(struct seal_wants){.listen_fd = pair[0]}, &report);
            leave(err_ok(e) ? child_accept(&report, whose[i]) : 99);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        CHECK(i == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                     : WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    close(pair[0]);
    close(pair[1]);
}

static int child_ping(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    (void)socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); // what ping(8) has
    return 1;
}

static int child_half(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    (void)syscall(SYS_sendto, -1, "", 0, 0, (long)1 << 32, 16); // its lower half is no address
    return 1;
}

static void test_engage_sends_without_half_an_address(void)
{
    int status = has_seccomp() ? run_sealed(child_half, (str){0}) : SIGSYS;
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void test_engage_sockets_have_no_protocol_of_their_own(void)
{
    int status = has_seccomp() ? run_sealed(child_ping, (str){0}) : SIGSYS;
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

#ifdef __x86_64__
// The call 20 of 32-bit programs is getpid(), of ours writev(), which the seal allows.
static int child_32_bit(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    long result = 20;
    signal(SIGSEGV, SIG_DFL); // of a kernel that has no such calls
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0 ? 1 : 2;
}

static void test_engage_other_tables_of_calls_are_shut(void)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        leave(child_32_bit(NULL, (str){0}));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || !has_seccomp()) {
        fprintf(stderr, "test_seal: this host has no 32-bit calls, not tested\n");
        return;
    }
    status = run_sealed(child_32_bit, (str){0});
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
#endif

static int child_abort(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    syscall(SYS_tkill, (int)syscall(SYS_getpid), SIGABRT); // what abort() comes down to with musl
    return 1;
}

static void test_engage_abort_is_an_abort(void)
{
    int status = run_sealed(child_abort, (str){0});
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static int child_after_stop(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    return poll(NULL, 0, 300) == 0 ? 0 : 1; // comes back as restart_syscall
}

static void test_engage_stop_and_continue(void)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        err e = seal_engage(&(struct seal_wants){.listen_fd = -1}, &report);
        leave(err_ok(e) ? child_after_stop(&report, (str){0}) : 99);
    }
    usleep(100000);
    kill(pid, SIGSTOP);
    usleep(20000);
    kill(pid, SIGCONT);
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// ---- RELRO

static int relro_target;
static int *const relro_table[] = {&relro_target, &relro_target}; // relocated: in RELRO

// Whether the mapping that holds `p` is writable, by /proc/self/maps, which was opened before the
// seal.
static bool is_writable(int maps_fd, const void *p)
{
    static char text[65536];
    isize n = 0;
    for (ssize_t got = 1; got > 0 && n<(isize)sizeof text - 1; n += got> 0 ? got : 0) {
        got = read(maps_fd, text + n, sizeof text - 1 - (size_t)n);
    }
    str rest = str_make(text, n);
    while (rest.n) {
        bool found;
        str line, from_text, to_text;
        u64 from = 0, to = 0;
        rest = str_cut(rest, '\n', &line, &found);
        line = str_cut(line, '-', &from_text, &found);
        line = str_cut(line, ' ', &to_text, &found);
        if (str_to_u64_hex(from_text, &from) && str_to_u64_hex(to_text, &to) &&
            (uintptr_t)p >= from && (uintptr_t)p < to) {
            return line.p[1] == 'w';
        }
    }
    return true;
}

static void test_engage_relro_is_read_only(void)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        int maps = open("/proc/self/maps", O_RDONLY);
        err e = seal_engage(&(struct seal_wants){.listen_fd = -1}, &report);
        bool done = maps >= 0 && err_ok(e) && report.relro;
        leave(done && !is_writable(maps, &relro_table[0]) && is_writable(maps, &relro_target) ? 0
                                                                                              : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int child_write_relro(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    signal(SIGSEGV, SIG_DFL); // the sanitizer's handler would need calls that the seal refuses
    int *volatile *at = (int *volatile *)(uintptr_t)&relro_table[1];
    *at = NULL;
    return 1;
}

static void test_engage_writing_relro_dies(void)
{
    int status = run_sealed(child_write_relro, (str){0});
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

// ---- limits

// Files of a process that nobody may look into belong to root, whoever runs it.
static void test_engage_not_dumpable(void)
{
    enum { NOBODY = 65534 };
    int fds[2], ready[2];
    CHECK(pipe(fds) == 0 && pipe(ready) == 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        u8 go;
        bool user = geteuid() != 0 || setuid(NOBODY) == 0;
        bool open = prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0; // setuid() has changed it
        err e = seal_engage(&(struct seal_wants){.listen_fd = -1}, &report);
        bool said = write(ready[1], "x", 1) == 1;
        leave(user && open && said && err_ok(e) && read(fds[0], &go, 1) == 1 ? 0 : 99);
    }
    char path[64];
    u8 here;
    struct stat st = {.st_uid = NOBODY};
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    CHECK(read(ready[0], &here, 1) == 1 && stat(path, &st) == 0 && st.st_uid == 0);
    CHECK(write(fds[1], "x", 1) == 1);
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(ready[i]);
    }
}

static void test_engage_limits(void)
{
    int fds[2];
    CHECK(pipe(fds) == 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        u8 go;
        err e = seal_engage(&(struct seal_wants){.listen_fd = -1}, &report);
        leave(err_ok(e) && read(fds[0], &go, 1) == 1 ? 0 : 99);
    }
    usleep(100000);
    struct rlimit core = {1, 1}, space = {RLIM_INFINITY, RLIM_INFINITY};
    CHECK(prlimit(pid, RLIMIT_CORE, NULL, &core) == 0);
    CHECK(prlimit(pid, RLIMIT_AS, NULL, &space) == 0);
    CHECK(core.rlim_max == 0);
    CHECK(space.rlim_max != RLIM_INFINITY && space.rlim_max > 100000);
    CHECK(write(fds[1], "x", 1) == 1);
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// The stack that was promised is there after the seal, without a page to be found for it.
__attribute__((noinline)) static int use_stack(void)
{
    volatile u8 room[STACK_BYTES - 16384];
    for (isize i = COUNT(room) - 1; i >= 0; i -= 4096) {
        room[i] = 1;
    }
    return room[COUNT(room) - 1] - 1;
}

static int child_stack(const struct seal_report *report, str argument)
{
    (void)report;
    (void)argument;
    return use_stack();
}

static void test_engage_stack_is_there(void)
{
    int status = run_sealed(child_stack, (str){0});
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// ---- words

static void test_put_report_words(void)
{
    u8 space[100];
    struct buf b = buf_over(space, (isize)sizeof space);
    seal_put_report(&b,
                    &(struct seal_report){.seccomp = true, .relro = true, .address_space = true});
    CHECK_STR(buf_str(&b), S("seccomp relro rlimit; no landlock"));
    buf_reset(&b);
    seal_put_report(&b, &(struct seal_report){true, true, true, true});
    CHECK_STR(buf_str(&b), S("seccomp landlock relro rlimit"));
    buf_reset(&b);
    seal_put_report(&b, &(struct seal_report){0});
    CHECK_STR(buf_str(&b), S("no seccomp landlock relro rlimit"));
}

static void test_call_at_each_has_a_reason(void)
{
    const char *name, *why, *other, *other_why;
    isize count = 0;
    for (; seal_call_at(count, &name, &why); count++) {
        CHECK(strlen(name) > 2 && strlen(why) > 5);
        for (isize i = 0; i < count; i++) {
            CHECK(seal_call_at(i, &other, &other_why) && strcmp(name, other) != 0);
        }
    }
    CHECK(count > 20 && count < 35);
    CHECK(!seal_call_at(-1, &name, &why));
}

// ---- states of folders

static int store = -1, beside = -1; // the file, and one that is open for writing too

static int child_store(const struct seal_report *report, str argument)
{
    (void)report;
    u8 back[4];
    if (str_eq(argument, S("ours"))) {
        bool done = os_store_write(store, 0, S("kept")) && os_store_sync(store) &&
                    os_store_read(store, 0, back, 4) == 4;
        return done ? 0 : 1;
    }
    if (str_eq(argument, S("cut"))) {
        return ftruncate(store, 0);
    }
    return str_eq(argument, S("sync")) ? os_store_sync(beside) : os_store_write(beside, 0, S("x"));
}

static int run_sealed_with_store(str argument)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct seal_report report;
        struct seal_wants wants = {.listen_fd = -1, .store = true, .store_fd = store};
        err e = seal_engage(&wants, &report);
        leave(err_ok(e) ? child_store(&report, argument) : 99);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static void test_engage_with_a_store_writes_it_and_nothing_else(void)
{
    static const str others[] = {S("write"), S("sync"), S("cut")};
    char path[] = "/tmp/test_seal_store.XXXXXX", other[] = "/tmp/test_seal_store.XXXXXX";
    close(mkstemp(path));
    beside = mkstemp(other);
    u8 bytes[200];
    struct buf detail = buf_over(bytes, COUNT(bytes));
    store = os_store_open(path, &detail);
    CHECK(store >= 0);
    int status = run_sealed_with_store(S("ours"));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (isize i = 0; i < COUNT(others) && has_seccomp(); i++) {
        status = run_sealed_with_store(others[i]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    status = has_seccomp() ? run_sealed(child_store, S("ours")) : SIGSYS; // not in this mode
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    close(store);
    close(beside);
    CHECK(unlink(path) == 0 && unlink(other) == 0);
}

static const struct test_case cases[] = {
    CASE(test_engage_report),
    CASE(test_engage_forbidden_calls_die),
    CASE(test_try_unsealed_lives),
    CASE(test_engage_allowed_calls_live),
    CASE(test_engage_with_a_store_writes_it_and_nothing_else),
    CASE(test_engage_with_files_cuts_them_and_nothing_else),
    CASE(test_engage_with_folder_reads_in_it_alone),
    CASE(test_engage_with_listener_accepts_from_it_alone),
    CASE(test_engage_sockets_have_no_protocol_of_their_own),
    CASE(test_engage_sends_without_half_an_address),
#ifdef __x86_64__
    CASE(test_engage_other_tables_of_calls_are_shut),
#endif
    CASE(test_engage_abort_is_an_abort),
    CASE(test_engage_not_dumpable),
    CASE(test_engage_stop_and_continue),
    CASE(test_engage_relro_is_read_only),
    CASE(test_engage_writing_relro_dies),
    CASE(test_engage_limits),
    CASE(test_engage_stack_is_there),
    CASE(test_put_report_words),
    CASE(test_call_at_each_has_a_reason),
};

TEST_MAIN(cases)
