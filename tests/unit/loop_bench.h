// SPDX-License-Identifier: Apache-2.0
// A loop with a server on loopback (net_peer.h), and a machine that makes requests and keeps what
// it hears: what the cases of test_loop.c begin with.
#ifndef TESTS_UNIT_LOOP_BENCH_H
#define TESTS_UNIT_LOOP_BENCH_H

#include "test.h"
#include "net_peer.h"
#include "net/loop.h"
#include "net/proxy.h"
#include "net/retry.h"
#include "os/os.h"

#define PROBE_BODY_BYTES KIB(512)

// A machine that makes `count` equal requests and keeps what it hears.
struct probe {
    struct dest *dest;
    str method, target, body;
    u32 flags;
    i64 timeout_ms, first_byte_ms, answer_bytes;
    const struct retry_policy *retry;
    int count;        // requests still to make
    isize take;       // bytes of the body taken at a call; 0: all
    int hold;         // calls of body() that take nothing
    str later;        // target from the third call of next() on; empty: the same
    bool body_at_end; // an error status is judged at end(), as machines that want the words do
    bool at_once;     // ... and asked again without a pause
    int chunks;       // of a chunked request
    int nexts, heads, ends, fails, calls, status;
    err error;
    char detail[EXCHANGE_DETAIL_BYTES + 1];
    struct buf got;
};

static u8 probe_memory[8][PROBE_BODY_BYTES];

static enum step probe_next(void *st, i64 now_ms, struct exchange *x)
{
    struct probe *p = st;
    (void)now_ms;
    p->nexts++;
    if (p->fails || p->ends == p->count) {
        return p->fails ? STEP_FAILED : STEP_DONE;
    }
    x->dest = p->dest;
    x->method = p->method.n ? p->method : S("GET");
    buf_put(&x->target, p->later.n && p->nexts > 2 ? p->later : p->target);
    x->flags = p->flags;
    x->body = p->body;
    x->retry = p->retry;
    x->timeout_ms = p->timeout_ms;
    x->first_byte_ms = p->first_byte_ms;
    x->answer_bytes = p->answer_bytes;
    exchange_header(x, S("X-Probe"), S("yes"));
    buf_reset(&p->got);
    return STEP_REQUEST;
}

static err probe_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct probe *p = st;
    (void)x;
    p->heads++;
    p->status = head->status;
    return p->body_at_end ? OK : retry_status_error(head->status);
}

static err probe_body(void *st, struct exchange *x, str *in)
{
    struct probe *p = st;
    (void)x;
    p->calls++;
    if (p->hold > 0) {
        p->hold--;
        return OK;
    }
    isize take = p->take && p->take < in->n ? p->take : in->n;
    buf_put(&p->got, str_slice(*in, 0, take));
    *in = str_from_index(*in, take);
    return OK;
}

static err probe_end(void *st, struct exchange *x)
{
    struct probe *p = st;
    err e = p->body_at_end ? retry_status_error(p->status) : OK;
    if (!err_ok(e)) {
        buf_put(&x->detail, S("it said "));
        buf_put(&x->detail, buf_str(&p->got));
        x->retry_at_ms = p->at_once ? RETRY_AT_ONCE : 0;
    }
    p->ends += err_ok(e);
    return e;
}

static void probe_fail(void *st, struct exchange *x, err e)
{
    struct probe *p = st;
    p->fails++;
    p->error = e;
    snprintf(p->detail, sizeof p->detail, "%.*s", (int)x->detail.n, (const char *)x->detail.p);
}

static err probe_send(void *st, struct buf *room, bool *last)
{
    struct probe *p = st;
    if (p->hold > 0) {
        p->hold--;
        return OK;
    }
    buf_put_fill(room, 'c', buf_room(room));
    *last = --p->chunks == 0;
    return OK;
}

static const struct machine_ops probe_ops = {
    .name = "probe",
    .next = probe_next,
    .head = probe_head,
    .body = probe_body,
    .end = probe_end,
    .fail = probe_fail,
    .send = probe_send,
};

static const struct retry_policy quick = {.attempts = 4, .base_ms = 10, .max_ms = 40};

// A loop, a peer, a destination.
struct bench {
    struct peer peer;
    struct plan plan;
    struct arena arena;
    struct loop *loop;
    struct dns_config dns;
    struct dest dest;
    char url[64];
};

static _Alignas(16) u8 bench_memory[MIB(12)];

static void bench_start_with(struct bench *b, struct loop_settings settings)
{
    *b = (struct bench){.peer = peer_start()};
    b->arena = arena_over(bench_memory, sizeof bench_memory);
    b->plan.arena = &b->arena;
    dns_config_parse(&b->dns, S(""), S(""));
    settings.dns = &b->dns;
    settings.user_agent = S("mailferry-test");
    settings.tasks = settings.tasks ? settings.tasks : 8;
    settings.connections = settings.connections ? settings.connections : 8;
    settings.connect_timeout_ms = settings.connect_timeout_ms ? settings.connect_timeout_ms : 5000;
    settings.idle_timeout_ms = settings.idle_timeout_ms ? settings.idle_timeout_ms : 5000;
    settings.keep_alive_ms = settings.keep_alive_ms ? settings.keep_alive_ms : 5000;
    b->loop = loop_init(&b->plan, &settings);
    snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d", b->peer.port);
    b->dest = (struct dest){.label = "the peer", .index = 1};
    CHECK_OK(url_parse(str_from(b->url), &b->dest.url));
}

[[maybe_unused]] static void bench_start(struct bench *b)
{
    bench_start_with(b, (struct loop_settings){0});
}

static void bench_stop(struct bench *b)
{
    loop_close(b->loop);
    peer_stop(&b->peer);
}

static struct probe probe_of(struct bench *b, int place, const char *target)
{
    return (struct probe){.dest = &b->dest,
                          .target = str_from(target),
                          .count = 1,
                          .retry = &quick,
                          .got = buf_over(probe_memory[place], PROBE_BODY_BYTES)};
}

// Runs until nothing is left to do, at most 20 s.
static void bench_run(struct bench *b)
{
    for (i64 end = os_mono_ms() + 20000; loop_active_count(b->loop) && os_mono_ms() < end;) {
        (void)loop_turn(b->loop, 1000, -1);
    }
    CHECK(loop_active_count(b->loop) == 0);
}

static void bench_probe(struct bench *b, struct probe *p)
{
    CHECK(loop_add(b->loop, &probe_ops, p) >= 0);
    bench_run(b);
}

static bool has(const char *text, const char *part)
{
    bool found = strstr(text, part) != NULL;
    if (!found) {
        fprintf(stderr, "[%s] lacks [%s]\n", text, part);
    }
    return found;
}

[[maybe_unused]] static void check_hello(struct bench *b, const char *target)
{
    struct probe p = probe_of(b, 0, target);
    bench_probe(b, &p);
    CHECK(p.ends == 1 && p.fails == 0 && p.heads == 1 && p.status == 200);
    CHECK_STR(buf_str(&p.got), S("hello"));
}

#endif
