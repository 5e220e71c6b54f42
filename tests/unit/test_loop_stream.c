// SPDX-License-Identifier: Apache-2.0
// Streams in the loop, and the ways to TLS of a directory: a far side that follows a script in a
// child process on loopback; for TLS an `openssl s_server` behind it.
#include "loop_bench.h"

#include <poll.h>

#include "net/tls.h"
#include "tls_peer.h"

// ---- the far side: one connection after another, each plays the script of its number

struct script {
    const char *hear; // bytes that have to come first; NULL: the end
    int hear_bytes;
    const char *say;
    int say_bytes;
    int pause_ms;   // before it says that
    bool pieces;    // a byte at a time
    bool close;     // after it
    int relay_port; // after it: both ways, to this port
};

#define HEAR(text) .hear = text, .hear_bytes = (int)sizeof text - 1
#define SAY(text) .say = text, .say_bytes = (int)sizeof text - 1
#define SCRIPT_STEPS 6
#define SCRIPTS 3

struct stage {
    int port;
    pid_t pid;
    struct {
        int accepted, wrong, heard;
    } * seen;
};

static void stage_relay(int fd, int port)
{
    int to = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((unsigned short)port)};
    if (connect(to, (struct sockaddr *)&at, sizeof at)) {
        return;
    }
    struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = to, .events = POLLIN}};
    static char block[65536];
    for (;;) {
        poll(both, 2, -1);
        for (int i = 0; i < 2; i++) {
            ssize_t n = both[i].revents ? recv(both[i].fd, block, sizeof block, 0) : -2;
            if (n == 0 || n == -1) {
                return;
            }
            if (n > 0) {
                peer_send(both[1 - i].fd, block, (size_t)n);
            }
        }
    }
}

static void stage_play(int fd, const struct script *script, struct stage *stage)
{
    static char block[100000];
    for (int i = 0; i < SCRIPT_STEPS && script[i].hear; i++) {
        const struct script *s = &script[i];
        for (int have = 0; have < s->hear_bytes;) {
            ssize_t n = recv(fd, block + have, (size_t)(s->hear_bytes - have), 0);
            if (n <= 0) {
                return;
            }
            have += (int)n;
        }
        stage->seen->wrong += memcmp(block, s->hear, (size_t)s->hear_bytes) != 0;
        stage->seen->heard++;
        peer_sleep_ms(s->pause_ms);
        for (int at = 0; s->pieces && at < s->say_bytes; at++) {
            peer_send(fd, s->say + at, 1);
            peer_sleep_ms(2);
        }
        if (!s->pieces) {
            peer_send(fd, s->say, (size_t)s->say_bytes);
        }
        if (s->close) {
            return;
        }
        if (s->relay_port) {
            stage_relay(fd, s->relay_port);
            return;
        }
    }
    while (recv(fd, block, sizeof block, 0) > 0) {
    }
}

static struct stage stage_start(const struct script (*scripts)[SCRIPT_STEPS])
{
    struct stage stage = {0};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, n) || listen(listener, 16) ||
        getsockname(listener, (struct sockaddr *)&at, &n)) {
        perror("stage_start");
        _exit(2);
    }
    stage.port = ntohs(at.sin_port);
    stage.seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    stage.pid = fork();
    if (stage.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < SCRIPTS; i++) {
            int fd = accept(listener, NULL, NULL);
            stage.seen->accepted++;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            stage_play(fd, scripts[i], &stage);
            close(fd);
        }
        for (;;) {
            pause();
        }
    }
    close(listener);
    return stage;
}

static void stage_stop(struct stage *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    munmap(s->seen, 4096);
}

// ---- this side: says one line after another, each after an answer that ends with a line feed

struct talker {
    struct dest *dest;
    const char *lines[5]; // the last one is a farewell
    int said;
    i64 timeout_ms, first_byte_ms;
    isize take; // bytes at a call; 0: all
    int hold;   // calls of body() that take nothing
    err judge;  // what body() says to a line that begins with "!"
    int nexts, sends, calls, ends, fails, heads;
    bool may_say;
    err error;
    char detail[EXCHANGE_DETAIL_BYTES + 1];
    struct buf got;
};

static enum step talker_next(void *st, i64 now_ms, struct exchange *x)
{
    struct talker *t = st;
    (void)now_ms;
    t->nexts++;
    if (t->ends || t->fails) {
        return t->fails ? STEP_FAILED : STEP_DONE;
    }
    x->dest = t->dest;
    x->method = S("LDAP");
    buf_put(&x->target, S("/"));
    x->flags = EXCHANGE_STREAM;
    x->retry = &quick;
    x->timeout_ms = t->timeout_ms;
    x->first_byte_ms = t->first_byte_ms;
    t->said = 0;
    t->may_say = true;
    buf_reset(&t->got);
    return STEP_REQUEST;
}

static err talker_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    (void)head;
    ((struct talker *)st)->heads++;
    return OK;
}

static err talker_body(void *st, struct exchange *x, str *in)
{
    struct talker *t = st;
    (void)x;
    t->calls++;
    if (t->hold > 0) {
        t->hold--;
        return OK;
    }
    isize take = t->take && t->take < in->n ? t->take : in->n;
    buf_put(&t->got, str_slice(*in, 0, take));
    t->may_say = in->p[take - 1] == '\n';
    *in = str_from_index(*in, take);
    bool bad = t->may_say && str_find_byte(buf_str(&t->got), '!') >= 0;
    if (bad) {
        err e = t->judge;
        t->judge = OK;
        return e;
    }
    return OK;
}

static err talker_send(void *st, struct buf *room, bool *last)
{
    struct talker *t = st;
    t->sends++;
    if (t->may_say && t->lines[t->said]) {
        t->may_say = false;
        buf_put(room, str_from(t->lines[t->said++]));
        *last = t->lines[t->said] == NULL;
    }
    return OK;
}

static err talker_end(void *st, struct exchange *x)
{
    (void)x;
    ((struct talker *)st)->ends++;
    return OK;
}

static void talker_fail(void *st, struct exchange *x, err e)
{
    struct talker *t = st;
    t->fails++;
    t->error = e;
    snprintf(t->detail, sizeof t->detail, "%.*s", (int)x->detail.n, (const char *)x->detail.p);
}

static const struct machine_ops talker_ops = {
    .name = "talker",
    .next = talker_next,
    .head = talker_head,
    .body = talker_body,
    .end = talker_end,
    .fail = talker_fail,
    .send = talker_send,
};

struct rig {
    struct bench b;
    struct stage stage;
    struct talker t;
    char address[64];
};

static void rig_start_with(struct rig *r, const struct script (*scripts)[SCRIPT_STEPS],
                           struct loop_settings settings)
{
    bench_start_with(&r->b, settings);
    r->stage = stage_start(scripts);
    snprintf(r->address, sizeof r->address, "ldap://127.0.0.1:%d", r->stage.port);
    CHECK_OK(url_parse_ldap(str_from(r->address), &r->b.dest.url));
    r->t = (struct talker){.dest = &r->b.dest,
                           .lines = {"a\n", "bb\n", "bye\n"},
                           .got = buf_over(probe_memory[0], PROBE_BODY_BYTES)};
}

static void rig_start(struct rig *r, const struct script (*scripts)[SCRIPT_STEPS])
{
    rig_start_with(r, scripts, (struct loop_settings){0});
}

static void rig_run(struct rig *r)
{
    CHECK(loop_add(r->b.loop, &talker_ops, &r->t) >= 0);
    bench_run(&r->b);
}

static void rig_stop(struct rig *r)
{
    bench_stop(&r->b);
    CHECK(r->stage.seen->wrong == 0);
    stage_stop(&r->stage);
}

static void test_conversation(void)
{
    static const struct script whole[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), SAY("22\n")}, {HEAR("bye\n")}},
        {{HEAR("a\n"), SAY("1\n"), .pieces = true, .pause_ms = 30},
         {HEAR("bb\n"), SAY("22\n"), .pieces = true},
         {HEAR("bye\n")}},
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), SAY("22\n")}, {HEAR("bye\n")}},
    };
    struct rig r;
    rig_start(&r, whole);
    for (int i = 0; i < 3; i++) {
        r.t.ends = 0;
        r.t.take = i == 2 ? 1 : 0;
        r.t.hold = i == 2 ? 20 : 0;
        CHECK(loop_add(r.b.loop, &talker_ops, &r.t) >= 0);
        for (int k = 0; k < 10000 && loop_active_count(r.b.loop); k++) {
            (void)loop_turn(r.b.loop, 5, -1);
        }
        CHECK(r.t.ends == 1 && r.t.fails == 0 && r.t.heads == 0 && r.t.said == 3);
        CHECK_STR(buf_str(&r.t.got), S("1\n22\n"));
    }
    peer_sleep_ms(50);
    CHECK(r.stage.seen->accepted == 3 && r.stage.seen->heard == 9); // farewells, too
    CHECK(loop_stats(r.b.loop)->retries == 0 && loop_stats(r.b.loop)->connects == 3);
    rig_stop(&r);
}

static void test_server_speaks_first(void)
{
    static const struct script whole[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR(""), SAY("welcome\n")}, {HEAR("a\n"), SAY("1\n")}, {HEAR("bye\n")}},
    };
    struct rig r;
    rig_start(&r, whole);
    r.t.lines[0] = ""; // nothing to say before the welcome
    r.t.lines[1] = "a\n";
    rig_run(&r);
    CHECK(r.t.ends == 1 && r.t.fails == 0);
    CHECK_STR(buf_str(&r.t.got), S("welcome\n1\n"));
    rig_stop(&r);
}

// More than a buffer both ways.
static void test_much(void)
{
    static char line[12001];
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    static struct script much[SCRIPTS][SCRIPT_STEPS];
    for (int i = 0; i < 3; i++) {
        much[0][i] = (struct script){
            .hear = line, .hear_bytes = 12000, .say = (char *)probe_memory[1], .say_bytes = 300000};
    }
    memset(probe_memory[1], 'y', 300000);
    for (int i = 99999; i < 300000; i += 100000) {
        probe_memory[1][i] = i > 200000 ? '\n' : 'z';
    }
    much[0][3] = (struct script){HEAR("bye\n")};
    struct rig r;
    rig_start(&r, (const struct script(*)[SCRIPT_STEPS])much);
    r.t.lines[0] = r.t.lines[1] = line;
    r.t.lines[2] = line;
    r.t.lines[3] = "bye\n";
    r.t.got = buf_over(probe_memory[3], 5 * PROBE_BODY_BYTES);
    rig_run(&r);
    CHECK(r.t.ends == 1 && r.t.got.n == 900000);
    rig_stop(&r);
}

static void test_close_is_retried(void)
{
    static const struct script closes[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR("a\n"), SAY("1"), .close = true}},
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), .close = true}},
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), SAY("22\n")}, {HEAR("bye\n")}},
    };
    struct rig r;
    rig_start(&r, closes);
    rig_run(&r);
    // From the beginning each time.
    CHECK(r.t.ends == 1 && r.t.fails == 0 && r.t.nexts == 4);
    CHECK_STR(buf_str(&r.t.got), S("1\n22\n"));
    CHECK(loop_stats(r.b.loop)->retries_by[ERR_NET_ENDED] == 2);
    rig_stop(&r);
    static const struct script never[SCRIPTS][SCRIPT_STEPS] = {{{HEAR("a\n"), .close = true}},
                                                               {{HEAR("a\n"), .close = true}},
                                                               {{HEAR("a\n"), .close = true}}};
    rig_start(&r, never);
    CHECK(loop_add(r.b.loop, &talker_ops, &r.t) >= 0);
    for (int i = 0; i < 200 && loop_stats(r.b.loop)->retries < 3; i++) {
        (void)loop_turn(r.b.loop, 100, -1);
    }
    CHECK(loop_stats(r.b.loop)->retries_by[ERR_NET_ENDED] == 3);
    rig_stop(&r);
}

// An error of the machine ends the conversation; one of class RETRY begins it again.
static void test_machine_judges(void)
{
    static const struct script bad[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR("a\n"), SAY("!\n")}},
        {{HEAR("a\n"), SAY("!\n")}, {HEAR("bb\n"), SAY("2\n")}, {HEAR("bye\n")}},
        {{HEAR("a\n"), SAY("!\n")}},
    };
    struct rig r;
    rig_start(&r, bad);
    r.t.judge = FAIL(LDAP_BUSY);
    rig_run(&r);
    CHECK(r.t.ends == 1 && r.t.nexts == 3 && r.t.fails == 0);
    r.t.ends = 0;
    r.t.judge = FAIL(LDAP_CREDENTIALS);
    rig_run(&r);
    CHECK_ERR(r.t.error, LDAP_CREDENTIALS);
    CHECK(r.t.ends == 0 && r.t.fails == 1 && has(r.t.detail, "LDAP / at the peer (127.0.0.1:"));
    rig_stop(&r);
}

static void test_deadlines(void)
{
    static const struct script slow[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), .pause_ms = 20000}},
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), .pause_ms = 20000}},
    };
    struct rig r;
    rig_start(&r, slow);
    r.t.first_byte_ms = 200;
    CHECK(loop_add(r.b.loop, &talker_ops, &r.t) >= 0);
    for (int i = 0; i < 50 && loop_stats(r.b.loop)->retries == 0; i++) {
        (void)loop_turn(r.b.loop, 100, -1);
    }
    CHECK(loop_stats(r.b.loop)->retries_by[ERR_NET_TIMEOUT_FIRST_BYTE] == 1);
    rig_stop(&r);
    // Each answer has its own time: four of them take longer than one may.
    static const struct script four[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR("a\n"), SAY("1\n"), .pause_ms = 150},
         {HEAR("b\n"), SAY("1\n"), .pause_ms = 150},
         {HEAR("c\n"), SAY("1\n"), .pause_ms = 150},
         {HEAR("bye\n")}},
        {{HEAR("a\n"), SAY("1\n"), .pause_ms = 150},
         {HEAR("b\n"), SAY("1\n"), .pause_ms = 150},
         {HEAR("c\n"), SAY("1\n"), .pause_ms = 150},
         {HEAR("bye\n")}},
    };
    rig_start(&r, four);
    r.t.lines[1] = "b\n";
    r.t.lines[2] = "c\n";
    r.t.lines[3] = "bye\n";
    r.t.first_byte_ms = 250;
    rig_run(&r);
    CHECK(r.t.ends == 1 && loop_stats(r.b.loop)->retries == 0);
    // Not so the whole.
    r.t.ends = 0;
    r.t.timeout_ms = 300;
    CHECK(loop_add(r.b.loop, &talker_ops, &r.t) >= 0);
    for (int i = 0; i < 50 && loop_stats(r.b.loop)->retries == 0; i++) {
        (void)loop_turn(r.b.loop, 100, -1);
    }
    CHECK(loop_stats(r.b.loop)->retries_by[ERR_NET_TIMEOUT_EXCHANGE] == 1);
    rig_stop(&r);
}

static void test_cancel(void)
{
    static const struct script slow[SCRIPTS][SCRIPT_STEPS] = {
        {{HEAR("a\n"), SAY("1\n")}, {HEAR("bb\n"), .pause_ms = 20000}},
    };
    struct rig r;
    rig_start(&r, slow);
    int task = loop_add(r.b.loop, &talker_ops, &r.t);
    for (int i = 0; i < 50 && r.t.said < 2; i++) {
        (void)loop_turn(r.b.loop, 100, -1);
    }
    loop_cancel(r.b.loop, task);
    CHECK(loop_active_count(r.b.loop) == 0 && r.t.ends == 0 && r.t.fails == 0 && r.t.said == 2);
    rig_stop(&r);
}

// ---- StartTLS

#define ASK                                \
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" \
    "1.3.6.1.4.1.1466.20037"
#define YES                                                            \
    "\x30\x24\x02\x01\x01\x78\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x16" \
    "1.3.6.1.4.1.1466.20037"
#define YES_LONG \
    "\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00" // as AD: no name
#define NO(code) "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01" code "\x04\x00\x04\x00"

static void test_start_tls_refused(void)
{
    static const struct {
        struct script script[SCRIPT_STEPS];
        enum err_code want;
    } cases[] = {
        {{{HEAR(ASK), SAY(NO("\x01"))}}, ERR_LDAP_START_TLS},
        {{{HEAR(ASK), SAY(NO("\x02"))}}, ERR_LDAP_START_TLS},
        {{{HEAR(ASK), SAY(NO("\x34"))}}, ERR_LDAP_START_TLS}, // unavailable: no certificate
        {{{HEAR(ASK), SAY(NO("\x33"))}}, ERR_LDAP_BUSY},
        {{{HEAR(ASK), SAY(YES "\x30\x0c")}}, ERR_START_TLS_INJECTED},
        {{{HEAR(ASK), SAY(YES YES)}}, ERR_START_TLS_INJECTED},
        {{{HEAR(ASK), SAY("HTTP/1.1 400 Bad\r\n\r\n")}}, ERR_START_TLS_ANSWER},
        {{{HEAR(ASK), SAY("\x30\x84\x7f\xff\xff\xff")}}, ERR_START_TLS_ANSWER},
        // Another id, another operation, another name, a notice of disconnection.
        {{{HEAR(ASK), SAY("\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00")}},
         ERR_START_TLS_ANSWER},
        {{{HEAR(ASK), SAY("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00")}},
         ERR_START_TLS_ANSWER},
        {{{HEAR(ASK), SAY("\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x00\x04\x00\x04\x00\x8a\x01x")}},
         ERR_START_TLS_ANSWER},
        {{{HEAR(ASK), SAY("\x30\x24\x02\x01\x00\x78\x1f\x0a\x01\x34\x04\x00\x04\x00\x8a\x16"
                          "1.3.6.1.4.1.1466.20036")}},
         ERR_START_TLS_ANSWER},
        {{{HEAR(ASK), .close = true}}, ERR_NET_RESET},
        {{{HEAR(ASK), SAY(YES), .close = true}}, ERR_NET_RESET}, // in the handshake
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct script scripts[SCRIPTS][SCRIPT_STEPS] = {0};
        memcpy(scripts[0], cases[i].script, sizeof scripts[0]);
        struct rig r;
        struct tls_trust trust = {.verify = true, .embedded_roots = true};
        rig_start(&r, (const struct script(*)[SCRIPT_STEPS])scripts);
        r.b.dest.start_tls = true;
        r.b.dest.trust = &trust;
        int task = loop_add(r.b.loop, &talker_ops, &r.t);
        const struct loop_stats *s = loop_stats(r.b.loop);
        for (int k = 0; k < 50 && s->retries == 0 && r.t.fails == 0; k++) {
            (void)loop_turn(r.b.loop, 100, -1);
        }
        err want = {(u16)cases[i].want};
        bool good = s->retries_by[cases[i].want] == 1 || r.t.error.code == cases[i].want;
        if (!good) {
            fprintf(stderr, "case %d: %s\n", (int)i, err_name(r.t.error));
        }
        CHECK(good && (r.t.fails == 1) == (err_class(want) != ERR_CLASS_RETRY));
        CHECK(r.t.sends == 0 && r.t.ends == 0); // never without TLS
        if (loop_is_active(r.b.loop, task)) {
            loop_cancel(r.b.loop, task);
        }
        rig_stop(&r);
    }
}

static struct tls_trust trust_ca, trust_off = {.verify = false};

// A conversation through StartTLS or LDAPS with a server that answers each line in reverse.
static void converse(struct script *step, const char *host, bool start_tls,
                     const struct tls_trust *trust, enum err_code want)
{
    struct server server = serve_as("leaf", "-rev");
    struct script scripts[SCRIPTS][SCRIPT_STEPS] = {{*step}, {*step}, {*step}};
    scripts[0][0].relay_port = scripts[1][0].relay_port = scripts[2][0].relay_port = server.port;
    struct rig r;
    rig_start(&r, (const struct script(*)[SCRIPT_STEPS])scripts);
    snprintf(r.address, sizeof r.address, "%s://%s:%d", start_tls ? "ldap" : "ldaps", host,
             r.stage.port);
    CHECK_OK(url_parse_ldap(str_from(r.address), &r.b.dest.url));
    r.b.dest.start_tls = start_tls;
    r.b.dest.trust = trust;
    r.t.lines[1] = "cd\n";
    rig_run(&r);
    CHECK(r.t.error.code == want);
    if (want == ERR_NONE) {
        CHECK(r.t.ends == 1 && r.t.fails == 0);
        CHECK_STR(buf_str(&r.t.got), S("a\ndc\n"));
    } else {
        CHECK(r.t.sends == 0);
        fprintf(stderr, "%s\n", r.t.error.code == want ? "" : r.t.detail);
    }
    rig_stop(&r);
    serve_end(&server);
}

static _Alignas(16) u8 trust_memory[KIB(64)];
static struct arena trust_arena;
static struct plan trust_plan = {.arena = &trust_arena};

static void test_ways_to_tls(void)
{
    static u8 pem[8000];
    u8 words[100];
    struct buf detail = buf_over(words, COUNT(words));
    struct tls_roots *roots = NULL;
    trust_arena = arena_over(trust_memory, sizeof trust_memory);
    CHECK(make_root("ca") && make_leaf("leaf", "ca", "ec -pkeyopt ec_paramgen_curve:P-256",
                                       "subjectAltName=DNS:localhost"));
    CHECK_OK(tls_roots_load(&trust_plan, slurp("ca.pem", pem, COUNT(pem)), &roots, &detail));
    trust_ca = (struct tls_trust){.verify = true, .extra = roots};
    struct script asked = {HEAR(ASK), SAY(YES)}, long_asked = {HEAR(ASK), SAY(YES_LONG)};
    struct script pieces = {HEAR(ASK), SAY(YES), .pieces = true}, at_once = {HEAR(""), SAY("")};
    converse(&at_once, "localhost", false, &trust_ca, ERR_NONE);
    converse(&asked, "localhost", true, &trust_ca, ERR_NONE);
    converse(&long_asked, "localhost", true, &trust_ca, ERR_NONE);
    converse(&pieces, "localhost", true, &trust_ca, ERR_NONE);
    // The name and the chain are checked in both ways, unless nothing is.
    converse(&at_once, "127.0.0.1", false, &trust_ca, ERR_TLS_WRONG_NAME);
    converse(&asked, "127.0.0.1", true, &trust_ca, ERR_TLS_WRONG_NAME);
    static const struct tls_trust others = {.verify = true, .embedded_roots = true};
    converse(&asked, "localhost", true, &others, ERR_TLS_UNKNOWN_ROOT);
    converse(&asked, "127.0.0.1", true, &trust_off, ERR_NONE);
    converse(&at_once, "127.0.0.1", false, &trust_off, ERR_NONE);
}

static const struct test_case cases[] = {
    CASE(test_conversation),     CASE(test_server_speaks_first), CASE(test_much),
    CASE(test_close_is_retried), CASE(test_machine_judges),      CASE(test_deadlines),
    CASE(test_cancel),           CASE(test_start_tls_refused),
};

static const struct test_case openssl_cases[] = {
    CASE(test_ways_to_tls),
};

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_loop_stream.%d", (int)getpid());
    int failed = test_main(__FILE__, cases, COUNT(cases));
    if (mkdir(folder, 0700) == 0 && run("openssl version")) {
        failed |= test_main(__FILE__, openssl_cases, COUNT(openssl_cases));
    } else {
        printf("SKIP test_loop_stream:openssl_cases there is no openssl program\n");
    }
    char line[100];
    snprintf(line, sizeof line, "rm -rf %s", folder);
    return system(line) != 0 || failed;
}
