// SPDX-License-Identifier: Apache-2.0
// The fake os.h: clocks, entropy, environment, files, signals, waiting; sockets go to sim_net.c.
// Every call and its result is part of the trace. Calls that touch the world outside are places
// where the process may die.
#include "sim_os.h"

#include <arpa/inet.h>
#include <string.h>

#include "clock.h"
#include "faults.h"
#include "limits.h"
#include "os/seal.h"
#include "sim.h"
#include "sim_memory.h"
#include "sim_net.h"

#define SILENCE_US (9000 * SIM_S) // the longest pause that anybody may ask for is an hour

enum { FILES_MAX = 16, ENVS_MAX = 32, SIGNALS_FD = 3, STORE_FD = 900 };

static struct {
    struct {
        char *path;
        struct t_buf text;
    } files[FILES_MAX];
    char *envs[ENVS_MAX];
    struct {
        u8 *bytes;
        isize n;
    } store; // outlives processes, as disks do
    int file_count, env_count;
    i64 patience_us, stop_us;
    host_idle *idle;
} host;

// One process, or two that share the machine: `me` is the one whose calls these are.
static struct process {
    struct t_buf out[3];
    bool sealed, stop_pending;
    i64 stopped_us, begun_us, idle_ops, sent_us;
    i64 bytes_in, bytes_out;
    struct os_poll *list; // what it waits for, and until when
    isize count;
    i64 until_us;
    jmp_buf grave;
} processes[HOST_PROCESSES], *me = processes;

void host_select(int process)
{
    me = &processes[process];
}

int host_selected(void)
{
    return (int)(me - processes);
}

jmp_buf *host_grave(void)
{
    return &me->grave;
}

void host_share(host_idle *idle)
{
    host.idle = idle;
}

void host_reset(void)
{
    for (int i = 0; i < host.file_count; i++) {
        t_free(host.files[i].path);
        t_buf_free(&host.files[i].text);
    }
    for (int i = 0; i < host.env_count; i++) {
        t_free(host.envs[i]);
    }
    host.file_count = host.env_count = 0;
    t_free(host.store.bytes);
    host.store.bytes = NULL;
    host.store.n = 0;
}

void host_put_file(const char *path, str text)
{
    for (int i = 0; i < host.file_count; i++) {
        if (str_eq(str_from(host.files[i].path), str_from(path))) {
            host.files[i].text.n = 0;
            t_buf_put(&host.files[i].text, text);
            return;
        }
    }
    ASSERT(host.file_count < FILES_MAX);
    host.files[host.file_count].path = t_strdup(str_from(path));
    host.files[host.file_count].text = (struct t_buf){0};
    t_buf_put(&host.files[host.file_count++].text, text);
}

void host_put_env(const char *assignment)
{
    for (int i = 0; i < host.env_count; i++) {
        if (str_eq(str_from(host.envs[i]), str_from(assignment))) {
            return;
        }
    }
    ASSERT(host.env_count < ENVS_MAX);
    host.envs[host.env_count++] = t_strdup(str_from(assignment));
}

void host_set_patience_s(i64 seconds)
{
    host.patience_us = seconds * SIM_S;
    host.stop_us = STOP_WAIT_MS * SIM_MS + 2 * SIM_S;
}

void host_set_stop_s(i64 seconds)
{
    host.stop_us = seconds * SIM_S;
}

void host_tell_stop(void)
{
    if (me->stopped_us < 0) {
        me->stop_pending = true;
        me->stopped_us = clock_now_us();
    }
}

void host_run_begin(void)
{
    t_buf_free(&me->out[1]);
    t_buf_free(&me->out[2]);
    me->sealed = me->stop_pending = false;
    me->stopped_us = -1;
    me->begun_us = me->sent_us = clock_now_us();
    me->idle_ops = 0;
}

void host_run_end(void)
{
    memory_free_all();
}

str host_output(int fd)
{
    return t_buf_str(&me->out[fd]);
}

void host_summary_bytes(i64 *in, i64 *out)
{
    *in = me->bytes_in;
    *out = me->bytes_out;
}

i64 host_stopped_us(void)
{
    return me->stopped_us;
}

// A call that the world can see. Whoever does such a thing is not idle.
static void enter(void)
{
    me->idle_ops = 0;
    if (me->sealed && fault_due(FAULT_DEATH)) {
        longjmp(me->grave, 1);
    }
}

static void must_not_be_sealed(const char *what)
{
    if (me->sealed) {
        sim_violation("%s after the seal", what);
    }
}

// ---- clocks and entropy

i64 os_mono_ms(void)
{
    return clock_now_us() / 1000 + 5000000; // the machine was up before
}

i64 os_unix_us(void)
{
    return clock_product_unix_us();
}

i64 os_cpu_us(void)
{
    return (clock_now_us() - me->begun_us) / 100;
}

isize os_image_bytes(void)
{
    return MIB(1);
}

int os_status_open(void)
{
    return -1;
}

isize os_peak_rss_bytes(int status_fd)
{
    (void)status_fd;
    return MIB(50);
}

void os_entropy(void *p, isize n)
{
    u8 *out = p;
    for (isize i = 0; i < n; i += 8) {
        u64 word = sim_random(SIM_ENTROPY);
        memcpy(out + i, &word, (size_t)(n - i < 8 ? n - i : 8));
    }
}

void os_exit(int code)
{
    sim_violation("os_exit(%d)", code);
}

// ---- environment and files

str os_env(const char *name, bool *found)
{
    isize n = str_from(name).n;
    *found = false;
    for (int i = 0; i < host.env_count; i++) {
        if (strncmp(host.envs[i], name, (size_t)n) == 0 && host.envs[i][n] == '=') {
            *found = true;
            return str_from(host.envs[i] + n + 1);
        }
    }
    return (str){0};
}

str os_env_at(isize i)
{
    return i < host.env_count ? str_from(host.envs[i]) : (str){0};
}

void os_env_wipe(void)
{
} // of the host's, which every run of a world has again

str os_host_name(struct buf *out)
{
    isize from = out->n;
    buf_put(out, S("simulated"));
    return str_from_index(buf_str(out), from);
}

err os_file_read(const char *path, struct buf *out, struct buf *detail)
{
    must_not_be_sealed("a file is read");
    for (int i = 0; i < host.file_count; i++) {
        if (strcmp(host.files[i].path, path) == 0) {
            sim_trace("read %s", path);
            str text = t_buf_str(&host.files[i].text);
            isize room = buf_room(out);
            buf_put(out, str_slice(text, 0, text.n < room ? text.n : room));
            out->full = out->full || text.n > room;
            return buf_check(out);
        }
    }
    if (detail) {
        buf_put(detail, str_from(path));
        buf_put(detail, S(": No such file or directory"));
    }
    return FAIL(FILE_MISSING);
}

// No scenario has a federated token.
int os_folder_open(const char *path, struct buf *detail)
{
    must_not_be_sealed("a folder is opened");
    if (detail) {
        buf_put(detail, str_from(path));
    }
    return -1;
}

err os_file_read_in(int folder_fd, const char *name, struct buf *out, struct buf *detail)
{
    (void)folder_fd;
    (void)name;
    (void)out;
    (void)detail;
    return FAIL(FILE_MISSING);
}

int os_file_create(const char *path, struct buf *detail)
{
    must_not_be_sealed("a file is made");
    if (detail) {
        buf_put(detail, str_from(path));
    }
    return -1;
}

// No world has an extraction service with file pointers.
err os_shared_create(const char *folder, int count, struct os_shared *out, struct buf *detail)
{
    (void)count;
    must_not_be_sealed("files are made");
    *out = (struct os_shared){0};
    buf_put(detail, str_from(folder));
    return FAIL(CONFIG_SHARED_VOLUME);
}

void os_shared_put_name(struct buf *b, const struct os_shared *s, int i)
{
    (void)b;
    sim_violation("file %d of %d is named", i, s->count);
}

err os_shared_write(const struct os_shared *s, int i, str content)
{
    (void)content;
    sim_violation("file %d of %d is written", i, s->count);
}

bool os_shared_clear(const struct os_shared *s, int i)
{
    sim_violation("file %d of %d is emptied", i, s->count);
}

// A byte of it, or all from there, is not what was written: what a start has to notice.
static void damage_store(void)
{
    isize at = (isize)sim_between(SIM_FAULTS, 0, host.store.n - 1);
    at = sim_one_in(SIM_FAULTS, 2) ? at % KIB(10) % host.store.n : at; // mostly holes
    if (sim_one_in(SIM_FAULTS, 4)) {
        host.store.n = at;
    } else {
        host.store.bytes[at] ^= (u8)sim_between(SIM_FAULTS, 1, 255);
    }
}

// One file, whatever its name. A process that dies leaves a part of what it was writing.
int os_store_open(const char *path, struct buf *detail)
{
    (void)detail;
    must_not_be_sealed("the store is opened");
    if (host.store.n && fault_due(FAULT_STORE)) {
        damage_store();
    }
    sim_trace("store %s", path);
    return STORE_FD;
}

isize os_store_read(int fd, i64 at, void *p, isize n)
{
    if (fd != STORE_FD || at >= host.store.n) {
        return fd == STORE_FD ? 0 : -1;
    }
    isize there = n < host.store.n - at ? n : host.store.n - (isize)at;
    memcpy(p, host.store.bytes + at, (size_t)there);
    return there;
}

static void put_into_store(i64 at, str s)
{
    if (at + s.n > host.store.n) {
        isize n = (isize)at + s.n;
        u8 *bytes = t_alloc(n);
        if (host.store.n) {
            memcpy(bytes, host.store.bytes, (size_t)host.store.n);
        }
        t_free(host.store.bytes);
        host.store.bytes = bytes;
        host.store.n = n;
    }
    memcpy(host.store.bytes + at, s.p, (size_t)s.n);
}

bool os_store_write(int fd, i64 at, str s)
{
    isize half = s.n / 2;
    ASSERT(fd == STORE_FD);
    enter();
    sim_trace("%lld store %lld %lld", (long long)clock_now_us(), (long long)at, (long long)s.n);
    put_into_store(at, str_slice(s, 0, half));
    enter();
    if (fault_due(FAULT_STORE)) {
        return false; // the disk is full
    }
    put_into_store(at + half, str_from_index(s, half));
    return true;
}

bool os_store_sync(int fd)
{
    ASSERT(fd == STORE_FD);
    enter();
    return !fault_due(FAULT_STORE);
}

bool os_watch_signals(struct os_watch *w)
{
    enum os_signal s = w->signals_fd >= 0 ? os_signals_next(w->signals_fd) : OS_SIGNAL_NONE;
    if (s == OS_SIGNAL_STOP && !w->stopped) {
        w->stopped = true;
        w->until_ms = os_mono_ms() + WRITE_STOP_WAIT_MS;
    }
    return w->stopped;
}

err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail)
{
    (void)watch;
    (void)detail;
    enter();
    if (fd != 1 && fd != 2) {
        sim_violation("a write to descriptor %d", fd);
    }
    t_buf_put(&me->out[fd], s);
    if (fd == 1) {
        me->bytes_in = net_bytes_in();
        me->bytes_out = net_bytes_out();
    }
    sim_trace_bytes(fd == 1 ? "stdout" : "stderr", s);
    return OK;
}

bool os_is_terminal(int fd)
{
    (void)fd;
    return false;
}

int os_terminal_columns(int fd)
{
    (void)fd;
    return 80;
}

err seal_engage(const struct seal_wants *wants, struct seal_report *report)
{
    (void)wants;
    *report = (struct seal_report){true, true, true, true};
    me->sealed = true;
    return OK;
}

void seal_put_report(struct buf *b, const struct seal_report *report)
{
    (void)report;
    buf_put(b, S("simulated"));
}

bool seal_try(str name)
{
    (void)name;
    return false;
}

// ---- signals

int os_signals_open(void)
{
    return SIGNALS_FD;
}

enum os_signal os_signals_next(int fd)
{
    ASSERT(fd == SIGNALS_FD);
    enum os_signal s = me->stop_pending ? OS_SIGNAL_STOP : OS_SIGNAL_NONE;
    me->stop_pending = false;
    return s;
}

static void maybe_signal(void)
{
    if (me->stopped_us < 0 && fault_due(FAULT_SIGTERM)) {
        me->stop_pending = true;
        me->stopped_us = clock_now_us();
    }
}

// ---- waiting

static bool is_ready(struct os_poll *p)
{
    if (p->fd == SIGNALS_FD) {
        p->readable = me->stop_pending;
    } else {
        p->readable = p->want_read && net_is_readable(p->fd);
        p->writable = p->want_write && net_is_writable(p->fd);
    }
    return p->readable || p->writable;
}

static int look(struct os_poll *list, isize count)
{
    int ready = 0;
    for (isize i = 0; i < count; i++) {
        list[i].readable = list[i].writable = false;
        if (list[i].fd >= 0 && (list[i].want_read || list[i].want_write)) {
            ready += is_ready(&list[i]);
        }
    }
    return ready;
}

i64 host_waits_until_us(void)
{
    return look(me->list, me->count) > 0 ? 0 : me->until_us;
}

// Ready, says the system, and then there is nothing: poll(2), BUGS.
static void say_ready(struct os_poll *list, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (list[i].fd >= 0 && list[i].fd != SIGNALS_FD && list[i].want_read &&
            sim_one_in(SIM_FAULTS, 2)) {
            list[i].readable = true;
        }
    }
}

static void check_patience(i64 timeout_ms)
{
    if (clock_now_us() - me->begun_us > host.patience_us) {
        sim_violation("the run takes longer than %lld s of virtual time",
                      (long long)(host.patience_us / SIM_S));
    }
    if (me->stopped_us >= 0 && clock_now_us() - me->stopped_us > host.stop_us) {
        sim_violation("it was told to stop %lld s ago",
                      (long long)((clock_now_us() - me->stopped_us) / SIM_S));
    }
    if (clock_now_us() - me->sent_us > SILENCE_US) {
        sim_violation("nothing was sent for %lld s: a wait that does not end",
                      (long long)(SILENCE_US / SIM_S));
    }
    me->idle_ops = timeout_ms == 0 ? me->idle_ops + 1 : 0;
    if (me->idle_ops > 2000) {
        sim_violation("a busy loop: %lld waits of no length, and nothing done between them",
                      (long long)me->idle_ops);
    }
}

void os_poll(struct os_poll *list, isize count, i64 timeout_ms)
{
    if (fault_due(FAULT_DEATH)) {
        longjmp(me->grave, 1);
    }
    maybe_signal();
    check_patience(timeout_ms);
    pools_step();
    if (count > POLL_MAX) {
        sim_violation("a wait for %td descriptors", count);
    }
    i64 from_us = clock_now_us();
    clock_advance_to(from_us + 5); // thinking takes time
    clock_run_due();
    i64 until_us = timeout_ms < 0 ? INT64_MAX : from_us + timeout_ms * SIM_MS;
    int ready = look(list, count);
    bool spurious = fault_due(FAULT_SPURIOUS);
    if (spurious && sim_one_in(SIM_FAULTS, 2)) {
        say_ready(list, count);
    }
    me->list = list;
    me->count = count;
    me->until_us = until_us;
    while (!ready && !spurious && clock_now_us() < until_us) {
        if (host.idle) {
            host.idle();
        } else {
            if (clock_next_us() == INT64_MAX && until_us == INT64_MAX) {
                sim_violation("a wait without end, and nothing will happen");
            }
            clock_advance_to(until_us);
            clock_run_due();
        }
        ready = look(list, count);
    }
    sim_trace("%lld poll %td %lld -> %d", (long long)clock_now_us(), count, (long long)timeout_ms,
              ready);
}

// ---- sockets

static const char *address(const struct os_addr *a)
{
    static char text[64];
    inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->ip, text, sizeof(text));
    return text;
}

int os_tcp_connect(const struct os_addr *to)
{
    enter();
    int fd = net_connect(to, false);
    me->sent_us = host.idle ? clock_now_us() : me->sent_us; // a service may find nobody for hours
    sim_trace("connect %s %d -> %d", address(to), to->port, fd);
    return fd;
}

int os_udp_connect(const struct os_addr *to)
{
    enter();
    int fd = net_connect(to, true);
    sim_trace("udp %s %d -> %d", address(to), to->port, fd);
    return fd;
}

err os_tcp_connected(int fd)
{
    enter();
    err e = net_connected(fd);
    sim_trace("connected %d -> %s", fd, err_name(e));
    return e;
}

isize os_send(int fd, str s)
{
    enter();
    isize n = net_send(fd, s);
    me->sent_us = clock_now_us();
    sim_trace("send %d %td -> %td %016llx", fd, s.n, n,
              (unsigned long long)sim_hash(str_slice(s, 0, n > 0 ? n : 0)));
    return n;
}

isize os_recv(int fd, void *p, isize n)
{
    ASSERT(n > 0);
    enter();
    isize got = net_recv(fd, p, n);
    sim_trace("recv %d %td -> %td", fd, n, got);
    return got;
}

void os_close(int fd)
{
    enter();
    sim_trace("close %d", fd);
    net_close(fd);
}

int os_tcp_listen(const struct os_addr *at)
{
    (void)at;
    must_not_be_sealed("a listening socket is made");
    return OS_BROKEN;
}

int os_tcp_accept(int fd)
{
    (void)fd;
    return OS_AGAIN;
}

u32 os_interface_index(str name)
{
    return str_eq(name, S("eth0")) ? 2 : 0;
}

// Literals as the real one reads and writes them.
bool os_addr_parse(str s, struct os_addr *out)
{
    char z[64] = {0};
    struct os_addr a = {0};
    bool scoped;
    u64 scope = 0;
    str zone = str_cut(s, '%', &s, &scoped);
    if (s.n == 0 || s.n >= (isize)sizeof z || str_find_byte(s, 0) >= 0) {
        return false;
    }
    memcpy(z, s.p, (size_t)s.n);
    if (inet_pton(AF_INET, z, a.ip) != 1) {
        a.v6 = inet_pton(AF_INET6, z, a.ip) == 1;
        if (!a.v6) {
            return false;
        }
    }
    if (scoped && (!a.v6 || !str_to_u64(zone, &scope) || scope > UINT32_MAX)) {
        return false;
    }
    a.scope = (u32)scope;
    *out = a;
    return true;
}

void os_addr_put(struct buf *b, const struct os_addr *a)
{
    buf_put(b, a->v6 ? S("[") : S(""));
    buf_put(b, str_from(address(a)));
    buf_put(b, a->v6 ? S("]:") : S(":"));
    buf_put_u64(b, a->port);
}
