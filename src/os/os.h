// SPDX-License-Identifier: Apache-2.0
// The only door to the system: memory, clocks, entropy, environment, files, terminals, signals and
// sockets. os_linux.c implements it; tests replace it whole by linking another implementation.
//
// Two phases. Before seal_engage() (os/seal.h) everything works; after it the functions marked
// [start] end the process. Nothing here blocks except os_poll(), os_write_all(), and
// os_shared_write() and os_store_...() as long as their disk does.
#ifndef OS_OS_H
#define OS_OS_H

#include "base/buf.h"

// ---- memory, clocks, entropy
void *os_reserve(isize bytes); // [start] zeroed address space, not touched; NULL when refused
void os_trim(void *p, isize reserved_bytes, isize keep); // [start] gives back what is beyond `keep`
isize os_image_bytes(void); // the program itself: code, constants, variables
i64 os_mono_ms(void);
i64 os_unix_us(void);
i64 os_cpu_us(void);               // user + system time of the process
void os_entropy(void *p, isize n); // traps if the system has none

// ---- the process
str os_env(const char *name, bool *found);
str os_env_at(isize i);            // "NAME=value" of the i-th variable; empty str after the last
void os_env_wipe(void);            // the values: they may be passwords; at the end
str os_host_name(struct buf *out); // [start]
int os_status_open(void);          // [start] for the next one; -1 where there is no /proc
isize os_peak_rss_bytes(int status_fd); // 0 = unknown
_Noreturn void os_exit(int code);

// ---- files
// Appends a whole file. FILE_MISSING, FILE_UNREADABLE (path and the system's words are appended to
// `detail`, which may be NULL), BUF_FULL.
err os_file_read(const char *path, struct buf *out, struct buf *detail); // [start]
// A folder that stays open, so that a file in it can be read whenever another has taken its place:
// the one that the seal lets through (os/seal.h). A descriptor, or -1 with the system's words.
int os_folder_open(const char *path, struct buf *detail); // [start]
// As os_file_read(), of a name without '/'. Links are followed as far as the seal allows: nowhere
// but to what is below the folder. A pipe in its place is not waited for.
err os_file_read_in(int folder_fd, const char *name, struct buf *out, struct buf *detail);
// Opens for writing, truncated, mode 0600. A descriptor, or -1 with the system's words in detail.
int os_file_create(const char *path, struct buf *detail); // [start]

// Opens for writing and leaves the content as it is, so that nothing is lost when what was to be
// written cannot be had. REPLACE: from the first byte on, made where it is absent, mode 0600 from
// now on. APPEND: behind the last byte. A descriptor, or -1 with the system's words in detail.
enum os_change { OS_CHANGE_REPLACE, OS_CHANGE_APPEND };
int os_file_change(const char *path, enum os_change change, struct buf *detail); // [start]
bool os_folder_create(const char *path, struct buf *detail); // [start] mode 0700; may be there

// Files by which another program of this host is handed bytes: made before the seal, which then
// lets ftruncate(2) through for them alone. Their descriptors follow one another. Each is locked
// (flock(2)) until the process ends, so that those of processes that died are known. They stay in
// their folder when the process ends, empty: whoever makes some there the next time removes them.
struct os_shared {
    int first_fd, count;
    u64 token;        // of this process, by chance: it is in their names
    int removed;      // those of the dead
    bool open_to_all; // everybody may enter the folder, and the files can be read by everybody
};

// CONFIG_SHARED_VOLUME with the folder and what is wrong in `detail`; then there are none.
err os_shared_create(const char *folder, int count, struct os_shared *out,
                     struct buf *detail);                                 // [start]
void os_shared_remove(const char *folder, struct os_shared *s);           // [start]
void os_shared_put_name(struct buf *b, const struct os_shared *s, int i); // within the folder

// Puts `content` in place of what the file held. EXTRACT_SPACE, EXTRACT_FILE: it is empty then.
err os_shared_write(const struct os_shared *s, int i, str content);
bool os_shared_clear(const struct os_shared *s, int i); // false: the system would not

// A file of our own that outlives the process and is read and written in place, made where it is
// absent (mode 0600), locked (flock(2)) until the process ends. It has to be a regular file of this
// user that has no other name. A descriptor, or -1 with the path and what is wrong in `detail`.
int os_store_open(const char *path, struct buf *detail); // [start]
isize os_store_read(int fd, i64 at, void *p, isize n);   // bytes, fewer at its end; -1
bool os_store_write(int fd, i64 at, str s);              // false: perhaps a part of it
bool os_store_sync(int fd);                              // what was written is on the disk

// What a write looks at while a pipe or terminal takes nothing: the signals (signals_fd, -1: none).
// Until one says stop it waits as long as it takes; from then on WRITE_STOP_WAIT_MS, all writes
// together.
struct os_watch {
    int signals_fd;
    bool stopped; // a signal to stop came
    i64 until_ms; // by os_mono_ms(), once it came
};
bool os_watch_signals(struct os_watch *w); // takes the signals that came; true once one said stop

// Writes `s` whole, or says FILE_WRITE with the system's words in `detail`; then a part of it may
// be written. `watch` and `detail` may be NULL.
err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail);
bool os_is_terminal(int fd);     // [start]
int os_terminal_columns(int fd); // [start] 80 when unknown

// Appends one line that somebody types or a pipe holds, without its end; `hidden`: a terminal does
// not show it. INPUT_END: there is no line any more; INPUT_STOPPED: a signal came; BUF_FULL: it is
// too long (it was read to its end).
err os_line_read(int fd, struct buf *line, bool hidden, struct os_watch *watch); // [start]

// ---- signals: INT, TERM and HUP are blocked and come through a descriptor; PIPE and
// XFSZ are ignored
int os_signals_open(void); // [start] a descriptor, or OS_BROKEN
enum os_signal { OS_SIGNAL_NONE, OS_SIGNAL_STOP, OS_SIGNAL_HUP };
enum os_signal os_signals_next(int fd);

// ---- sockets, all non-blocking; a descriptor is >= 0
struct os_addr {
    u8 ip[16]; // IPv4 in the first 4
    bool v6;
    u16 port;
    u32 scope; // of link-local IPv6 addresses
};

enum { OS_AGAIN = -1, OS_BROKEN = -2 };

int os_tcp_connect(const struct os_addr *to); // starts; OS_BROKEN when refused at once. TCP_NODELAY
err os_tcp_connected(int fd); // after it became writable: OK, NET_REFUSED, NET_UNREACHABLE, ...
int os_udp_connect(const struct os_addr *to);
isize os_send(int fd, str s);                // bytes sent, OS_AGAIN, OS_BROKEN
isize os_recv(int fd, void *p, isize n);     // bytes, 0 = closed by the peer, OS_AGAIN, OS_BROKEN
int os_tcp_listen(const struct os_addr *at); // [start] for the metrics listener of a later release
int os_tcp_accept(int fd); // of os_tcp_listen(): a connection, OS_AGAIN, OS_BROKEN
void os_close(int fd);

struct os_poll {
    int fd;
    bool want_read, want_write;
    bool readable, writable; // answers; errors and hang-ups show as both
};

// At most POLL_MAX entries; those with fd < 0 or nothing wanted are skipped. Returns early on any
// event (the descriptor of signals is one of the list). timeout_ms < 0: no limit.
void os_poll(struct os_poll *list, isize count, i64 timeout_ms);

// An IPv4 or IPv6 literal, no brackets; port 0. A zone must be a number ("fe80::1%2").
bool os_addr_parse(str s, struct os_addr *out);
u32 os_interface_index(str name); // [start] the number of "eth0"; 0 = none of that name
void os_addr_put(struct buf *b, const struct os_addr *a); // "192.0.2.1:443", "[2001:db8::1]:443"

#endif
