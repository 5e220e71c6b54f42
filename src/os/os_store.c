// SPDX-License-Identifier: Apache-2.0
// The door to Linux: a file of our own that is read and written in place (see os.h). It is opened
// before the seal, and stays open and locked until the process ends; nothing is opened, cut or
// renamed after that. What is behind a symbolic link is never opened.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OWNER = S_IRUSR | S_IWUSR };

static int os_store_refuse(int fd, struct buf *detail, const char *path, const char *reason)
{
    buf_put(detail, str_from(path));
    buf_put(detail, S(": "));
    buf_put(detail, str_from(reason));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int os_store_open(const char *path, struct buf *detail)
{
    struct stat is = {0};
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, OWNER);
    if (fd < 0 || fstat(fd, &is)) {
        return os_store_refuse(fd, detail, path,
                               errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    }
    if (!S_ISREG(is.st_mode)) {
        return os_store_refuse(fd, detail, path, "it is not a regular file");
    }
    if (is.st_uid != geteuid() || is.st_nlink != 1) {
        return os_store_refuse(fd, detail, path,
                               "it belongs to another user, or has a second name");
    }
    if (is.st_mode & (S_IRWXG | S_IRWXO)) {
        return os_store_refuse(fd, detail, path, "others may read or write it; give it mode 0600");
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        return os_store_refuse(fd, detail, path,
                               errno == EWOULDBLOCK ? "another process uses it" : strerror(errno));
    }
    return fd;
}

isize os_store_read(int fd, i64 at, void *p, isize n)
{
    isize done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (u8 *)p + done, (size_t)(n - done), (off_t)(at + done));
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += got > 0 ? got : 0;
    }
    return done;
}

bool os_store_write(int fd, i64 at, str s)
{
    for (isize done = 0; done < s.n;) {
        ssize_t wrote = pwrite(fd, s.p + done, (size_t)(s.n - done), (off_t)(at + done));
        if (wrote == 0 || (wrote < 0 && errno != EINTR)) {
            return false;
        }
        done += wrote > 0 ? wrote : 0;
    }
    return true;
}

bool os_store_sync(int fd)
{
    return fdatasync(fd) == 0;
}
