// SPDX-License-Identifier: Apache-2.0
// Tests of the door to the system: real files in a folder of their own, real sockets on loopback,
// real signals. What is timed is only bounded from below, or very generously from above.
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "limits.h"
#include "os/os.h"

static char folder[] = "/tmp/test_os.XXXXXX";
static u8 space[KIB(64)];

static const char *path_of(const char *name)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

// ---- memory, clocks, entropy

static void test_reserve_is_zero_and_trim_gives_back(void)
{
    u8 *p = os_reserve(MIB(64));
    if (p == NULL) {
        CHECK(!"address space is there");
        return;
    }
    CHECK(((uintptr_t)p & 15) == 0);
    CHECK(p[0] == 0 && p[MIB(64) - 1] == 0);
    p[5000] = 1;
    os_trim(p, MIB(64), 5001); // the second page stays
    CHECK(p[5000] == 1 && p[8191] == 0);
    unsigned char there;
    CHECK(mincore(p + KIB(8), 4096, &there) == -1 && errno == ENOMEM);
    CHECK(os_reserve(INT64_MAX / 4) == NULL);
}

static void test_clocks_go_forward(void)
{
    i64 mono = os_mono_ms(), cpu = os_cpu_us();
    CHECK(os_unix_us() > 1700000000LL * 1000000);
    os_poll(NULL, 0, 20);
    CHECK(os_mono_ms() - mono >= 19);
    volatile u64 work = 0;
    while (os_cpu_us() - cpu < 3000) {
        work++;
    }
    CHECK(work > 0 && os_cpu_us() > cpu);
    CHECK(os_peak_rss_bytes(-1) > KIB(100));
}

// What one process had resident before its execve() is not the peak of the next program: the
// kernel's ru_maxrss says it is.
static void test_peak_is_of_this_program(void)
{
    int fd = os_status_open();
    if (fd < 0) {
        fprintf(stderr, "test_os: there is no /proc here, not tested\n");
        return;
    }
    isize before = os_peak_rss_bytes(fd);
    CHECK(before > KIB(100) && before < MIB(200));
    u8 *p = os_reserve(MIB(24));
    for (isize i = 0; p && i < MIB(24); i += KIB(4)) {
        p[i] = 1;
    }
    isize after = os_peak_rss_bytes(fd); // the same descriptor, read anew
    CHECK(after >= before + MIB(20) && after <= before + MIB(30));
    os_trim(p, MIB(24), 0);
    CHECK(os_peak_rss_bytes(fd) >= after - MIB(1)); // the kernel counts in steps
    os_close(fd);
}

static void test_entropy_fills_everything(void)
{
    u8 seen[1000] = {0};
    for (int round = 0; round < 20; round++) { // a byte that stays 0 for 20 rounds: 2^-160
        u8 bytes[1000] = {0};
        os_entropy(bytes, COUNT(bytes));
        for (isize i = 0; i < COUNT(bytes); i++) {
            seen[i] |= bytes[i];
        }
    }
    CHECK(str_find_byte(str_make(seen, COUNT(seen)), 0) < 0);
    os_entropy(NULL, 0);
}

static void test_env_by_name_and_index(void)
{
    bool found, listed = false;
    setenv("MAILFERRY_TEST_OS", "a value", 1);
    CHECK_STR(os_env("MAILFERRY_TEST_OS", &found), S("a value"));
    CHECK(found);
    CHECK(os_env("MAILFERRY_TEST_NONE", &found).n == 0 && !found);
    isize i = 0;
    for (; os_env_at(i).n; i++) {
        listed = listed || str_eq(os_env_at(i), S("MAILFERRY_TEST_OS=a value"));
    }
    CHECK(listed && i > 0 && os_env_at(i + 1000).n == 0);
    pid_t pid = fork(); // the others still need theirs
    if (pid == 0) {
        str value = os_env("MAILFERRY_TEST_OS", &found);
        os_env_wipe();
        _exit(value.n == 7 && memcmp(value.p, "\0\0\0\0\0\0\0", 7) == 0 ? 0 : 1);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    struct buf b = buf_over(space, (isize)sizeof space);
    CHECK(os_host_name(&b).n > 0 && b.n > 0);
}

// ---- files

static void test_file_read_whole_and_appended(void)
{
    struct buf out = buf_over(space, 12), detail = buf_over(space + 100, 200);
    int fd = os_file_create(path_of("a"), &detail);
    struct stat st;
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK_OK(os_write_all(fd, S("hello\nworld"), NULL, NULL));
    os_close(fd);
    buf_put_byte(&out, '>');
    CHECK_OK(os_file_read(path_of("a"), &out, &detail)); // exactly full
    CHECK_STR(buf_str(&out), S(">hello\nworld"));
    out = buf_over(space, 10);
    CHECK_ERR(os_file_read(path_of("a"), &out, &detail), BUF_FULL);
    CHECK(str_ends(buf_str(&detail), S("/a")));
    fd = os_file_create(path_of("a"), NULL); // cuts it to nothing
    os_close(fd);
    out = buf_over(space, 10);
    CHECK_OK(os_file_read(path_of("a"), &out, NULL));
    CHECK(out.n == 0);
}

static void test_file_read_failures_say_why(void)
{
    struct buf out = buf_over(space, 100), detail = buf_over(space + 100, 200);
    CHECK_ERR(os_file_read(path_of("none"), &out, &detail), FILE_MISSING);
    CHECK(str_ends(buf_str(&detail), S("/none: No such file or directory")));
    CHECK_ERR(os_file_read(path_of("none"), &out, NULL), FILE_MISSING);
    buf_reset(&detail);
    CHECK_ERR(os_file_read(folder, &out, &detail), FILE_UNREADABLE);
    CHECK(str_ends(buf_str(&detail), S(": Is a directory")));
    buf_reset(&detail);
    CHECK(os_file_create(folder, &detail) == -1);
    CHECK(str_ends(buf_str(&detail), S(": Is a directory")));
    CHECK(str_find(str_from(err_todo(FAIL(FILE_MISSING))), S("path")) >= 0);
}

static void test_write_all_to_a_slow_non_blocking_pipe(void)
{
    static u8 big[KIB(300)], got[KIB(300) + 1];
    int fds[2];
    CHECK(pipe(fds) == 0 && fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
    os_entropy(big, COUNT(big));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        _exit(err_ok(os_write_all(fds[1], str_make(big, COUNT(big)), NULL, NULL)) ? 0 : 1);
    }
    close(fds[1]);
    usleep(50000); // the pipe is full by now
    isize n = 0;
    for (ssize_t r = 1; r > 0; n += r > 0 ? r : 0) {
        r = read(fds[0], got + n, (size_t)(COUNT(got) - n));
    }
    close(fds[0]);
    int status;
    waitpid(pid, &status, 0);
    CHECK(status == 0 && n == COUNT(big) && memcmp(big, got, (size_t)n) == 0);
}

static void test_write_all_failures(void)
{
    int fds[2];
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    CHECK(pipe(fds) == 0);
    close(fds[0]);
    CHECK_ERR(os_write_all(fds[1], S("x"), NULL, NULL), FILE_WRITE);
    close(fds[1]);
    CHECK_ERR(os_write_all(-1, S("x"), NULL, NULL), FILE_WRITE);
    CHECK_OK(os_write_all(-1, S(""), NULL, NULL));
    signal(SIGPIPE, old);
}

// A reader that takes nothing, and a signal to stop: the write goes on when the reader comes back
// in time, and gives up when it does not.
static int child_write_stalled(int fd, bool reader_comes_back)
{
    static u8 big[KIB(300)];
    struct os_watch watch = {.signals_fd = os_signals_open()};
    u8 words[100];
    struct buf detail = buf_over(words, COUNT(words));
    memset(big, 'x', sizeof big);
    i64 begin = os_mono_ms();
    err e = os_write_all(fd, str_make(big, COUNT(big)), &watch, &detail);
    i64 took = os_mono_ms() - begin;
    if (reader_comes_back) {
        return err_ok(e) && watch.stopped ? 7 : 1;
    }
    bool bounded = took >= WRITE_STOP_WAIT_MS && took < WRITE_STOP_WAIT_MS + 3000;
    bool named = str_find(buf_str(&detail), S("nobody read")) >= 0;
    begin = os_mono_ms();
    bool at_once = !err_ok(os_write_all(fd, S("x"), &watch, NULL)) && os_mono_ms() - begin < 1000;
    return err_is(e, ERR_FILE_WRITE) && bounded && named && at_once && watch.stopped ? 7 : 2;
}

static void check_write_stalled(bool reader_comes_back)
{
    static u8 got[KIB(300) + 1];
    int fds[2];
    CHECK(pipe(fds) == 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        _exit(child_write_stalled(fds[1], reader_comes_back));
    }
    close(fds[1]);
    struct os_poll full[1] = {{.fd = fds[0], .want_read = true}};
    os_poll(full, 1, 5000);
    usleep(100000);
    kill(pid, SIGTERM);
    usleep(200000);
    isize n = 0;
    for (ssize_t r = 1; reader_comes_back && r > 0; n += r > 0 ? r : 0) {
        r = read(fds[0], got + n, (size_t)(COUNT(got) - n));
    }
    int status;
    waitpid(pid, &status, 0);
    close(fds[0]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK(!reader_comes_back || n == KIB(300));
}

static void test_write_all_sees_a_signal_while_nobody_reads(void)
{
    check_write_stalled(true);
    check_write_stalled(false);
}

static void test_terminal_unknown(void)
{
    int fds[2];
    CHECK(pipe(fds) == 0);
    CHECK(!os_is_terminal(fds[0]) && os_terminal_columns(fds[0]) == 80);
    close(fds[0]);
    close(fds[1]);
}

// ---- signals

static void test_signals_come_through_the_descriptor(void)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = os_signals_open();
        bool good = fd >= 0 && os_signals_next(fd) == OS_SIGNAL_NONE;
        kill(getpid(), SIGPIPE);
        kill(getpid(), SIGTERM);
        struct os_poll list[1] = {{.fd = fd, .want_read = true}};
        os_poll(list, 1, 5000);
        good = good && list[0].readable && os_signals_next(fd) == OS_SIGNAL_STOP;
        kill(getpid(), SIGHUP);
        good = good && os_signals_next(fd) == OS_SIGNAL_HUP;
        kill(getpid(), SIGINT);
        good = good && os_signals_next(fd) == OS_SIGNAL_STOP;
        good = good && os_signals_next(fd) == OS_SIGNAL_NONE;
        os_exit(good ? 7 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

// ---- sockets

static u16 port_of(int fd)
{
    struct sockaddr_in6 sa; // the larger one; the port is in the same place
    socklen_t bytes = sizeof sa;
    CHECK(getsockname(fd, (struct sockaddr *)&sa, &bytes) == 0);
    return ntohs(sa.sin6_port);
}

static void wait_for(int fd, bool write)
{
    struct os_poll list[1] = {{.fd = fd, .want_read = !write, .want_write = write}};
    os_poll(list, 1, 5000);
    CHECK(write ? list[0].writable : list[0].readable);
}

static const struct os_addr loopback = {.ip = {127, 0, 0, 1}};

static void test_tcp_both_ways(void)
{
    struct os_addr at = loopback;
    u8 got[16];
    int listener = os_tcp_listen(&at);
    CHECK(listener >= 0);
    at.port = port_of(listener);
    int fd = os_tcp_connect(&at);
    CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    int peer = accept(listener, NULL, NULL);
    wait_for(fd, true);
    CHECK_OK(os_tcp_connected(fd));
    CHECK(os_recv(fd, got, 16) == OS_AGAIN);
    CHECK(os_send(fd, S("ping")) == 4 && os_send(fd, S("")) == 0);
    CHECK(recv(peer, got, 16, 0) == 4 && send(peer, "pong!", 5, 0) == 5);
    wait_for(fd, false);
    CHECK(os_recv(fd, got, 16) == 5 && got[4] == '!');
    isize sent = 1;
    for (int i = 0; i < 10000 && sent > 0; i++) {
        sent = os_send(fd, str_make(space, (isize)sizeof space));
    }
    CHECK(sent == OS_AGAIN); // nobody reads at the other end
    shutdown(peer, SHUT_WR);
    wait_for(fd, false);
    CHECK(os_recv(fd, got, 16) == 0);
    close(peer); // with unread bytes: a reset
    wait_for(fd, true);
    CHECK(os_send(fd, S("x")) == OS_BROKEN && os_send(fd, S("x")) == OS_BROKEN);
    os_close(fd);
    os_close(listener);
}

static void test_tcp_refused_and_unreachable(void)
{
    struct os_addr at = loopback;
    int listener = os_tcp_listen(&at);
    at.port = port_of(listener);
    CHECK(os_tcp_listen(&at) == OS_BROKEN); // taken
    os_close(listener);
    int fd = os_tcp_connect(&at);
    if (fd >= 0) {
        wait_for(fd, true);
        CHECK_ERR(os_tcp_connected(fd), NET_REFUSED);
        os_close(fd);
    }
    CHECK(fd >= 0 || fd == OS_BROKEN);
    CHECK(os_tcp_connect(&(struct os_addr){.ip = {255, 255, 255, 255}, .port = 1}) == OS_BROKEN);
    CHECK_ERR(os_tcp_connected(-1), NET_UNREACHABLE);
}

static void test_udp_refused_is_broken(void)
{
    struct os_addr at = loopback;
    u8 got[16];
    int one = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(one, (struct sockaddr *)&sa, sizeof sa) == 0);
    at.port = port_of(one);
    int fd = os_udp_connect(&at);
    CHECK(os_send(fd, S("hello")) == 5 && recv(one, got, 16, 0) == 5);
    CHECK(os_recv(fd, got, 16) == OS_AGAIN);
    close(one);
    CHECK(os_send(fd, S("hello")) == 5);
    wait_for(fd, false);
    CHECK(os_recv(fd, got, 16) == OS_BROKEN);
    os_close(fd);
}

static void test_tcp_ipv6(void)
{
    struct os_addr at = {.ip = {[15] = 1}, .v6 = true};
    int listener = os_tcp_listen(&at);
    if (listener < 0) {
        fprintf(stderr, "test_os: no IPv6 on this host, not tested\n");
        return;
    }
    at.port = port_of(listener);
    int fd = os_tcp_connect(&at);
    wait_for(fd, true);
    CHECK_OK(os_tcp_connected(fd));
    os_close(fd);
    os_close(listener);
}

// ---- waiting

static void test_poll_passes_over_what_is_not_wanted(void)
{
    int fds[2];
    CHECK(pipe(fds) == 0);
    close(fds[1]); // hung up: readable for whoever wants it
    struct os_poll list[3] = {
        {.fd = fds[0]}, {.fd = -1, .want_read = true}, {.fd = fds[0], .readable = true}};
    i64 start = os_mono_ms();
    os_poll(list, 3, 30);
    CHECK(os_mono_ms() - start >= 29);
    CHECK(!list[0].readable && !list[1].readable && !list[2].readable);
    list[0].want_read = true;
    os_poll(list, 3, -1);
    CHECK(list[0].readable && list[0].writable); // both, so that any interest notices
    close(fds[0]);
}

static void test_poll_takes_poll_max(void)
{
    static struct os_poll list[POLL_MAX];
    int fds[2];
    CHECK(pipe(fds) == 0);
    for (int i = 0; i < POLL_MAX; i++) {
        list[i] = (struct os_poll){.fd = fds[1], .want_write = i == POLL_MAX - 1};
    }
    os_poll(list, POLL_MAX, 1000);
    CHECK(list[POLL_MAX - 1].writable && !list[POLL_MAX - 1].readable && !list[0].writable);
    close(fds[0]);
    close(fds[1]);
}

// ---- addresses

static void test_addr_parse_and_put(void)
{
    const struct {
        const char *text, *put;
    } good[] = {
        {"192.0.2.1", "192.0.2.1:443"},
        {"::", "[::]:443"},
        {"2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:443"},
        {"fe80::1%2", "[fe80::1%2]:443"},
        {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:443"},
    };
    for (isize i = 0; i < COUNT(good); i++) {
        struct os_addr a;
        struct buf b = buf_over(space, 100);
        CHECK(os_addr_parse(test_guarded(str_from(good[i].text)), &a) && a.port == 0);
        a.port = 443;
        os_addr_put(&b, &a);
        CHECK_STR(buf_str(&b), str_from(good[i].put));
    }
    const char *bad[] = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.4%1",
        "::g",
        "[::1]",
        ":::",
        "%1",
        "fe80::1%eth0",
        "fe80::1%",
        "fe80::1%4294967296",
        "1.2.3.4 ",
        "localhost",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    for (isize i = 0; i < COUNT(bad); i++) {
        struct os_addr a;
        CHECK(!os_addr_parse(test_guarded(str_from(bad[i])), &a));
    }
    struct os_addr a;
    CHECK(!os_addr_parse(S("1.2.3.4\0"), &a));
}

static void test_interface_index(void)
{
    CHECK(os_interface_index(S("lo")) > 0);
    CHECK(os_interface_index(S("")) == 0 && os_interface_index(S("no-such-interface-here")) == 0);
}

static void test_folder_removed(void)
{
    unlink(path_of("a"));
    CHECK(rmdir(folder) == 0);
}

static void test_folder_made(void)
{
    CHECK(mkdtemp(folder) != NULL);
}

static const struct test_case cases[] = {
    CASE(test_folder_made),
    CASE(test_reserve_is_zero_and_trim_gives_back),
    CASE(test_clocks_go_forward),
    CASE(test_peak_is_of_this_program),
    CASE(test_entropy_fills_everything),
    CASE(test_env_by_name_and_index),
    CASE(test_file_read_whole_and_appended),
    CASE(test_file_read_failures_say_why),
    CASE(test_write_all_to_a_slow_non_blocking_pipe),
    CASE(test_write_all_failures),
    CASE(test_write_all_sees_a_signal_while_nobody_reads),
    CASE(test_terminal_unknown),
    CASE(test_signals_come_through_the_descriptor),
    CASE(test_tcp_both_ways),
    CASE(test_tcp_refused_and_unreachable),
    CASE(test_udp_refused_is_broken),
    CASE(test_tcp_ipv6),
    CASE(test_poll_passes_over_what_is_not_wanted),
    CASE(test_poll_takes_poll_max),
    CASE(test_addr_parse_and_put),
    CASE(test_interface_index),
    CASE(test_folder_removed),
};

TEST_MAIN(cases)
