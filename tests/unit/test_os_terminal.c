// SPDX-License-Identifier: Apache-2.0
// os/os_terminal: lines from a pipe and from a terminal, whose echo comes back on every way out,
// and files and folders that are made or changed.
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "os/os.h"

static struct os_watch watch = {.signals_fd = -1};

static void check_line(int fd, isize room, struct err want, str text)
{
    u8 memory[32];
    struct buf line = buf_over(memory, room);
    err e = os_line_read(fd, &line, true, &watch);
    CHECK(e.code == want.code);
    CHECK_STR(buf_str(&line), text);
}

static void test_line_read_pipe(void)
{
    int fds[2];
    CHECK(pipe(fds) == 0);
    static const char text[] = "a\r\n\nbc\nabcdef\nx\nlast";
    CHECK(write(fds[1], text, strlen(text)) == (ssize_t)strlen(text));
    close(fds[1]);
    check_line(fds[0], 8, OK, S("a"));
    check_line(fds[0], 8, OK, S(""));
    check_line(fds[0], 8, OK, S("bc"));
    check_line(fds[0], 3, FAIL(BUF_FULL), S("abc")); // read to its end
    check_line(fds[0], 8, OK, S("x"));
    check_line(fds[0], 8, OK, S("last"));
    check_line(fds[0], 8, FAIL(INPUT_END), S(""));
    close(fds[0]);
}

static bool echoes(int fd)
{
    struct termios now;
    CHECK(tcgetattr(fd, &now) == 0);
    return now.c_lflag & ECHO;
}

static int terminal_open(int *keyboard)
{
    *keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(*keyboard >= 0 && grantpt(*keyboard) == 0 && unlockpt(*keyboard) == 0);
    int terminal = open(ptsname(*keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(terminal >= 0);
    return terminal;
}

static void test_line_read_hidden(void)
{
    int keyboard, terminal = terminal_open(&keyboard);
    CHECK(echoes(terminal));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) { // who types once nothing is shown
        for (int i = 0; i < 500 && echoes(terminal); i++) {
            usleep(10000);
        }
        _exit(write(keyboard, "secret\n", 7) == 7 ? 0 : 1);
    }
    check_line(terminal, 32, OK, S("secret"));
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(echoes(terminal));
    char shown[32];
    CHECK(fcntl(keyboard, F_SETFL, O_NONBLOCK) == 0 && read(keyboard, shown, sizeof shown) <= 0);
    close(terminal);
    close(keyboard);
}

static void test_line_read_stopped(void)
{
    int keyboard, terminal = terminal_open(&keyboard);
    watch = (struct os_watch){.signals_fd = os_signals_open()};
    CHECK(watch.signals_fd >= 0);
    kill(getpid(), SIGHUP); // the configuration anew: nobody asks for that here
    kill(getpid(), SIGTERM);
    check_line(terminal, 32, FAIL(INPUT_STOPPED), S(""));
    CHECK(echoes(terminal) && watch.stopped);
    close(terminal);
    close(keyboard);
}

static void check_file(const char *path, str want, int mode)
{
    u8 memory[64];
    struct stat s;
    struct buf out = buf_over(memory, sizeof memory);
    CHECK_OK(os_file_read(path, &out, NULL));
    CHECK_STR(buf_str(&out), want);
    CHECK(stat(path, &s) == 0 && (s.st_mode & 0777) == (mode_t)mode);
}

static void change(const char *path, enum os_change how, str text)
{
    int fd = os_file_change(path, how, NULL);
    CHECK(fd >= 0);
    CHECK_OK(os_write_all(fd, text, NULL, NULL));
    close(fd);
}

static void test_file_change(void)
{
    char folder[] = "/tmp/mailferry-XXXXXX", path[64], deep[80];
    u8 memory[200];
    struct buf detail = buf_over(memory, sizeof memory);
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/a", folder);
    CHECK(os_folder_create(path, &detail) && os_folder_create(path, &detail) && detail.n == 0);
    snprintf(deep, sizeof deep, "%s/b/c", folder);
    CHECK(!os_folder_create(deep, &detail));
    CHECK(str_ends(buf_str(&detail), S("/b/c: No such file or directory")));
    buf_reset(&detail);
    CHECK(os_file_change(path, OS_CHANGE_REPLACE, &detail) == -1);
    CHECK(str_ends(buf_str(&detail), S("/a: Is a directory")));
    CHECK(rmdir(path) == 0);
    buf_reset(&detail);
    CHECK(os_file_change(path, OS_CHANGE_APPEND, &detail) == -1); // it makes none
    CHECK(str_ends(buf_str(&detail), S("/a: No such file or directory")));
    change(path, OS_CHANGE_REPLACE, S("long text"));
    check_file(path, S("long text"), 0600);
    CHECK(chmod(path, 0640) == 0);
    change(path, OS_CHANGE_APPEND, S("er"));
    check_file(path, S("long texter"), 0640);
    change(path, OS_CHANGE_REPLACE, S("new")); // what is behind it stays until somebody cuts it
    check_file(path, S("newg texter"), 0600);
    CHECK(unlink(path) == 0 && rmdir(folder) == 0);
}

static const struct test_case cases[] = {
    CASE(test_line_read_pipe), CASE(test_line_read_hidden), CASE(test_file_change),
    CASE(test_line_read_stopped), // the last one: signals are blocked from then on
};

TEST_MAIN(cases)
