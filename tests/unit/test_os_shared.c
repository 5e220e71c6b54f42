// SPDX-License-Identifier: Apache-2.0
// os/os_shared: files by which another program is handed bytes, real ones in a folder of their own.
// Which of those that others left are removed, and what is written when the disk gives out.
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "limits.h"
#include "os/os.h"

static char folder[] = "/tmp/test_os_shared.XXXXXX";
static u8 detail_bytes[300], content[KIB(300)];
static struct buf detail;

static const char *path_of(const char *name)
{
    static char path[2][200];
    static int turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static const char *path_at(const struct os_shared *s, int i)
{
    char name[100] = {0};
    struct buf b = buf_over((u8 *)name, 99);
    os_shared_put_name(&b, s, i);
    return path_of(name);
}

static isize bytes_in(const char *path)
{
    struct stat st;
    return lstat(path, &st) ? -1 : (isize)st.st_size;
}

static bool holds(const char *path, str want)
{
    static u8 space[KIB(301)];
    struct buf b = buf_over(space, COUNT(space));
    return err_ok(os_file_read(path, &b, NULL)) && str_eq(buf_str(&b), want);
}

static struct os_shared make(int count)
{
    struct os_shared s = {0};
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    CHECK_OK(os_shared_create(folder, count, &s, &detail));
    CHECK(s.count == count && detail.n == 0);
    return s;
}

static void put(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && write(fd, "left", 4) == 4);
    close(fd);
}

// ---- making them

static void test_create_in_a_row_and_readable(void)
{
    // Descriptors in the middle are taken, and stay what they are.
    int taken = open("/dev/null", O_RDONLY), other = fcntl(taken, F_DUPFD, taken + 3);
    mode_t before = umask(077);
    struct os_shared s = make(5);
    umask(before);
    CHECK(s.removed == 0 && !s.open_to_all && s.first_fd > other);
    for (int i = 0; i < 5; i++) {
        struct stat there, open_one;
        CHECK(lstat(path_at(&s, i), &there) == 0 && fstat(s.first_fd + i, &open_one) == 0);
        CHECK(there.st_ino == open_one.st_ino && there.st_nlink == 1 && there.st_size == 0);
        CHECK((there.st_mode & 07777) == 0644 && S_ISREG(there.st_mode));
        CHECK(fcntl(s.first_fd + i, F_GETFD) == FD_CLOEXEC);
        CHECK((fcntl(s.first_fd + i, F_GETFL) & O_ACCMODE) == O_WRONLY);
    }
    CHECK(fcntl(s.first_fd + 5, F_GETFD) == -1 && fcntl(other, F_GETFL) >= 0);
    char *name = strrchr(path_at(&s, 4), '/') + 1;
    CHECK(strlen(name) == 30 && memcmp(name, "mailferry-", 10) == 0);
    CHECK_STR(str_from(name + 26), S("-004"));
    struct os_shared second = make(2); // another run beside it
    CHECK(second.removed == 0 && second.token != s.token && bytes_in(path_at(&s, 0)) == 0);
    os_shared_remove(folder, &second);
    os_shared_remove(folder, &s);
    CHECK(s.count == 0 && fcntl(s.first_fd, F_GETFD) == -1);
    close(taken);
    close(other);
}

static void check_refused(const char *path, const char *words)
{
    struct os_shared s = {0};
    detail = buf_over(detail_bytes, COUNT(detail_bytes));
    CHECK_ERR(os_shared_create(path, 3, &s, &detail), CONFIG_SHARED_VOLUME);
    CHECK(s.count == 0);
    CHECK(str_starts(buf_str(&detail), str_from(path)));
    CHECK(str_find(buf_str(&detail), str_from(words)) >= 0);
}

static void test_create_refused(void)
{
    check_refused(path_of("none"), ": No such file or directory");
    put(path_of("file"));
    check_refused(path_of("file"), ": Not a directory");
    unlink(path_of("file"));
    check_refused("/proc", ": "); // nothing can be made there
    CHECK(chmod(folder, 0777) == 0);
    check_refused(folder, "sticky bit");
    check_refused(folder, "emptyDir of Kubernetes: name a directory within it"); // and the way out
    CHECK(chmod(folder, 01777) == 0);
    struct os_shared s = make(1);
    CHECK(s.open_to_all);
    os_shared_remove(folder, &s);
    CHECK(chmod(folder, 0700) == 0);
    // As many descriptors as there may be, with and without a free one below the row: none of the
    // files is left behind.
    struct rlimit files, few = {0};
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    few = (struct rlimit){20, files.rlim_max};
    for (int fd = 3; fd < 20; fd++) {
        close(fd); // what the caller of this program had open
    }
    for (int gap = 0; gap < 2; gap++) {
        int taken[20];
        int n = 0;
        do {
            taken[n] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        } while (taken[n++] < 9);
        if (gap) { // one for the folder, one that is below the row
            close(taken[n - 4]);
            close(taken[n - 3]);
        }
        CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
        detail = buf_over(detail_bytes, COUNT(detail_bytes));
        CHECK_ERR(os_shared_create(folder, 40, &s, &detail), CONFIG_SHARED_VOLUME);
        CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
        CHECK(detail.n > 0 && s.count == 0);
        for (int i = 0; i < n; i++) {
            close(taken[i]);
        }
        CHECK(rmdir(folder) == 0 && mkdir(folder, 0700) == 0);
    }
}

// ---- what others left

#define NAME "mailferry-0123456789abcdef-"

static void test_create_removes_the_dead_only(void)
{
    static const char *const dead[] = {NAME "000", NAME "999"};
    static const char *const alien[] = {
        "mailferry-0123456789abcdef-00",
        "mailferry-0123456789abcdef-0000",
        "mailferry-0123456789abcdeg-000",
        "mailferry-0123456789abcdef_000",
        "mailferry-0123456789abcdef-00a",
        "Mailferry-0123456789abcdef-000",
        "mailferry-0123456789abcdef-000~",
        "mailferry-",
        "notes.pdf",
    };
    for (isize i = 0; i < COUNT(dead); i++) {
        put(path_of(dead[i]));
    }
    for (isize i = 0; i < COUNT(alien); i++) {
        put(path_of(alien[i]));
    }
    CHECK(mkdir(path_of(NAME "001"), 0700) == 0);
    CHECK(symlink("notes.pdf", path_of(NAME "002")) == 0);
    put(path_of(NAME "003")); // has another name
    CHECK(link(path_of(NAME "003"), path_of("second")) == 0);
    CHECK(mkfifo(path_of(NAME "004"), 0600) == 0);
    put(path_of(NAME "005")); // somebody's who is alive
    int locked = open(path_of(NAME "005"), O_RDONLY);
    CHECK(flock(locked, LOCK_EX) == 0);
    put(path_of(NAME "006")); // another user's
    bool root = geteuid() == 0;
    CHECK(!root || chown(path_of(NAME "006"), 12345, 12345) == 0);

    struct os_shared s = make(1);
    CHECK(s.removed == (root ? 2 : 3));
    os_shared_remove(folder, &s);
    for (isize i = 0; i < COUNT(dead); i++) {
        CHECK(bytes_in(path_of(dead[i])) == -1);
    }
    for (isize i = 0; i < COUNT(alien); i++) {
        CHECK(bytes_in(path_of(alien[i])) == 4);
        unlink(path_of(alien[i]));
    }
    for (int i = 1; i <= (root ? 6 : 5); i++) {
        char name[] = NAME "000";
        name[sizeof name - 2] = (char)('0' + i);
        CHECK(bytes_in(path_of(name)) >= 0);
        CHECK((i == 1 ? rmdir(path_of(name)) : unlink(path_of(name))) == 0);
    }
    close(locked);
    unlink(path_of("second"));
}

// A process that was killed: its files are there with what they held, and go at the next start.
static void test_create_after_a_kill(void)
{
    int ready[2];
    CHECK(pipe(ready) == 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct os_shared s = {0};
        err e = os_shared_create(folder, 300 / 2, &s, NULL);
        bool done = err_ok(e) && err_ok(os_shared_write(&s, 149, S("a letter")));
        _exit(write(ready[1], done ? "y" : "n", 1) == 1 && pause() ? 1 : 0);
    }
    char answer = 0;
    CHECK(read(ready[0], &answer, 1) == 1 && answer == 'y');
    struct os_shared s = make(1);
    CHECK(s.removed == 0); // it lives
    os_shared_remove(folder, &s);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    s = make(1);
    CHECK(s.removed == 150);
    os_shared_remove(folder, &s);
    close(ready[0]);
    close(ready[1]);
    CHECK(rmdir(folder) == 0 && mkdir(folder, 0700) == 0);
}

// ---- writing

static void test_write_in_place(void)
{
    struct os_shared s = make(3);
    memset(content, 'x', COUNT(content));
    static const isize sizes[] = {COUNT(content), 5, 0, 4096, 1};
    for (isize i = 0; i < COUNT(sizes); i++) {
        CHECK_OK(os_shared_write(&s, 1, str_make(content, sizes[i])));
        CHECK(holds(path_at(&s, 1), str_make(content, sizes[i])));
    }
    CHECK(bytes_in(path_at(&s, 0)) == 0 && bytes_in(path_at(&s, 2)) == 0);
    CHECK(os_shared_clear(&s, 1) && bytes_in(path_at(&s, 1)) == 0);
    CHECK(os_shared_clear(&s, 1));
    // Its name is gone, or is somebody else's: they are not touched.
    unlink(path_at(&s, 1));
    put(path_at(&s, 1));
    CHECK_OK(os_shared_write(&s, 1, S("secret")));
    CHECK(holds(path_at(&s, 1), S("left")));
    os_shared_remove(folder, &s);
}

static void test_write_without_space(void)
{
    signal(SIGXFSZ, SIG_IGN); // as os_signals_open() does
    struct os_shared s = make(1);
    struct rlimit all, few;
    CHECK(getrlimit(RLIMIT_FSIZE, &all) == 0);
    few = (struct rlimit){KIB(64) + 100, all.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &few) == 0);
    CHECK_OK(os_shared_write(&s, 0, str_make(content, KIB(64) + 100)));
    err e = os_shared_write(&s, 0, str_make(content, KIB(64) + 101)); // a part is written before
    isize left = bytes_in(path_at(&s, 0));
    CHECK(setrlimit(RLIMIT_FSIZE, &all) == 0);
    CHECK_ERR(e, EXTRACT_SPACE);
    CHECK(left == 0);
    os_shared_remove(folder, &s);

    struct os_shared full = {.first_fd = open("/dev/full", O_WRONLY), .count = 1};
    CHECK_ERR(os_shared_write(&full, 0, S("x")), EXTRACT_SPACE);
    close(full.first_fd);
    struct os_shared shut = {.first_fd = open("/dev/null", O_RDONLY), .count = 1};
    CHECK_ERR(os_shared_write(&shut, 0, S("x")), EXTRACT_FILE);
    CHECK(!os_shared_clear(&shut, 0));
    close(shut.first_fd);
}

static void test_folder_made(void)
{
    CHECK(mkdtemp(folder) != NULL);
}

static void test_folder_is_empty(void)
{
    CHECK(rmdir(folder) == 0);
}

static const struct test_case cases[] = {
    CASE(test_folder_made),         CASE(test_create_in_a_row_and_readable),
    CASE(test_create_refused),      CASE(test_create_removes_the_dead_only),
    CASE(test_create_after_a_kill), CASE(test_write_in_place),
    CASE(test_write_without_space), CASE(test_folder_is_empty),
};
TEST_MAIN(cases)
