// SPDX-License-Identifier: Apache-2.0
// Aimed at the whole way of an answer: loop_turn(), conn_step(), conn_fill(), talk_step(),
// talk_rest(), talk_login(), talk_stream(), conn_start_tls_read(), http1_*(), gzip_read(),
// tls_handshake() and the verification of certificates, with a live machine.
//
// The first bytes choose what is asked and how: method, flags, proxy, TLS, StartTLS, a login, a
// stream, how much the machine takes at a time, how the far side cuts its bytes. The rest is what
// the far side says, on every connection from where the last one stopped; when it is used up,
// connections are closed or reset. The system is a fake with a clock of its own. Each input is run
// twice and must go the same way; at the end nothing may be lent: no connection, no reader, no
// resolver.
#include <string.h>

#include "net/auth.h"
#include "net/loop_task.h"
#include "net/proxy.h"
#include "net/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define FUZZ_SOCKETS 4
#define FUZZ_TURNS 5000

// ---- the fake system

struct fake {
    str say;        // what the far side has not said yet
    isize segment;  // bytes that arrive at a time
    bool turns;     // the next answer does not come together with this one
    bool reset;     // at the end, instead of a close
    bool slow_send; // takes a byte in two
    i64 now_ms;
    u64 entropy;
    bool open[FUZZ_SOCKETS];
    u64 calls;
    u64 trace; // hash of what was sent and heard
};

static struct fake fake;

static void trace_put(u64 x)
{
    fake.trace = (fake.trace ^ x) * 0x100000001b3U;
}

i64 os_mono_ms(void)
{
    return fake.now_ms;
}

i64 os_unix_us(void)
{
    return 1790000000000000 + fake.now_ms * 1000;
}

void os_entropy(void *p, isize n)
{
    for (isize i = 0; i < n; i++) {
        fake.entropy = fake.entropy * 6364136223846793005U + 1442695040888963407U;
        ((u8 *)p)[i] = (u8)(fake.entropy >> 56);
    }
}

int os_tcp_connect(const struct os_addr *to)
{
    (void)to;
    for (int i = 0; i < FUZZ_SOCKETS; i++) {
        if (!fake.open[i]) {
            fake.open[i] = true;
            return i;
        }
    }
    return OS_BROKEN;
}

err os_tcp_connected(int fd)
{
    ASSERT(fake.open[fd]);
    return OK;
}

int os_udp_connect(const struct os_addr *to)
{
    (void)to;
    return OS_BROKEN;
}

isize os_send(int fd, str s)
{
    ASSERT(fake.open[fd]);
    if (fake.slow_send && ++fake.calls % 2) {
        return fake.reset && fake.say.n < 10 ? OS_BROKEN : OS_AGAIN;
    }
    isize sent = fake.slow_send && s.n > 1 ? s.n / 2 : s.n;
    trace_put((u64)sent);
    return sent;
}

isize os_recv(int fd, void *p, isize n)
{
    ASSERT(fake.open[fd] && n > 0);
    if (fake.say.n == 0) {
        return fake.reset ? OS_BROKEN : 0;
    }
    isize got = fake.segment < fake.say.n ? fake.segment : fake.say.n;
    got = got < n ? got : n;
    isize next = fake.turns ? str_find(str_from_index(fake.say, 1), S("HTTP/1.")) : -1;
    got = next >= 0 && next + 1 < got ? next + 1 : got;
    memcpy(p, fake.say.p, (size_t)got);
    fake.say = str_from_index(fake.say, got);
    return got;
}

void os_close(int fd)
{
    ASSERT(fake.open[fd]);
    fake.open[fd] = false;
}

void os_poll(struct os_poll *list, isize count, i64 timeout_ms)
{
    bool any = false;
    for (isize i = 0; i < count; i++) {
        list[i].readable = list[i].fd >= 0 && list[i].want_read;
        list[i].writable = list[i].fd >= 0 && list[i].want_write;
        any = any || list[i].readable || list[i].writable;
    }
    fake.now_ms += any ? 1 : timeout_ms;
}

bool os_addr_parse(str s, struct os_addr *out)
{
    *out = (struct os_addr){.ip = {127, 0, 0, 1}};
    return str_eq(s, S("127.0.0.1"));
}

void os_addr_put(struct buf *b, const struct os_addr *a)
{
    (void)a;
    buf_put(b, S("127.0.0.1:1"));
}

err os_write_all(int fd, str s, struct os_watch *watch, struct buf *detail)
{
    (void)watch;
    (void)detail;
    (void)fd;
    (void)s;
    return OK;
}

u32 os_interface_index(str name)
{
    (void)name;
    return 0;
}

// ---- the machine

struct machine {
    struct dest *dest;
    u32 flags;
    bool post;
    isize take;             // bytes at a call; 0: all
    int asked, nexts, open; // open: between head() and end()
    int chunks;
    err last;
};

static u8 post_body[40000];

static enum step machine_next(void *st, i64 now_ms, struct exchange *x)
{
    static const struct retry_policy thrice = {.attempts = 3, .base_ms = 10, .max_ms = 1000};
    static const struct retry_policy once = {.attempts = 1};
    struct machine *m = st;
    trace_put((u64)now_ms);
    m->open = (m->flags & EXCHANGE_STREAM) != 0;
    if (m->asked == (m->dest->url.tls ? 1 : 3) || ++m->nexts > 12) {
        return STEP_DONE;
    }
    x->dest = m->dest;
    x->method = m->flags & EXCHANGE_HEAD ? S("HEAD") : m->post ? S("POST") : S("GET");
    x->flags = m->flags;
    x->body = m->post ? str_make(post_body, COUNT(post_body)) : (str){0};
    x->retry = m->dest->url.tls ? &once : &thrice; // a handshake takes as long as 100 exchanges
    m->chunks = 5;
    buf_put(&x->target, S("/a?b=c"));
    return STEP_REQUEST;
}

static err machine_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct machine *m = st;
    ASSERT(!m->open && head->status >= 200 && head->status <= 999);
    // A login is nobody else's business.
    ASSERT(str_find(buf_str(&x->headers), S("Authorization")) < 0);
    ASSERT(head->status != 401 || !x->dest->auth);
    ASSERT(head->header_count <= HTTP_HEADERS_MAX);
    for (isize i = 0; i < head->header_count; i++) {
        ASSERT(http1_is_field_value(head->headers[i].name));
        ASSERT(http1_is_field_value(head->headers[i].value));
    }
    m->open = 1;
    trace_put((u64)head->status);
    err e = retry_status_error(head->status);
    m->open = err_ok(e);
    return e;
}

static err machine_body(void *st, struct exchange *x, str *in)
{
    struct machine *m = st;
    (void)x;
    ASSERT(m->open && in->n > 0);
    isize take = m->take && m->take < in->n ? m->take : in->n;
    for (isize i = 0; i < take; i++) {
        trace_put(in->p[i]);
    }
    *in = str_from_index(*in, take);
    return OK;
}

static err machine_end(void *st, struct exchange *x)
{
    struct machine *m = st;
    (void)x;
    ASSERT(m->open);
    m->open = 0;
    m->asked++;
    return OK;
}

static void machine_fail(void *st, struct exchange *x, err e)
{
    struct machine *m = st;
    ASSERT(!err_ok(e) && x->detail.n > 0 && x->detail.n <= EXCHANGE_DETAIL_BYTES);
    m->asked++;
    m->last = e;
    trace_put(e.code);
    for (isize i = 0; i < x->detail.n; i++) {
        trace_put(x->detail.p[i]);
    }
}

static err machine_send(void *st, struct buf *room, bool *last)
{
    struct machine *m = st;
    ASSERT(m->chunks > 0);
    buf_put_fill(room, 'x', 100);
    *last = --m->chunks == 0;
    return OK;
}

static const struct machine_ops machine_ops = {
    .name = "fuzz",
    .next = machine_next,
    .head = machine_head,
    .body = machine_body,
    .end = machine_end,
    .fail = machine_fail,
    .send = machine_send,
};

// ---- one run

static void check_nothing_is_lent(const struct loop *loop)
{
    for (int i = 0; i < GZIP_READERS; i++) {
        ASSERT(!loop->env.inflaters[i].used);
    }
    for (int i = 0; i < CONN_RESOLVERS; i++) {
        ASSERT(!loop->env.resolver_used[i]);
    }
    for (int i = 0; i < FUZZ_SOCKETS; i++) {
        ASSERT(!fake.open[i]);
    }
}

static u64 run(const uint8_t *p, size_t n)
{
    static _Alignas(16) u8 memory[MIB(2)];
    static const struct tls_trust trust = {.verify = true, .embedded_roots = true};
    u8 flags = p[0], mode = p[1];
    fake = (struct fake){.say = str_make(p + 3, (isize)n - 3),
                         .segment = p[2] ? p[2] : KIB(64),
                         .reset = mode & 1,
                         .slow_send = mode & 2,
                         .turns = mode & 0x10,
                         .now_ms = 1000,
                         .trace = 1};
    struct arena arena = arena_over(memory, COUNT(memory));
    struct plan plan = {.arena = &arena};
    struct dns_config dns;
    dns_config_parse(&dns, S(""), S(""));
    struct loop *loop = loop_init(&plan, &(struct loop_settings){.tasks = 2,
                                                                 .connections = 2,
                                                                 .dns = &dns,
                                                                 .connect_timeout_ms = 1000,
                                                                 .idle_timeout_ms = 500,
                                                                 .keep_alive_ms = 1000,
                                                                 .user_agent = S("fuzz")});
    struct proxy proxy;
    u8 secret[64];
    struct buf storage = buf_over(secret, COUNT(secret));
    ASSERT(err_ok(proxy_parse(S("http://u:p@127.0.0.1:1"), &proxy, &storage)));
    struct dest dest = {
        .label = "fuzz", .trust = &trust, .index = 1, .proxy = mode & 4 ? &proxy : NULL};
    ASSERT(err_ok(
        url_parse(mode & 8 ? S("https://127.0.0.1:2/") : S("http://127.0.0.1:2/"), &dest.url)));
    struct http_auth auth = {.allow_basic = mode & 0x80};
    auth_set(&auth, S("EXAMPLE\\svc"), (struct secret){S("Passw0rd")});
    dest.auth = mode & 0x10 ? &auth : NULL;
    dest.start_tls = mode & 0x40 && mode & 0x20;
    struct machine m = {.dest = &dest,
                        .flags = (flags & 0x1f) | (mode & 0x20 ? EXCHANGE_STREAM : 0),
                        .post = flags & 0x20,
                        .take = flags & 0x40 ? 1 + (flags >> 7) * 700 : 0};
    struct machine second = m; // with a login, one of them finds out whether it is good
    ASSERT(loop_add(loop, &machine_ops, &m) >= 0);
    ASSERT(!dest.auth || loop_add(loop, &machine_ops, &second) >= 0);
    for (int i = 0; i < FUZZ_TURNS && loop_active_count(loop); i++) {
        (void)loop_turn(loop, 10000, -1);
    }
    // A byte at a time needs many turns; nothing else does.
    ASSERT(loop_active_count(loop) == 0 || m.take == 1);
    // Refusals in a row are what locks an account.
    ASSERT(auth.refusals <= AUTH_REFUSALS_MAX);
    ASSERT(auth.failed == (auth.locked || auth.refusals == AUTH_REFUSALS_MAX));
    loop_close(loop);
    ASSERT(!auth.probing);
    check_nothing_is_lent(loop);
    return fake.trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 3 || n > KIB(64)) {
        return 0;
    }
    u64 first = run(p, n), second = run(p, n);
    ASSERT(first == second);
    return 0;
}
