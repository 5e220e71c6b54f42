// SPDX-License-Identifier: Apache-2.0
// Logins in the loop against a server on loopback (auth_peer.h): the messages of NTLM, Negotiate
// and Basic around the requests of a machine that knows nothing of them; what is refused, and how
// often it is tried.
#include "loop_bench.h"

#include "auth_peer.h"
#include "codec/base64.h"
#include "net/auth.h"
#include "net/ntlm.h"
#include "net/tls.h"
#include "tls_peer.h"

struct rig {
    struct bench b;
    struct auth_peer peer;
    struct auth_mode *m;
    struct http_auth auth;
};

static void rig_start_with(struct rig *r, const char *offer, struct loop_settings settings)
{
    bench_start_with(&r->b, settings);
    r->peer = auth_peer_start(offer);
    r->m = r->peer.mode;
    r->auth = (struct http_auth){0};
    auth_set(&r->auth, S("EXAMPLE\\svc"), (struct secret){S("Passw0rd")});
    snprintf(r->b.url, sizeof r->b.url, "http://127.0.0.1:%d", r->peer.port);
    CHECK_OK(url_parse(str_from(r->b.url), &r->b.dest.url));
    r->b.dest.auth = &r->auth;
}

static void rig_start(struct rig *r, const char *offer)
{
    rig_start_with(r, offer, (struct loop_settings){0});
}

static void rig_stop(struct rig *r)
{
    bench_stop(&r->b);
    auth_peer_stop(&r->peer);
    CHECK(!r->auth.probing);
}

static struct probe rig_probe(struct rig *r, int place, int count)
{
    struct probe p = probe_of(&r->b, place, "/EWS/Exchange.asmx");
    p.method = S("POST");
    p.body = S("<soap/>");
    p.count = count;
    return p;
}

#define IIS "Negotiate|NTLM|Basic realm=\"mail, NTLM\""

static bool lacks(const char *text, const char *part)
{
    return strstr(text, part) == NULL;
}

static void test_ntlm(void)
{
    struct rig r;
    rig_start(&r, IIS);
    struct probe p = rig_probe(&r, 0, 5);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 5 && p.heads == 5 && p.nexts == 6 && p.fails == 0 && p.status == 200);
    CHECK(r.m->accepted == 1 && r.m->firsts == 1 && r.m->lasts == 1 && r.m->plain == 4);
    CHECK(has(r.m->first_head, "POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK(has(r.m->first_head, "\r\nContent-Length: 0\r\nAuthorization: NTLM " NEGOTIATE_B "\r\n"));
    CHECK(has(r.m->first_head, "\r\nX-Probe: yes\r\n") && lacks(r.m->first_head, "Cookie"));
    CHECK(has(r.m->last_head, "\r\nContent-Length: 7\r\nX-Probe: yes\r\n"
                              "Authorization: NTLM TlRMTVNTUAADAAAA"));
    CHECK(has(r.m->last_head, "\r\nCookie: exchangecookie=9f\r\n"));
    CHECK(has(r.m->head, "\r\nX-Probe: yes\r\n") && lacks(r.m->head, "Authorization"));
    CHECK(lacks(r.m->head, "Cookie") && strcmp(r.m->body, "<soap/>") == 0);
    CHECK(r.auth.scheme == AUTH_NTLM && r.auth.proven && loop_stats(r.b.loop)->retries == 0);
    rig_stop(&r);
}

static void test_ntlm_in_pieces(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->slow = 1;
    struct probe p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->accepted == 1 && r.m->lasts == 1);
    rig_stop(&r);
}

static void test_ntlm_many_methods(void)
{
    struct rig r;
    rig_start(&r, IIS);
    struct probe get = rig_probe(&r, 0, 1), chunked = rig_probe(&r, 1, 1),
                 gzip = rig_probe(&r, 2, 1);
    get.method = S("GET");
    get.body = S("");
    bench_probe(&r.b, &get);
    CHECK(get.ends == 1 && lacks(r.m->first_head, "Content-Length"));
    auth_set(&r.auth, S("svc"), (struct secret){S("x")}); // on a connection of its own
    chunked.flags = EXCHANGE_CHUNKED;
    chunked.chunks = 1;
    bench_probe(&r.b, &chunked);
    CHECK(has(r.m->first_head, "\r\nContent-Length: 0\r\n"));
    CHECK(lacks(r.m->first_head, "Transfer-Encoding"));
    CHECK(has(r.m->last_head, "\r\nTransfer-Encoding: chunked\r\n"));
    gzip.flags = EXCHANGE_GZIP;
    auth_set(&r.auth, S("svc"), (struct secret){S("x")});
    bench_probe(&r.b, &gzip);
    CHECK(gzip.ends == 1 && lacks(r.m->first_head, "gzip") && has(r.m->last_head, "gzip"));
    rig_stop(&r);
}

static void test_long_refusals_are_drained(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->body_bytes = 30000;
    struct probe p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->accepted == 1);
    auth_set(&r.auth, S("svc"), (struct secret){S("x")});
    r.m->body_bytes = CONN_DRAIN_BYTES + 5000;
    struct probe q = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &q);
    CHECK_ERR(q.error, AUTH_BROKEN);
    CHECK(has(q.detail, "an answer to a login is too long") && r.m->lasts == 1);
    rig_stop(&r);
}

static void test_wrong_password(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->refuse = 1000;
    struct probe probes[8];
    for (int i = 0; i < 8; i++) {
        probes[i] = rig_probe(&r, i, 1);
        CHECK(loop_add(r.b.loop, &probe_ops, &probes[i]) >= 0);
    }
    bench_run(&r.b);
    for (int i = 0; i < 8; i++) {
        CHECK_ERR(probes[i].error, AUTH_REFUSED);
        CHECK(probes[i].heads == 0 && probes[i].fails == 1);
        CHECK(has(probes[i].detail, "as EXAMPLE\\svc by NTLM"));
    }
    CHECK(err_class(probes[0].error) == ERR_CLASS_AUTH);
    CHECK(r.m->lasts == AUTH_REFUSALS_MAX && r.m->accepted == AUTH_REFUSALS_MAX);
    CHECK(has(probes[0].detail, "POST /EWS/Exchange.asmx at the peer (127.0.0.1:"));
    // Nothing is even connected to any more.
    struct probe late = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &late);
    CHECK_ERR(late.error, AUTH_REFUSED);
    CHECK(r.m->accepted == AUTH_REFUSALS_MAX);
    // Another password is another chance.
    r.m->refuse = 0;
    auth_set(&r.auth, S("EXAMPLE\\svc"), (struct secret){S("right")});
    struct probe again = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &again);
    CHECK(again.ends == 1 && again.fails == 0);
    rig_stop(&r);
}

static void test_refused_once(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->refuse = 1;
    struct probe p = rig_probe(&r, 0, 3);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 3 && p.fails == 0 && r.m->lasts == 2 && r.m->accepted == 2);
    CHECK(r.auth.refusals == 0 && loop_stats(r.b.loop)->retries == 0);
    rig_stop(&r);
}

static void test_locked_account(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->refuse = 1000;
    r.m->locked = 1;
    struct probe p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_REFUSED);
    CHECK(r.m->lasts == 1 && has(p.detail, "the server says that the account is locked"));
    rig_stop(&r);
}

// One connection finds out; the others wait for it, and then log in at the same time.
static void test_one_finds_out(void)
{
    struct rig r;
    rig_start(&r, IIS);
    struct probe probes[8];
    for (int i = 0; i < 8; i++) {
        probes[i] = rig_probe(&r, i, 3);
        CHECK(loop_add(r.b.loop, &probe_ops, &probes[i]) >= 0);
    }
    bench_run(&r.b);
    for (int i = 0; i < 8; i++) {
        CHECK(probes[i].ends == 3 && probes[i].fails == 0);
    }
    CHECK(r.m->accepted_before_last == 1 && r.m->accepted > 1);
    CHECK(r.m->lasts == r.m->accepted && r.m->firsts == r.m->accepted);
    rig_stop(&r);
}

// What was accepted before is given time.
static void test_refused_after_success(void)
{
    struct rig r;
    rig_start(&r, IIS);
    struct probe p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 1);
    r.m->refuse = 1;
    r.m->forget_after = 1;
    struct probe q = rig_probe(&r, 0, 1);
    int task = loop_add(r.b.loop, &probe_ops, &q);
    for (int i = 0; i < 200 && loop_stats(r.b.loop)->retries == 0; i++) {
        (void)loop_turn(r.b.loop, 100, -1);
    }
    const struct loop_stats *s = loop_stats(r.b.loop);
    CHECK(s->retries == 1 && s->retries_by[ERR_AUTH_AGAIN] == 1);
    CHECK(s->retry_wait_ms >= AUTH_PAUSE_MS && s->retry_wait_ms < 2 * AUTH_PAUSE_MS);
    CHECK(r.m->lasts == 2 && !r.auth.failed && !r.auth.proven && q.fails == 0);
    // The others wait as long, and are not asked in every turn.
    struct probe other = rig_probe(&r, 1, 1);
    int second = loop_add(r.b.loop, &probe_ops, &other);
    for (int i = 0; i < 5; i++) {
        (void)loop_turn(r.b.loop, 20, -1);
    }
    CHECK(r.m->lasts == 2 && r.m->accepted == 2 && other.nexts == 1 && other.fails == 0);
    loop_cancel(r.b.loop, second);
    loop_cancel(r.b.loop, task);
    rig_stop(&r);
}

static void test_forgotten_connection(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->forget_after = 2;
    struct probe p = rig_probe(&r, 0, 7);
    bench_probe(&r.b, &p);
    // Two requests a connection: that of the login, and one more; the third gets a 401.
    CHECK(p.ends == 7 && p.heads == 7 && p.fails == 0);
    CHECK(r.m->accepted == 4 && r.m->lasts == 4 && r.auth.refusals == 0);
    CHECK(loop_stats(r.b.loop)->retries == 0);
    rig_stop(&r);
}

static void test_other_schemes(void)
{
    struct rig r;
    rig_start(&r, "Negotiate");
    struct probe p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->firsts == 2 && r.m->lasts == 1 && r.m->accepted == 1);
    CHECK(has(r.m->last_head, "\r\nAuthorization: Negotiate TlRMTVNTUAADAAAA"));
    CHECK(r.auth.scheme == AUTH_NEGOTIATE);
    rig_stop(&r);
    rig_start(&r, "Negotiate");
    r.m->spnego = 1;
    p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->firsts == 3 && r.m->lasts == 1 && r.m->accepted == 1);
    CHECK(has(r.m->first_head, "\r\nAuthorization: Negotiate " INIT_B "\r\n"));
    CHECK(has(r.m->last_head, "\r\nAuthorization: Negotiate oY"));
    CHECK(r.auth.scheme == AUTH_SPNEGO);
    // The next connection begins with what has worked.
    r.m->forget_after = 1;
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 1 && r.m->firsts == 4 && r.m->accepted == 2);
    rig_stop(&r);
    rig_start(&r, "Bearer|Digest realm=\"x\"");
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_SCHEME);
    CHECK(has(p.detail, ": it offers Bearer, Digest"));
    CHECK(r.m->firsts == 1 && r.m->lasts == 0);
    rig_stop(&r);
}

static void test_basic(void)
{
    struct rig r;
    rig_start(&r, "Basic realm=\"x\"");
    struct probe p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_PLAIN); // without TLS
    CHECK(r.m->basics == 0 && r.m->firsts == 1);
    r.auth.allow_basic = true;
    p = rig_probe(&r, 0, 3);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 3 && r.m->basics == 3 && r.m->firsts == 2 && r.m->lasts == 0);
    CHECK(has(r.m->head, "\r\nAuthorization: Basic RVhBTVBMRVxzdmM6UGFzc3cwcmQ=\r\nX-Probe"));
    CHECK(strcmp(r.m->body, "<soap/>") == 0 && r.m->accepted == 2);
    rig_stop(&r);
    // Only Basic: from the first request on, even where NTLM is offered.
    rig_start(&r, IIS);
    r.auth.only_basic = true;
    auth_set(&r.auth, S("j\u00f6rg"), (struct secret){S("\u00e9")});
    r.m->refuse = 1;
    p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_PLAIN); // nor then
    CHECK(r.m->basics == 0);
    r.auth.allow_basic = true;
    p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->basics == 3 && r.m->firsts == 0);
    CHECK(has(r.m->head, "\r\nAuthorization: Basic avZyZzrp\r\n")); // in Latin-1
    CHECK(loop_stats(r.b.loop)->retries == 0);
    r.m->refuse = 1000;
    auth_set(&r.auth, S("svc"), (struct secret){S("x")});
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_REFUSED);
    CHECK(r.m->basics == 5 && has(p.detail, "as svc by Basic"));
    rig_stop(&r);
}

static void test_basic_many_at_once(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.auth.only_basic = r.auth.allow_basic = true;
    auth_set(&r.auth, S("svc"), (struct secret){S("x")});
    r.m->refuse = 1000;
    struct probe probes[8];
    for (int i = 0; i < 8; i++) {
        probes[i] = rig_probe(&r, i, 1);
        CHECK(loop_add(r.b.loop, &probe_ops, &probes[i]) >= 0);
    }
    bench_run(&r.b);
    CHECK(r.m->basics == AUTH_REFUSALS_MAX);
    for (int i = 0; i < 8; i++) {
        CHECK_ERR(probes[i].error, AUTH_REFUSED);
    }
    rig_stop(&r);
}

static void test_nobody_asks(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->anonymous = 1;
    struct probe p = rig_probe(&r, 0, 3);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 3 && p.heads == 3 && r.m->firsts == 1 && r.m->lasts == 0);
    CHECK(r.auth.scheme == AUTH_NONE && r.m->accepted == 1);
    // It changes its mind.
    r.m->anonymous = 0;
    p = rig_probe(&r, 0, 3);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 3 && p.heads == 3 && p.fails == 0 && r.m->lasts == 1);
    CHECK(r.auth.scheme == AUTH_NTLM && loop_stats(r.b.loop)->retries == 0);
    rig_stop(&r);
}

static void test_close_in_the_middle(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->close_in = 1;
    struct probe p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_CLOSED);
    CHECK(r.m->accepted == 2 && r.m->lasts == 0);
    rig_stop(&r);
    // A connection that breaks is weather.
    rig_start(&r, IIS);
    r.m->reset_in = 2;
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 1 && r.m->accepted == 3 && r.m->lasts == 1);
    CHECK(loop_stats(r.b.loop)->retries == 2);
    rig_stop(&r);
    // A token that never comes, too.
    rig_start(&r, IIS);
    r.m->no_token = 1;
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, AUTH_BROKEN);
    CHECK(r.m->lasts == 0 && r.m->basics == 0 && loop_stats(r.b.loop)->retries == 3);
    rig_stop(&r);
}

// What is no answer to a login is one to the request.
static void test_other_answers(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->early_status = 403;
    struct probe p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, HTTP_FORBIDDEN);
    CHECK(p.heads == 1 && p.status == 403 && !r.auth.proven && !r.auth.probing);
    r.m->early_status = 503;
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 1 && p.heads == 2 && loop_stats(r.b.loop)->retries_by[ERR_HTTP_BUSY] == 1);
    rig_stop(&r);
    // A balancer that is busy has not looked at the login: the connection is not one that is in.
    rig_start(&r, IIS);
    r.m->late_status = 503;
    p = rig_probe(&r, 0, 1);
    p.retry = &(struct retry_policy){.attempts = 1};
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, HTTP_BUSY);
    CHECK(!r.auth.proven && r.m->accepted == 1);
    p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->lasts == 2 && r.m->accepted == 2 && r.auth.refusals == 0);
    rig_stop(&r);
    // A fault of the application is an answer to somebody who is in.
    rig_start(&r, IIS);
    r.m->late_status = 500;
    p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    CHECK(r.auth.proven && r.m->lasts >= 1);
    rig_stop(&r);
}

// A connection belongs to the user that has opened it.
static void test_connections_of_another_user(void)
{
    struct rig r;
    rig_start(&r, IIS);
    struct probe p = rig_probe(&r, 0, 1);
    bench_probe(&r.b, &p);
    auth_set(&r.auth, S("other"), (struct secret){S("x")});
    p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2 && r.m->accepted == 2 && r.m->lasts == 2);
    // Nor is it lent to requests without a user.
    struct dest nobody = r.b.dest;
    nobody.auth = NULL;
    p = rig_probe(&r, 0, 1);
    p.dest = &nobody;
    p.retry = &(struct retry_policy){.attempts = 1};
    bench_probe(&r.b, &p);
    CHECK_ERR(p.error, HTTP_UNAUTHORIZED); // its own machine's affair
    CHECK(r.m->accepted == 3 && p.heads == 1);
    rig_stop(&r);
}

// New credentials while a login is on its way: it is not finished with the wrong ones.
static void test_other_user_meanwhile(void)
{
    struct rig r;
    rig_start(&r, IIS);
    r.m->slow = 1;
    struct probe p = rig_probe(&r, 0, 1);
    CHECK(loop_add(r.b.loop, &probe_ops, &p) >= 0);
    for (int i = 0; i < 1000 && r.m->firsts == 0; i++) {
        (void)loop_turn(r.b.loop, 5, -1);
    }
    CHECK(r.auth.probing && r.m->lasts == 0);
    auth_set(&r.auth, S("other"), (struct secret){S("x")});
    bench_run(&r.b);
    CHECK(p.ends == 1 && r.m->accepted == 2 && r.m->lasts == 1 && r.auth.proven);
    CHECK(loop_stats(r.b.loop)->retries_by[ERR_AUTH_AGAIN] == 1);
    rig_stop(&r);
}

// Nothing of a login stays behind.
static void test_logins_are_wiped(void)
{
    struct rig r;
    rig_start(&r, IIS);
    struct probe p = rig_probe(&r, 0, 2);
    bench_probe(&r.b, &p);
    CHECK(p.ends == 2);
    str all = str_make(bench_memory, (isize)sizeof bench_memory);
    CHECK(str_find(all, S("TlRMTVNTUAAD")) < 0);
    rig_stop(&r);
}

// ---- over TLS: what the last message says about the certificate

struct heard {
    int requests;
    u8 binding[2][NTLM_BINDING_BYTES];
    int bindings;
};

static void hear_login(struct heard *h, const char *token)
{
    u8 bytes[2048];
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct base64_decoder d = {0};
    base64_decode(&d, &b, str_make(token, (isize)strcspn(token, "\r")));
    isize at = str_find(buf_str(&b), S("\x0a\0\x10\0"));
    if (at >= 0 && h->bindings < 2) {
        memcpy(h->binding[h->bindings++], bytes + at + 4, NTLM_BINDING_BYTES);
    }
}

// Answers over the standard input and output of the server, which does TLS. It prints words of its
// own between the requests.
static pid_t answer_over(const struct server *s, struct heard *h)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    static char data[65536];
    for (size_t have = 0;;) {
        ssize_t got = read(s->out, data + have, sizeof data - 1 - have);
        if (got <= 0) {
            _exit(0);
        }
        have += (size_t)got;
        data[have] = 0;
        char *head = strstr(data, "GET /"), *end = head ? strstr(head, "\r\n\r\n") : NULL;
        if (!end) {
            continue;
        }
        char *first = strstr(head, "NTLM TlRMTVNTUAAB"), *last = strstr(head, "NTLM TlRMTVNTUAAD");
        if (last) {
            hear_login(h, last + 5);
        }
        h->requests++;
        static const char refuse[] = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n"
                                     "WWW-Authenticate: NTLM " CHALLENGE_B "\r\n\r\n";
        const char *answer = first ? refuse : PEER_OK;
        if (write(s->in, answer, strlen(answer)) < 0) {
            _exit(0);
        }
        have = 0;
    }
}

static const struct tls_trust anybody = {.verify = false};

static void test_binding(void)
{
    struct heard *h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(make_root("ca") && make_leaf("leaf", "ca", "rsa:2048", "subjectAltName=DNS:localhost"));
    CHECK(run("openssl x509 -in leaf.pem -outform DER | openssl dgst -sha256 -binary >leaf.hash"));
    u8 hash[64], want[NTLM_BINDING_BYTES];
    ntlm_binding(slurp("leaf.hash", hash, COUNT(hash)), want);
    for (int v = 2; v <= 3; v++) {
        struct server s = serve_as("leaf", v == 2 ? "-tls1_2" : "-tls1_3");
        memset(h, 0, sizeof *h);
        pid_t far = answer_over(&s, h);
        struct rig r;
        rig_start_with(&r, IIS, (struct loop_settings){.keep_alive_ms = 1});
        snprintf(r.b.url, sizeof r.b.url, "https://localhost:%d", s.port);
        CHECK_OK(url_parse(str_from(r.b.url), &r.b.dest.url));
        r.b.dest.trust = &anybody;
        // Twice, with a connection each: an old TLS session would show no certificate.
        for (int i = 0; i < 2; i++) {
            struct probe p = rig_probe(&r, 0, 1);
            p.method = S("GET");
            p.body = S("");
            bench_probe(&r.b, &p);
            CHECK(p.ends == 1);
            peer_sleep_ms(20);
            for (int k = 0; k < 3; k++) {
                (void)loop_turn(r.b.loop, 10, -1);
            }
        }
        CHECK(h->requests == 4 && h->bindings == 2);
        for (int i = 0; i < 2; i++) {
            CHECK_STR(str_make(h->binding[i], NTLM_BINDING_BYTES),
                      str_make(want, NTLM_BINDING_BYTES));
        }
        CHECK(loop_stats(r.b.loop)->connects == 2 && loop_stats(r.b.loop)->resumed == 0);
        rig_stop(&r);
        kill(far, SIGKILL);
        waitpid(far, NULL, 0);
        serve_end(&s);
    }
    munmap(h, 4096);
}

static const struct test_case openssl_cases[] = {
    CASE(test_binding),
};

static const struct test_case cases[] = {
    CASE(test_ntlm),
    CASE(test_ntlm_in_pieces),
    CASE(test_ntlm_many_methods),
    CASE(test_long_refusals_are_drained),
    CASE(test_wrong_password),
    CASE(test_refused_once),
    CASE(test_locked_account),
    CASE(test_one_finds_out),
    CASE(test_refused_after_success),
    CASE(test_forgotten_connection),
    CASE(test_other_schemes),
    CASE(test_basic),
    CASE(test_basic_many_at_once),
    CASE(test_nobody_asks),
    CASE(test_close_in_the_middle),
    CASE(test_other_answers),
    CASE(test_connections_of_another_user),
    CASE(test_other_user_meanwhile),
    CASE(test_logins_are_wiped),
};

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_loop_auth.%d", (int)getpid());
    int failed = test_main(__FILE__, cases, COUNT(cases));
    if (mkdir(folder, 0700) == 0 && run("openssl version")) {
        failed |= test_main(__FILE__, openssl_cases, COUNT(openssl_cases));
    } else {
        printf("SKIP test_loop_auth:openssl_cases there is no openssl program\n");
    }
    char line[100];
    snprintf(line, sizeof line, "rm -rf %s", folder);
    return system(line) != 0 || failed;
}
