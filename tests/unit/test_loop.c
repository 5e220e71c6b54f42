// SPDX-License-Identifier: Apache-2.0
// The loop against an HTTP server on loopback (net_peer.h): framing, retries, deadlines, refusals.
#include "loop_bench.h"

static void test_turn_length_keeps_alive(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/len");
    p.count = 20;
    bench_probe(&b, &p);
    CHECK(p.ends == 20 && b.peer.counts->accepted == 1 && b.peer.counts->requests == 20);
    CHECK(loop_stats(b.loop)->connects == 1 && loop_stats(b.loop)->requests == 20);
    CHECK(loop_stats(b.loop)->bytes_in == 20 * (i64)strlen(PEER_OK));
    CHECK(has(b.peer.counts->last_head, "GET /len HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK(has(b.peer.counts->last_head, "\r\nUser-Agent: mailferry-test\r\nX-Probe: yes\r\n\r\n"));
    bench_stop(&b);
}

static void test_turn_framings(void)
{
    struct bench b;
    bench_start(&b);
    check_hello(&b, "/chunked");
    check_hello(&b, "/interim");
    CHECK(b.peer.counts->accepted == 1);
    check_hello(&b, "/close");
    check_hello(&b, "/len");
    CHECK(b.peer.counts->accepted == 2);
    bench_stop(&b);
}

static void test_turn_base_path_and_head(void)
{
    struct bench b;
    bench_start(&b);
    b.dest.url.path = S("/base/");
    struct probe p = probe_of(&b, 0, "/x?y=%20");
    p.method = S("HEAD");
    p.flags = EXCHANGE_HEAD;
    p.count = 2;
    // The peer sends a body all the same; it must not be taken for the next answer.
    bench_probe(&b, &p);
    CHECK(p.ends == 2 && p.got.n == 0 && b.peer.counts->accepted == 2);
    CHECK(has(b.peer.counts->last_head, "HEAD /base/x?y=%20 HTTP/1.1\r\n"));
    bench_stop(&b);
}

static void check_pattern(struct probe *p, isize n)
{
    CHECK(p->ends == 1 && p->got.n == n && !p->got.full);
    isize wrong = 0;
    for (isize i = 0; i < p->got.n; i++) {
        wrong += p->got.p[i] != 'a' + i % 23;
    }
    CHECK(wrong == 0);
}

static void test_turn_backpressure(void)
{
    struct bench b;
    bench_start(&b);
    struct probe all = probe_of(&b, 0, "/big/300000"), chunked = probe_of(&b, 1, "/bigc/300000");
    struct probe single = probe_of(&b, 2, "/big/20000"), holding = probe_of(&b, 3, "/bigc/50000");
    single.take = 1;
    holding.take = 777;
    holding.hold = 50;
    struct probe *probes[] = {&all, &chunked, &single, &holding};
    for (isize i = 0; i < COUNT(probes); i++) {
        CHECK(loop_add(b.loop, &probe_ops, probes[i]) >= 0);
    }
    // A machine that takes nothing is asked again only when something else happened: make it
    // happen.
    for (int i = 0; i < 100000 && loop_active_count(b.loop); i++) {
        (void)loop_turn(b.loop, 5, -1);
    }
    check_pattern(&all, 300000);
    check_pattern(&chunked, 300000);
    check_pattern(&single, 20000);
    CHECK(single.calls >= 20000);
    check_pattern(&holding, 50000);
    bench_stop(&b);
}

static void test_turn_gzip(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/gzip");
    p.flags = EXCHANGE_GZIP;
    p.take = 1000;
    bench_probe(&b, &p);
    CHECK(p.ends == 1 && p.got.n == 60000 && str_starts(buf_str(&p.got), S("hello, hello, ")));
    CHECK(has(b.peer.counts->last_head, "\r\nAccept-Encoding: gzip\r\n"));
    CHECK(b.peer.counts->accepted == 1);
    // Not offered, or another coding: refused.
    struct probe q = probe_of(&b, 0, "/gzip"), r = probe_of(&b, 0, "/brotli");
    r.flags = EXCHANGE_GZIP;
    bench_probe(&b, &q);
    bench_probe(&b, &r);
    CHECK_ERR(q.error, HTTP_ENCODING);
    CHECK_ERR(r.error, HTTP_ENCODING);
    bench_stop(&b);
}

// Headers of a request hold tokens, bodies passwords, answers both: between exchanges nothing of
// them is in the loop's memory, though the connection is kept.
static void test_turn_leaves_nothing_behind(void)
{
    static const char *const targets[] = {"/len", "/chunked", "/gzip", "/len"};
    static const str traces[] = {S("X-Probe: yes"), S("secret=body"), S("hello")};
    struct bench b;
    bench_start(&b);
    for (isize i = 0; i < COUNT(targets); i++) {
        struct probe p = probe_of(&b, 0, targets[i]);
        p.method = S("POST");
        p.body = S("secret=body");
        p.flags = EXCHANGE_GZIP;
        bench_probe(&b, &p);
        CHECK(p.ends == 1 && str_starts(buf_str(&p.got), S("hello")));
        for (isize k = 0; k < COUNT(traces); k++) {
            CHECK(str_find(str_make(bench_memory, b.arena.n), traces[k]) < 0);
        }
    }
    CHECK(b.peer.counts->accepted == 1);
    bench_stop(&b);
}

// What has a length is refused by its head; the rest as soon as it is too much.
static void test_an_answer_has_a_bound(void)
{
    static const struct {
        const char *target;
        isize fits;
        int heads;
    } cases[] = {
        {"/len", 5, 0},
        {"/big/100000", 100000, 0},
        {"/chunked", 5, 1},
        {"/close", 5, 1},
    };
    struct bench b;
    bench_start(&b);
    for (isize i = 0; i < COUNT(cases); i++) {
        struct probe p = probe_of(&b, 0, cases[i].target), q = p;
        p.answer_bytes = cases[i].fits;
        q.answer_bytes = cases[i].fits - 1;
        bench_probe(&b, &p);
        CHECK(p.ends == 1 && p.got.n == cases[i].fits);
        bench_probe(&b, &q);
        CHECK_ERR(q.error, HTTP_BODY_SIZE);
        CHECK(q.fails == 1 && q.heads == cases[i].heads && q.got.n < cases[i].fits);
    }
    check_hello(&b, "/len");
    bench_stop(&b);
}

static void test_turn_many_at_once(void)
{
    struct bench b;
    bench_start(&b);
    struct probe probes[8];
    for (int i = 0; i < 8; i++) {
        probes[i] = probe_of(&b, i, i % 2 ? "/len" : "/chunked");
        probes[i].count = 10;
        CHECK(loop_add(b.loop, &probe_ops, &probes[i]) >= 0);
    }
    struct probe ninth = probe_of(&b, 0, "/len");
    CHECK(loop_add(b.loop, &probe_ops, &ninth) == -1);
    bench_run(&b);
    for (int i = 0; i < 8; i++) {
        CHECK(probes[i].ends == 10);
    }
    CHECK(b.peer.counts->accepted <= 8);
    bench_stop(&b);
}

static void test_turn_fewer_connections_than_machines(void)
{
    struct bench b;
    bench_start_with(&b, (struct loop_settings){.connections = 2});
    struct dest other = b.dest;
    other.index = 2;
    struct probe probes[6];
    for (int i = 0; i < 6; i++) {
        probes[i] = probe_of(&b, i, "/len");
        probes[i].dest = i % 2 ? &other : &b.dest;
        probes[i].count = 3;
        CHECK(loop_add(b.loop, &probe_ops, &probes[i]) >= 0);
    }
    bench_run(&b);
    for (int i = 0; i < 6; i++) {
        CHECK(probes[i].ends == 3);
    }
    bench_stop(&b);
}

static void test_retry_after_is_obeyed(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/busy");
    i64 start_ms = os_mono_ms();
    bench_probe(&b, &p);
    i64 took_ms = os_mono_ms() - start_ms;
    CHECK(p.ends == 1 && p.nexts == 3 && p.heads == 2);
    CHECK(took_ms >= 1000 && took_ms < 1900);
    CHECK(loop_stats(b.loop)->retries == 1 && loop_stats(b.loop)->retry_wait_ms >= 1000);
    CHECK(b.peer.counts->accepted == 1); // the refusal was read to its end
    bench_stop(&b);
}

static void test_retry_gives_up(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/busy-always");
    p.body_at_end = true;
    bench_probe(&b, &p);
    CHECK(p.fails == 1 && p.heads == 4 && p.nexts == 5);
    CHECK_ERR(p.error, HTTP_BUSY);
    CHECK(has(p.detail, "GET /busy-always at the peer (127.0.0.1:"));
    CHECK(has(p.detail, "): status 503: it said busy"));
    struct probe q = probe_of(&b, 0, "/forbidden?token=secret");
    q.body_at_end = true;
    q.target = S("/forbidden");
    bench_probe(&b, &q);
    CHECK(q.fails == 1 && q.heads == 1);
    CHECK_ERR(q.error, HTTP_FORBIDDEN);
    CHECK(b.peer.counts->accepted == 1);
    bench_stop(&b);
}

// Without a pause, and no more often than with one.
static void test_retry_at_once(void)
{
    static const struct retry_policy slow = {.attempts = 3, .base_ms = 60000, .max_ms = 60000};
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/busy-always");
    p.body_at_end = p.at_once = true;
    p.retry = &slow;
    bench_probe(&b, &p);
    CHECK(p.fails == 1 && p.heads == 3);
    CHECK(loop_stats(b.loop)->retries == 2 && loop_stats(b.loop)->retry_wait_ms == 0);
    bench_stop(&b);
}

// What failed before another request was made is not held against it: a lane may turn to another
// message while it waits, and that one has all its attempts.
static void test_retry_counts_for_one_request(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/busy-always");
    p.later = S("/busy-always-too");
    bench_probe(&b, &p);
    CHECK(p.fails == 1 && p.heads == 2 + 4 && p.nexts == 2 + 4 + 1);
    CHECK(loop_stats(b.loop)->requests == 2 && loop_stats(b.loop)->retries == 2 + 3);
    bench_stop(&b);
}

static void test_retry_resets_and_cuts(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/reset");
    bench_probe(&b, &p);
    CHECK(p.ends == 1 && p.nexts == 4);
    bench_stop(&b);
    bench_start(&b);
    struct probe q = probe_of(&b, 0, "/cut");
    bench_probe(&b, &q);
    CHECK(q.ends == 1 && q.heads == 2);
    CHECK_STR(buf_str(&q.got), S("hello"));
    bench_stop(&b);
    bench_start(&b);
    struct probe r = probe_of(&b, 0, "/cut");
    r.flags = EXCHANGE_NO_RESEND;
    bench_probe(&b, &r);
    CHECK(r.fails == 1 && r.heads == 1);
    CHECK_ERR(r.error, HTTP_CUT);
    struct probe s = probe_of(&b, 0, "/garbage");
    bench_probe(&b, &s);
    CHECK_ERR(s.error, HTTP_STATUS_LINE);
    bench_stop(&b);
}

static void test_stale_connection_is_replaced(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/stale");
    bench_probe(&b, &p);
    CHECK(p.ends == 1);
    struct probe q = probe_of(&b, 0, "/len");
    bench_probe(&b, &q);
    CHECK(q.ends == 1 && q.nexts == 2 && loop_stats(b.loop)->retries == 0);
    CHECK(b.peer.counts->accepted == 2);
    // With NO_RESEND nothing is sent twice.
    struct probe r = probe_of(&b, 0, "/stale"), s = probe_of(&b, 0, "/len");
    bench_probe(&b, &r);
    s.flags = EXCHANGE_NO_RESEND;
    bench_probe(&b, &s);
    CHECK(s.fails == 1 && s.ends == 0);
    CHECK(err_is(s.error, ERR_NET_RESET) || err_is(s.error, ERR_NET_CLOSED));
    bench_stop(&b);
}

static void test_extra_bytes_close(void)
{
    struct bench b;
    bench_start(&b);
    check_hello(&b, "/extra");
    check_hello(&b, "/len");
    CHECK(b.peer.counts->accepted == 2);
    bench_stop(&b);
}

static void check_deadline(const char *target, struct loop_settings settings, struct probe want)
{
    static const struct retry_policy once = {.attempts = 1, .base_ms = 1, .max_ms = 1};
    struct bench b;
    bench_start_with(&b, settings);
    struct probe p = probe_of(&b, 0, target);
    p.retry = &once;
    p.timeout_ms = want.timeout_ms;
    p.first_byte_ms = want.first_byte_ms;
    i64 start_ms = os_mono_ms();
    bench_probe(&b, &p);
    i64 took_ms = os_mono_ms() - start_ms;
    CHECK(p.fails == 1 && took_ms >= 200 && took_ms < 1500);
    if (p.error.code != want.error.code) {
        fprintf(stderr, "%s: got %s, want %s\n", target, err_name(p.error), err_name(want.error));
        test_failures++;
    }
    bench_stop(&b);
}

static void test_deadlines(void)
{
    struct loop_settings slow = {0}, idle = {.idle_timeout_ms = 250};
    check_deadline("/slow-first", slow,
                   (struct probe){.first_byte_ms = 250, .error = FAIL(NET_TIMEOUT_FIRST_BYTE)});
    check_deadline("/slow-idle", idle, (struct probe){.error = FAIL(NET_TIMEOUT_IDLE)});
    check_deadline("/drip", idle,
                   (struct probe){.timeout_ms = 300, .error = FAIL(NET_TIMEOUT_EXCHANGE)});
}

static void test_deadline_stands_still_while_blocked(void)
{
    struct bench b;
    bench_start_with(&b, (struct loop_settings){.idle_timeout_ms = 200});
    struct probe p = probe_of(&b, 0, "/big/100000");
    p.timeout_ms = 400;
    p.hold = 60;
    CHECK(loop_add(b.loop, &probe_ops, &p) >= 0);
    i64 start_ms = os_mono_ms();
    for (int i = 0; i < 1000 && loop_active_count(b.loop); i++) {
        (void)loop_turn(b.loop, 10, -1);
    }
    CHECK(os_mono_ms() - start_ms > 500);
    CHECK(p.heads == 1); // the first attempt did it
    check_pattern(&p, 100000);
    bench_stop(&b);
}

static void test_connect_errors(void)
{
    static const struct retry_policy once = {.attempts = 1, .base_ms = 1, .max_ms = 1};
    struct bench b;
    bench_start_with(&b, (struct loop_settings){.connect_timeout_ms = 300});
    // A listener that never accepts, its queue full: a connection is not answered.
    int trap = socket(AF_INET, SOCK_STREAM, 0), fill[4];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    CHECK(!bind(trap, (struct sockaddr *)&at, n) && !getsockname(trap, (struct sockaddr *)&at, &n));
    snprintf(b.url, sizeof b.url, "http://127.0.0.1:%d", ntohs(at.sin_port));
    CHECK_OK(url_parse(str_from(b.url), &b.dest.url));
    struct probe refused = probe_of(&b, 0, "/x"), late = probe_of(&b, 0, "/x");
    refused.retry = late.retry = &once;
    bench_probe(&b, &refused);
    CHECK_ERR(refused.error, NET_REFUSED);
    CHECK(has(refused.detail, "GET /x at the peer (127.0.0.1:"));
    CHECK(!listen(trap, 0));
    for (isize i = 0; i < COUNT(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&at, n);
    }
    bench_probe(&b, &late);
    CHECK_ERR(late.error, NET_TIMEOUT_CONNECT);
    for (isize i = 0; i < COUNT(fill); i++) {
        close(fill[i]);
    }
    close(trap);
    bench_stop(&b);
}

static u8 large_body[MIB(16)]; // more than the sockets of both sides hold

static void test_send_large_body(void)
{
    struct bench b;
    bench_start(&b);
    unsigned sum = 0;
    for (isize i = 0; i < MIB(4); i++) {
        large_body[i] = (u8)(i * 7 % 251);
        sum = sum * 31 + large_body[i];
    }
    char want[64];
    snprintf(want, sizeof want, "%d %u", (int)MIB(4), sum);
    struct probe p = probe_of(&b, 0, "/echo");
    p.method = S("POST");
    p.body = str_make(large_body, MIB(4));
    p.count = 2;
    bench_probe(&b, &p);
    CHECK(p.ends == 2 && b.peer.counts->accepted == 1);
    CHECK_STR(buf_str(&p.got), str_from(want));
    bench_stop(&b);
}

static void test_send_chunked(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/echo");
    p.method = S("POST");
    p.flags = EXCHANGE_CHUNKED;
    p.chunks = 40;
    p.hold = 3; // it has nothing to send at first
    CHECK(loop_add(b.loop, &probe_ops, &p) >= 0);
    for (int i = 0; i < 1000 && loop_active_count(b.loop); i++) {
        (void)loop_turn(b.loop, 5, -1);
    }
    CHECK(p.ends == 1 && has(b.peer.counts->last_head, "\r\nTransfer-Encoding: chunked\r\n"));
    bool found;
    str total;
    (void)str_cut(buf_str(&p.got), ' ', &total, &found);
    i64 bytes = 0;
    // 40 chunks of what CONN_OUT_BYTES leaves beside 8 and 7 bytes of framing, each with CRLFs.
    CHECK(str_to_i64(total, &bytes) && bytes == 40 * (CONN_OUT_BYTES - 15 + 10) + 5);
    bench_stop(&b);
}

static void test_early_answer(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/early");
    p.method = S("POST");
    p.body = str_make(large_body, COUNT(large_body));
    p.body_at_end = true;
    bench_probe(&b, &p);
    CHECK(p.fails == 1 && p.heads == 1);
    CHECK_ERR(p.error, HTTP_TOO_LARGE);
    CHECK(has(p.detail, "status 413: it said too large"));
    check_hello(&b, "/len");
    CHECK(b.peer.counts->accepted == 2);
    // One that stays open: what follows would be taken for the rest of the body.
    p = probe_of(&b, 0, "/early-open");
    p.method = S("POST");
    p.body = str_make(large_body, COUNT(large_body));
    bench_probe(&b, &p);
    CHECK_ERR(p.error, HTTP_TOO_LARGE);
    check_hello(&b, "/len");
    CHECK(b.peer.counts->accepted == 3);
    bench_stop(&b);
}

// A success before the request was out belongs to another one: it is sent again.
static void test_early_success_is_not_believed(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/early-yes");
    p.method = S("POST");
    p.body = str_make(large_body, COUNT(large_body));
    bench_probe(&b, &p);
    CHECK(p.ends == 1 && p.fails == 0 && p.heads == 1);
    CHECK(loop_stats(b.loop)->retries_by[ERR_HTTP_EARLY] == 1 && b.peer.counts->accepted == 2);
    bench_stop(&b);
}

// X-Opaque-Id of the request before came back: that answer is another one's. Without any, or with
// one that a proxy put there, nothing is known.
static void test_answer_of_another_request(void)
{
    struct bench b;
    bench_start(&b);
    for (int i = 0; i < 4; i++) {
        struct probe p = probe_of(&b, 0, "/opaque");
        p.flags = EXCHANGE_ECHO;
        bench_probe(&b, &p);
        CHECK(p.ends == 1 && p.fails == 0 && p.heads == 1);
    }
    CHECK(loop_stats(b.loop)->retries_by[ERR_HTTP_OTHER_ANSWER] == 1);
    CHECK(b.peer.counts->requests == 5 && b.peer.counts->accepted == 2);
    bench_stop(&b);
}

static void test_redirects(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/redirect");
    bench_probe(&b, &p);
    CHECK(p.fails == 1 && p.heads == 0);
    CHECK_ERR(p.error, HTTP_REDIRECT);
    CHECK(has(p.detail, "status 302: to https://elsewhere.example"));
    CHECK(strstr(p.detail, "secret") == NULL);
    int requests = b.peer.counts->requests;
    struct probe u = probe_of(&b, 0, "/redirect-user"); // to the same server, with a password
    bench_probe(&b, &u);
    CHECK(u.fails == 1 && u.heads == 0);
    CHECK_ERR(u.error, HTTP_REDIRECT);
    CHECK(has(u.detail, "status 302: to http://127.0.0.1"));
    CHECK(strstr(u.detail, "u:p") == NULL);
    CHECK(b.peer.counts->requests == requests + 1); // not followed
    bench_stop(&b);
}

static void test_proxy(void)
{
    struct bench b;
    bench_start(&b);
    u8 secret[200];
    struct buf storage = buf_over(secret, COUNT(secret));
    struct proxy proxy;
    char url[100];
    snprintf(url, sizeof url, "http://user:pa%%3Ass@127.0.0.1:%d", b.peer.port);
    CHECK_OK(proxy_parse(str_from(url), &proxy, &storage));
    struct dest far = {.label = "far", .index = 3, .proxy = &proxy};
    CHECK_OK(url_parse(S("http://far.example:8080/api"), &far.url));
    struct probe p = probe_of(&b, 0, "/len");
    p.dest = &far;
    p.count = 3;
    bench_probe(&b, &p);
    CHECK(p.ends == 3 && b.peer.counts->accepted == 1);
    CHECK(has(b.peer.counts->last_head, "GET /api/len HTTP/1.1\r\nHost: far.example:8080\r\n"));
    CHECK(strstr(b.peer.counts->last_head, "Proxy-Authorization") == NULL);
    proxy.authorization = S("");
    far.index = 4;
    struct probe q = probe_of(&b, 0, "/len");
    q.dest = &far;
    bench_probe(&b, &q);
    CHECK_ERR(q.error, PROXY_AUTH);
    bench_stop(&b);
}

// A machine that, in its first answer, drops itself or another.
struct dropper {
    struct bench *bench;
    int victim;
    int calls;
};

static enum step dropper_next(void *st, i64 now_ms, struct exchange *x)
{
    struct dropper *d = st;
    (void)now_ms;
    x->dest = &d->bench->dest;
    x->method = S("GET");
    buf_put(&x->target, S("/big/50000"));
    return STEP_REQUEST;
}

static err dropper_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)st;
    (void)x;
    (void)head;
    return OK;
}

static err dropper_body(void *st, struct exchange *x, str *in)
{
    struct dropper *d = st;
    (void)x;
    (void)in;
    d->calls++;
    loop_cancel(d->bench->loop, d->victim);
    return OK;
}

static err dropper_end(void *st, struct exchange *x)
{
    (void)st;
    (void)x;
    return OK;
}

static void dropper_fail(void *st, struct exchange *x, err e)
{
    (void)st;
    (void)x;
    CHECK_OK(e);
}

static void test_cancel(void)
{
    static const struct machine_ops ops = {.next = dropper_next,
                                           .head = dropper_head,
                                           .body = dropper_body,
                                           .end = dropper_end,
                                           .fail = dropper_fail};
    struct bench b;
    bench_start(&b);
    struct dropper self = {.bench = &b};
    struct probe other = probe_of(&b, 0, "/slow-first");
    self.victim = loop_add(b.loop, &ops, &self);
    int slow = loop_add(b.loop, &probe_ops, &other);
    for (int i = 0; i < 100 && loop_is_active(b.loop, self.victim); i++) {
        (void)loop_turn(b.loop, 100, -1);
    }
    CHECK(self.calls == 1 && loop_is_active(b.loop, slow) && loop_active_count(b.loop) == 1);
    loop_cancel(b.loop, slow);
    CHECK(!loop_is_active(b.loop, slow) && loop_active_count(b.loop) == 0);
    CHECK(other.ends == 0 && other.fails == 0);
    int reused = loop_add(b.loop, &probe_ops, &other);
    CHECK(reused != slow && !loop_is_active(b.loop, slow));
    loop_cancel(b.loop, slow); // an old handle does nothing
    CHECK(loop_is_active(b.loop, reused));
    loop_cancel(b.loop, reused);
    check_hello(&b, "/len");
    bench_stop(&b);
}

static void test_request_is_refused(void)
{
    struct bench b;
    bench_start(&b);
    struct probe p = probe_of(&b, 0, "/a b");
    bench_probe(&b, &p);
    CHECK_ERR(p.error, HTTP_REQUEST_BAD);
    struct probe q = probe_of(&b, 0, "/a\r\nX: y");
    bench_probe(&b, &q);
    CHECK_ERR(q.error, HTTP_REQUEST_BAD);
    u8 bytes[64];
    struct exchange x = {.headers = buf_over(bytes, 64)};
    exchange_header(&x, S("X"), S("a\r\nY: b"));
    CHECK(x.headers.full && x.headers.n == 0);
    static u8 base[CONN_OUT_BYTES]; // of a destination: an operator's, not ours to trap on
    memset(base, '/', sizeof base);
    struct probe r = probe_of(&b, 0, "/len");
    r.dest->url.path = str_make(base, COUNT(base));
    bench_probe(&b, &r);
    CHECK_ERR(r.error, HTTP_REQUEST_BAD);
    CHECK(b.peer.counts->requests == 0);
    bench_stop(&b);
}

static void test_turn_watches_extra_descriptor(void)
{
    struct bench b;
    bench_start(&b);
    int fds[2];
    CHECK(pipe(fds) == 0);
    CHECK(!loop_turn(b.loop, 0, fds[0]));
    CHECK(write(fds[1], "x", 1) == 1);
    CHECK(loop_turn(b.loop, 1000, fds[0]));
    close(fds[0]);
    close(fds[1]);
    bench_stop(&b);
}

static const struct test_case cases[] = {
    CASE(test_turn_length_keeps_alive),
    CASE(test_turn_framings),
    CASE(test_turn_base_path_and_head),
    CASE(test_turn_backpressure),
    CASE(test_turn_gzip),
    CASE(test_turn_leaves_nothing_behind),
    CASE(test_an_answer_has_a_bound),
    CASE(test_turn_many_at_once),
    CASE(test_turn_fewer_connections_than_machines),
    CASE(test_retry_after_is_obeyed),
    CASE(test_retry_gives_up),
    CASE(test_retry_at_once),
    CASE(test_retry_counts_for_one_request),
    CASE(test_retry_resets_and_cuts),
    CASE(test_stale_connection_is_replaced),
    CASE(test_extra_bytes_close),
    CASE(test_deadlines),
    CASE(test_deadline_stands_still_while_blocked),
    CASE(test_connect_errors),
    CASE(test_send_large_body),
    CASE(test_send_chunked),
    CASE(test_early_answer),
    CASE(test_early_success_is_not_believed),
    CASE(test_answer_of_another_request),
    CASE(test_redirects),
    CASE(test_proxy),
    CASE(test_cancel),
    CASE(test_request_is_refused),
    CASE(test_turn_watches_extra_descriptor),
};

TEST_MAIN(cases)
