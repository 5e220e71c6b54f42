// SPDX-License-Identifier: Apache-2.0
// The door to Linux: files by which another program is handed bytes (see os.h). They are made
// before the seal, each under a hidden name first, so that none is seen before it is locked, and
// stay open until the process ends. What is behind a symbolic link is never opened, but for the
// folder itself, which its operator named.
//
// No function used here allocates: the folder is read by getdents64(2), opendir() would.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> // renameat()
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "limits.h"

#define SHARED_PREFIX S("mailferry-")

enum {
    TOKEN_DIGITS = 16,
    NAME_BYTES = 64,      // of ours: 10 + 16 + 1 + 3
    READ_BYTES = KIB(2),  // of one getdents64(): at least seven entries
    FIRST_DESCRIPTOR = 3, // behind the standard ones
    READERS = 0644,       // the folder's mode says who gets so far
    HIDDEN = S_IRUSR | S_IWUSR,
};

static err os_shared_refuse(struct buf *detail, const char *folder, const char *reason)
{
    buf_put(detail, str_from(folder));
    buf_put(detail, S(": "));
    buf_put(detail, str_from(reason));
    return FAIL(CONFIG_SHARED_VOLUME);
}

// ---- names

void os_shared_put_name(struct buf *b, const struct os_shared *s, int i)
{
    ASSERT(0 <= i && i < s->count && i < 1000);
    buf_put(b, SHARED_PREFIX);
    for (int shift = 60; shift >= 0; shift -= 4) {
        buf_put_byte(b, (u8) "0123456789abcdef"[s->token >> shift & 15]);
    }
    buf_put_byte(b, '-');
    for (int unit = 100; unit; unit /= 10) {
        buf_put_byte(b, (u8)('0' + i / unit % 10));
    }
}

static bool os_shared_is_name(str name)
{
    u64 number = 0;
    str rest = str_from_index(name, SHARED_PREFIX.n < name.n ? SHARED_PREFIX.n : name.n);
    bool form = str_starts(name, SHARED_PREFIX) && rest.n == TOKEN_DIGITS + 4 &&
                rest.p[TOKEN_DIGITS] == '-';
    return form && str_to_u64_hex(str_slice(rest, 0, TOKEN_DIGITS), &number) &&
           str_to_u64(str_from_index(rest, TOKEN_DIGITS + 1), &number);
}

// ---- what the dead have left

// Ours for certain: a regular file of this user under such a name, with no other name, whose lock
// nobody holds. Where the file system knows no locks nothing is removed.
static bool os_shared_remove_dead(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat is;
    bool dead = fd >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_uid == geteuid() &&
                is.st_nlink == 1 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    bool removed = dead && unlinkat(folder_fd, name, 0) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return removed;
}

struct os_shared_entry { // linux_dirent64 of getdents64(2)
    u64 inode;
    i64 offset;
    u16 bytes;
    u8 type;
    char name[];
};

// Returns how many were removed.
static int os_shared_clean(int folder_fd)
{
    _Alignas(struct os_shared_entry) u8 space[READ_BYTES];
    int removed = 0;
    for (int reads = 0; reads < SHARED_READS_MAX; reads++) {
        long n = syscall(SYS_getdents64, folder_fd, space, sizeof space);
        for (isize at = 0; at < n;) {
            const struct os_shared_entry *entry = (const void *)(space + at);
            if (os_shared_is_name(str_from(entry->name))) {
                removed += os_shared_remove_dead(folder_fd, entry->name);
            }
            at += entry->bytes;
        }
        if (n <= 0) {
            break;
        }
    }
    return removed;
}

// ---- making them

// `count` descriptors in a row that are free; the first of them. Those below are not touched.
static int os_shared_free_row(int count)
{
    int first = FIRST_DESCRIPTOR;
    for (int fd = first; fd < first + count; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            first = fd + 1;
        }
    }
    return first;
}

// Opens one file as the descriptor `as`. false: errno says why.
static bool os_shared_open(int folder_fd, const char *hidden, const char *name, int as)
{
    int fd = openat(folder_fd, hidden,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, HIDDEN);
    if (fd < 0) {
        return false;
    }
    // Without locks nobody takes it for a dead one either. The umask must not keep its reader out.
    bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    (void)locked;
    int at = fd == as ? fd : fcntl(fd, F_DUPFD_CLOEXEC, as);
    bool done = at == as && fchmod(fd, READERS) == 0 &&
                renameat(folder_fd, hidden, folder_fd, name) == 0;
    int error = errno;
    if (fd != as) {
        close(fd);
    }
    if (!done) {
        unlinkat(folder_fd, hidden, 0);
    }
    errno = error;
    return done;
}

// Removes and closes what was made so far.
static void os_shared_drop(int folder_fd, struct os_shared *s)
{
    for (int i = 0; i < s->count; i++) {
        u8 bytes[NAME_BYTES] = {0};
        struct buf name = buf_over(bytes, NAME_BYTES - 1);
        os_shared_put_name(&name, s, i);
        unlinkat(folder_fd, (const char *)bytes, 0);
        close(s->first_fd + i);
    }
    s->count = 0;
}

static err os_shared_make(int folder_fd, const char *folder, struct os_shared *s, int count,
                          struct buf *detail)
{
    int first = os_shared_free_row(count);
    *s = (struct os_shared){.first_fd = first, .removed = s->removed};
    os_entropy(&s->token, sizeof s->token);
    while (s->count < count) {
        u8 bytes[NAME_BYTES] = {'.'};
        struct buf hidden = {.p = bytes, .n = 1, .cap = NAME_BYTES - 1};
        os_shared_put_name(&hidden, &(struct os_shared){.token = s->token, .count = count},
                           s->count);
        if (!os_shared_open(folder_fd, (const char *)bytes, (const char *)bytes + 1,
                            first + s->count)) {
            const char *reason = strerror(errno);
            os_shared_drop(folder_fd, s); // with the folder that is open: there may be no other
            return os_shared_refuse(detail, folder, reason);
        }
        s->count++;
    }
    return OK;
}

err os_shared_create(const char *folder, int count, struct os_shared *out, struct buf *detail)
{
    struct stat is = {0};
    ASSERT(0 < count && count <= SHARED_FILES_MAX);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &is)) {
        return os_shared_refuse(detail, folder, strerror(errno));
    }
    err e = OK;
    if (is.st_mode & S_IWOTH && !(is.st_mode & S_ISVTX)) {
        e = os_shared_refuse(detail, folder,
                             "everybody may write there and remove the files of "
                             "others (no sticky bit), as in an emptyDir of Kubernetes: name a "
                             "directory within it that an init container has made by mkdir -m "
                             "2750");
    } else {
        out->removed = os_shared_clean(fd);
        e = os_shared_make(fd, folder, out, count, detail);
        out->open_to_all = (is.st_mode & S_IXOTH) != 0;
    }
    close(fd);
    return e;
}

void os_shared_remove(const char *folder, struct os_shared *s)
{
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    os_shared_drop(folder_fd, s);
    if (folder_fd >= 0) {
        close(folder_fd);
    }
}

// ---- after the seal

err os_shared_write(const struct os_shared *s, int i, str content)
{
    ASSERT(0 <= i && i < s->count);
    int fd = s->first_fd + i;
    int error = 0;
    for (isize done = 0; done < content.n && !error;) {
        ssize_t wrote = pwrite(fd, content.p + done, (size_t)(content.n - done), (off_t)done);
        error = wrote > 0 ? 0 : wrote == 0 ? EIO : errno == EINTR ? 0 : errno;
        done += wrote > 0 ? wrote : 0;
    }
    if (!error && ftruncate(fd, (off_t)content.n)) { // what was longer before
        error = errno;
    }
    if (error) {
        (void)os_shared_clear(s, i);
    }
    return !error                                                 ? OK
           : error == ENOSPC || error == EDQUOT || error == EFBIG ? FAIL(EXTRACT_SPACE)
                                                                  : FAIL(EXTRACT_FILE);
}

bool os_shared_clear(const struct os_shared *s, int i)
{
    ASSERT(0 <= i && i < s->count);
    return ftruncate(s->first_fd + i, 0) == 0;
}
