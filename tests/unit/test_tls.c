// SPDX-License-Identifier: Apache-2.0
// The TLS engine against `openssl s_server`, with certificates that the test makes itself:
// verification (whom, when, by whom), versions, resumption, bulk data, memory of a connection. The
// clock of the engine is set by the test. Without the openssl program the cases that need it are
// skipped, and said so.
#include "test.h"

#include "tls_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "limits.h"
#include "net/loop.h"
#include "net/retry.h"
#include "net/tls.h"
#include "net/tls_heap.h"
#include "os/os.h"

// The embedded roots of this test are made while it runs, so its own tables take the place of ours.
#define roots_der roots_der_declared
#define roots_index roots_index_declared
#define roots_count roots_count_declared
#define roots_release roots_release_declared
#include "net/roots.h"
#undef roots_der
#undef roots_index
#undef roots_count
#undef roots_release

uint8_t roots_der[8192];
struct root_entry roots_index[2];
uint32_t roots_count;
char roots_release[1];

#define DAY_S 86400
#define PAGE_BYTES 300000 // what the server sends for a large page

static _Alignas(16) u8 memory[MIB(4)];
static struct arena arena;
static struct plan plan = {.arena = &arena};
static struct tls_global *global;
static _Alignas(16) u8 loop_memory[MIB(2)];
static struct tls_trust trust_ca, trust_embedded, trust_nothing, trust_self, trust_off;

static i64 now_s(void)
{
    return os_unix_us() / 1000000;
}

// Adds name.der to the embedded roots; the index is in order because the first subject is shorter.
static void embed(const char *name, i64 distrust_after_s)
{
    u32 offset = roots_count ? 4096 : 0;
    str der = slurp(name, roots_der + offset, 4096);
    // The subject of these certificates follows the two dates: find the second occurrence of its
    // name.
    str rest = der;
    isize at = str_find(rest, S("test root"));
    isize second = str_find(str_from_index(rest, at + 1), S("test root")) + at + 1;
    isize start = second;
    while (start > 0 && !(der.p[start] == 0x30 && der.p[start + 2] == 0x31)) {
        start--;
    }
    roots_index[roots_count++] = (struct root_entry){
        .offset_bytes = offset,
        .subject_offset_bytes = offset + (u32)start,
        .length_bytes = (u16)der.n,
        .subject_length_bytes = (u16)(der.p[start + 1] + 2),
        .distrust_after_s = distrust_after_s,
    };
}

static void load_trust(const char *name, struct tls_trust *trust)
{
    static u8 pem[20000];
    u8 words[100];
    struct buf detail = buf_over(words, COUNT(words));
    struct tls_roots *roots = NULL;
    CHECK_OK(tls_roots_load(&plan, slurp(name, pem, COUNT(pem)), &roots, &detail));
    *trust = (struct tls_trust){.verify = true, .extra = roots};
}

static void test_certificates_are_made(void)
{
    const char *names = "subjectAltName=DNS:localhost,DNS:*.wild.example,IP:127.0.0.1,IP:::1";
    bool made =
        make_root("ca") && make_root("em") && make_root("dist") && make_root("other") &&
        make_leaf("good", "ca", "ec -pkeyopt ec_paramgen_curve:P-256", names) &&
        make_leaf("rsa", "ca", "rsa:2048", names) && make_leaf("weak", "ca", "rsa:1024", names) &&
        make_leaf("elsewhere", "ca", "rsa:2048", "subjectAltName=DNS:elsewhere.example") &&
        make_leaf("embedded", "em", "rsa:2048", names) &&
        make_leaf("distrusted", "dist", "rsa:2048", names) &&
        make_leaf("client", "ca", "rsa:2048",
                  "extendedKeyUsage=clientAuth\\nsubjectAltName=DNS:localhost") &&
        make_leaf("critical", "ca", "rsa:2048",
                  "1.2.3.4=critical,ASN1:UTF8String:x\\nsubjectAltName=DNS:localhost") &&
        run("openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost "
            "-addext subjectAltName=DNS:localhost -keyout self.key -out self.pem") &&
        run("cat other.pem ca.pem > both.pem; head -c 300000 /dev/zero | tr '\\0' x > page");
    CHECK(made);
    embed("em.der", 0);
    embed("dist.der", now_s() - DAY_S);
    load_trust("both.pem", &trust_ca);
    load_trust("self.pem", &trust_self);
    load_trust("other.pem", &trust_nothing);
    trust_embedded = (struct tls_trust){.verify = true, .embedded_roots = true};
    trust_off = (struct tls_trust){.verify = false};
}

// ---- this side: a socket and a driver that waits

struct link {
    int fd;
    isize split; // bytes moved by one call at most; 0: any
    const struct spoil *spoil;
    isize came;
};

// Somebody on the way puts these bytes over what the server sends there.
struct spoil {
    isize at;
    const char *bytes;
};

static isize link_recv(void *st, void *p, isize n)
{
    struct link *l = st;
    isize got = os_recv(l->fd, p, l->split && l->split < n ? l->split : n);
    const struct spoil *s = l->spoil;
    for (isize i = 0; s && s->bytes[i]; i++) {
        isize at = s->at + i - l->came;
        if (at >= 0 && at < got) {
            ((u8 *)p)[at] = (u8)s->bytes[i];
        }
    }
    l->came += got > 0 ? got : 0;
    return got;
}

static isize link_send(void *st, str s)
{
    struct link *l = st;
    return os_send(l->fd, l->split && l->split < s.n ? str_slice(s, 0, l->split) : s);
}

static void link_wait(struct link *l, bool write)
{
    struct os_poll p = {.fd = l->fd, .want_read = !write, .want_write = write};
    os_poll(&p, 1, 5000);
}

static enum tls_state shake(struct tls_conn *c, struct link *l)
{
    enum tls_state state;
    while ((state = tls_handshake(c)) == TLS_WANT_READ || state == TLS_WANT_WRITE) {
        link_wait(l, state == TLS_WANT_WRITE);
    }
    return state;
}

struct attempt {
    const char *host;
    const struct tls_trust *trust;
    int session; // 0: none
    isize split;
    i64 clock_s; // 0: now
    const char *page;
    const struct spoil *spoil;
    // results
    err error;
    char facts[TLS_FACTS_BYTES + 1];
    char version[16];
    bool resumed;
    isize page_bytes;
};

static void attempt_fetch(struct attempt *a, struct tls_conn *c, struct link *l)
{
    static u8 page[PAGE_BYTES + 4096];
    char ask[100];
    snprintf(ask, sizeof ask, "GET /%s HTTP/1.0\r\n\r\n", a->page);
    str request = str_from(ask);
    CHECK(tls_write(c, request) == request.n);
    for (enum tls_state state; (state = tls_flush(c)) == TLS_WANT_WRITE;) {
        link_wait(l, true);
    }
    for (;;) {
        isize got = tls_read(c, page + a->page_bytes, COUNT(page) - a->page_bytes);
        if (got == OS_AGAIN) {
            link_wait(l, false);
        } else if (got <= 0) {
            CHECK(got == 0);
            break;
        } else {
            a->page_bytes += got;
        }
    }
}

static void try_it(struct attempt *a, int port)
{
    struct os_addr addr;
    CHECK(os_addr_parse(S("127.0.0.1"), &addr));
    addr.port = (u16)port;
    struct link l = {.fd = os_tcp_connect(&addr), .split = a->split, .spoil = a->spoil};
    struct tls_conn *c = tls_conn_at(global, 0);
    struct tls_peer peer = {
        .host = str_from(a->host), .trust = a->trust, .session = a->session - 1};
    struct tls_wire wire = {.recv = link_recv, .send = link_send, .st = &l};
    tls_clock_set(global, a->clock_s ? a->clock_s : now_s());
    link_wait(&l, true);
    CHECK_OK(os_tcp_connected(l.fd));
    CHECK_OK(tls_open(c, &peer, &wire));
    enum tls_state state = shake(c, &l);
    snprintf(a->version, sizeof a->version, "%s", tls_version_name(c));
    a->resumed = tls_is_resumed(c);
    if (state == TLS_READY && a->page) {
        attempt_fetch(a, c, &l);
    }
    struct buf facts = buf_over(a->facts, TLS_FACTS_BYTES);
    a->error = tls_error(c, &facts);
    a->facts[facts.n] = 0;
    CHECK((state == TLS_READY) == err_ok(a->error));
    tls_close(c);
    os_close(l.fd);
}

// One attempt at a server with this certificate, whose result has to be `want`.
#define CHECK_ATTEMPT(leaf, options, attempt, want)       \
    do {                                                  \
        struct server server_ = serve((leaf), (options)); \
        try_it((attempt), server_.port);                  \
        CHECK_ERR((attempt)->error, want);                \
        serve_end(&server_);                              \
    } while (0)

static bool has(const char *text, const char *part)
{
    bool found = strstr(text, part) != NULL;
    if (!found) {
        fprintf(stderr, "[%s] lacks [%s]\n", text, part);
    }
    return found;
}

static void test_handshake_good(void)
{
    const char *hosts[] = {"localhost", "LocalHost.", "a.wild.example", "127.0.0.1", "::1"};
    for (isize i = 0; i < COUNT(hosts); i++) {
        struct attempt a = {.host = hosts[i], .trust = &trust_ca, .page = "page"};
        CHECK_ATTEMPT(i % 2 ? "good" : "rsa", i % 3 ? "-tls1_3" : "-tls1_2", &a, NONE);
        CHECK(a.page_bytes > PAGE_BYTES && has(a.version, i % 3 ? "TLSv1.3" : "TLSv1.2"));
    }
}

static void test_handshake_byte_by_byte(void)
{
    struct attempt a = {.host = "localhost", .trust = &trust_ca, .split = 1, .page = "ca.pem"};
    CHECK_ATTEMPT("good", "-tls1_3", &a, NONE);
    struct attempt b = {.host = "localhost", .trust = &trust_ca, .split = 1, .page = "ca.pem"};
    CHECK_ATTEMPT("rsa", "-tls1_2", &b, NONE);
    CHECK(a.page_bytes > 400 && b.page_bytes == a.page_bytes);
}

static void test_verify_names(void)
{
    const char *hosts[] = {"elsewhere.test", "wild.example", "a.b.wild.example", "127.0.0.2",
                           "::2"};
    for (isize i = 0; i < COUNT(hosts); i++) {
        struct attempt a = {.host = hosts[i], .trust = &trust_ca};
        CHECK_ATTEMPT("good", i % 2 ? "-tls1_3" : "-tls1_2", &a, TLS_WRONG_NAME);
        CHECK(has(a.facts, hosts[i]) && has(a.facts, "it names localhost, *.wild.example"));
    }
    // The common name says nothing about a certificate that has alternative names.
    struct attempt b = {.host = "good.example", .trust = &trust_ca};
    CHECK_ATTEMPT("good", "", &b, TLS_WRONG_NAME);
}

static void test_verify_dates(void)
{
    struct attempt late = {
        .host = "localhost", .trust = &trust_ca, .clock_s = now_s() + 31 * DAY_S};
    CHECK_ATTEMPT("good", "-tls1_3", &late, TLS_EXPIRED);
    CHECK(has(late.facts, "valid from 20") && has(late.facts, " to 20"));
    struct attempt later = {
        .host = "localhost", .trust = &trust_ca, .clock_s = now_s() + 31 * DAY_S};
    CHECK_ATTEMPT("rsa", "-tls1_2", &later, TLS_EXPIRED);
    struct attempt early = {
        .host = "localhost", .trust = &trust_ca, .clock_s = now_s() - 2 * DAY_S};
    CHECK_ATTEMPT("rsa", "", &early, TLS_NOT_YET_VALID);
    struct attempt inside = {
        .host = "localhost", .trust = &trust_ca, .clock_s = now_s() + 29 * DAY_S};
    CHECK_ATTEMPT("rsa", "", &inside, NONE);
}

static void test_verify_issuer(void)
{
    struct attempt other = {.host = "localhost", .trust = &trust_nothing};
    CHECK_ATTEMPT("good", "", &other, TLS_UNKNOWN_ROOT);
    CHECK(has(other.facts, "issued by CN=test root ca"));
    struct attempt public = {.host = "localhost", .trust = &trust_embedded};
    CHECK_ATTEMPT("rsa", "-tls1_2", &public, TLS_UNKNOWN_ROOT);
    struct attempt self = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("self", "", &self, TLS_SELF_SIGNED);
    struct attempt known = {.host = "localhost", .trust = &trust_self};
    CHECK_ATTEMPT("self", "", &known, NONE);
    // Same name as the root, another key.
    CHECK(run("mkdir -p fake && cp ca.pem ca.real") &&
          run("cp ca.pem ca.save; cp ca.key key.save"));
    CHECK(make_root("ca") && make_leaf("forged", "ca", "rsa:2048", "subjectAltName=DNS:localhost"));
    CHECK(run("mv ca.save ca.pem; mv key.save ca.key"));
    struct attempt forged = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("forged", "", &forged, TLS_UNKNOWN_ROOT);
    CHECK(run("sed '3s/./&?/' ca.pem > odd.pem")); // a byte that is not base64
    CHECK_ERR(tls_roots_load(&plan, slurp("odd.pem", (u8[4096]){0}, 4096),
                             &(struct tls_roots *){NULL}, &(struct buf){0}),
              TLS_CA_SYNTAX);
}

static void test_verify_embedded_roots(void)
{
    struct attempt good = {.host = "localhost", .trust = &trust_embedded};
    CHECK_ATTEMPT("embedded", "", &good, NONE);
    struct attempt bad = {.host = "localhost", .trust = &trust_embedded};
    CHECK_ATTEMPT("distrusted", "", &bad, TLS_DISTRUSTED);
    roots_index[1].distrust_after_s = now_s() + DAY_S; // issued in time
    struct attempt old = {.host = "localhost", .trust = &trust_embedded};
    CHECK_ATTEMPT("distrusted", "-tls1_2", &old, NONE);
    roots_index[1].distrust_after_s = now_s() - DAY_S;
    struct attempt not_ours = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("embedded", "", &not_ours, TLS_UNKNOWN_ROOT);
}

static void test_verify_quality(void)
{
    struct attempt weak = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("weak", "-cipher DEFAULT@SECLEVEL=0", &weak, TLS_WEAK);
    struct attempt client = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("client", "", &client, TLS_PURPOSE);
}

static void test_certificate_that_is_not_understood(void)
{
    struct attempt a = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("critical", "", &a, TLS_CERTIFICATE);
    CHECK(has(a.facts, "extension"));
}

// In an answer of TLS 1.2, the sign that its server knows TLS 1.3: the last bytes of its random;
// and any other byte of it.
static void test_handshake_that_was_rolled_back(void)
{
    struct spoil spoils[] = {{5 + 4 + 2 + 24, "DOWNGRD\1"}, {5 + 4 + 2 + 3, "\1\2\3"}};
    for (isize i = 0; i < 4; i++) {
        struct attempt a = {.host = "localhost", .trust = &trust_ca, .split = i % 2};
        a.spoil = &spoils[i / 2];
        CHECK_ATTEMPT("rsa", "-tls1_2", &a, TLS_FORGED);
    }
}

static void test_verify_off(void)
{
    struct attempt a = {.host = "whatever", .trust = &trust_off, .page = "page"};
    CHECK_ATTEMPT("self", "-tls1_3", &a, NONE);
    struct attempt b = {.host = "whatever", .trust = &trust_off, .clock_s = now_s() + 90 * DAY_S};
    CHECK_ATTEMPT("good", "-tls1_2", &b, NONE);
    CHECK(a.page_bytes > PAGE_BYTES);
}

static void test_versions(void)
{
    struct attempt a = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("rsa", "-tls1_1 -cipher DEFAULT@SECLEVEL=0", &a, TLS_VERSION);
    CHECK(has(a.facts, "alert 70 (protocol_version)"));
    struct attempt b = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("rsa", "-tls1_2 -cipher AES128-SHA", &b, TLS_HANDSHAKE);
    CHECK(has(b.facts, "alert 40 (handshake_failure)"));
    const char *suites[] = {"ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA256",
                            "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES256-GCM-SHA384"};
    for (isize i = 0; i < COUNT(suites); i++) {
        char options[100];
        snprintf(options, sizeof options, "-tls1_2 -cipher %s", suites[i]);
        struct attempt c = {.host = "localhost", .trust = &trust_ca, .page = "page"};
        CHECK_ATTEMPT("rsa", options, &c, NONE);
        CHECK(c.page_bytes > PAGE_BYTES);
    }
}

static void test_resumption(void)
{
    const char *options[] = {"-tls1_2", "-tls1_3", "-tls1_2 -no_ticket"};
    for (int i = 0; i < 3; i++) {
        struct server s = serve("rsa", options[i]);
        for (int k = 0; k < 3; k++) {
            struct attempt a = {
                .host = "localhost", .trust = &trust_ca, .session = i + 1, .page = "page"};
            try_it(&a, s.port);
            CHECK_OK(a.error);
            CHECK(a.resumed == (k > 0) && a.page_bytes > PAGE_BYTES);
        }
        // Another destination does not see it.
        struct attempt other = {.host = "localhost", .trust = &trust_ca, .session = 9 + i};
        try_it(&other, s.port);
        CHECK_OK(other.error);
        CHECK(!other.resumed);
        serve_end(&s);
        // Another server with the same number: the ticket is refused, the handshake is a full one.
        struct attempt moved = {.host = "localhost", .trust = &trust_ca, .session = i + 1};
        CHECK_ATTEMPT("rsa", options[i], &moved, NONE);
        CHECK(!moved.resumed);
    }
}

static void test_resumption_after_an_upgrade(void)
{
    struct attempt old = {.host = "localhost", .trust = &trust_ca, .session = 20};
    CHECK_ATTEMPT("rsa", "-tls1_2", &old, NONE);
    // The session binds us to 1.2, which the server no longer speaks: that is worth another
    // attempt.
    struct server s = serve("rsa", "-tls1_3");
    struct attempt first = {.host = "localhost", .trust = &trust_ca, .session = 20}, second = first;
    try_it(&first, s.port);
    CHECK_ERR(first.error, TLS_BROKEN);
    try_it(&second, s.port);
    CHECK_OK(second.error);
    serve_end(&s);
}

static void test_not_tls(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    CHECK(!bind(listener, (struct sockaddr *)&at, n) && !listen(listener, 5) &&
          !getsockname(listener, (struct sockaddr *)&at, &n));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        const char *answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "", "\x16\x03\x01\x00"};
        for (isize i = 0; i < COUNT(answers); i++) {
            int fd = accept(listener, NULL, NULL);
            char hello[2000];
            (void)!read(fd, hello, sizeof hello);
            (void)!write(fd, answers[i], i == 2 ? 4 : strlen(answers[i]));
            close(fd);
        }
        _exit(0);
    }
    struct attempt http = {.host = "localhost", .trust = &trust_ca};
    struct attempt mute = http, cut = http;
    try_it(&http, ntohs(at.sin_port));
    CHECK_ERR(http.error, TLS_NOT_TLS);
    try_it(&mute, ntohs(at.sin_port));
    CHECK_ERR(mute.error, NET_RESET);
    try_it(&cut, ntohs(at.sin_port));
    CHECK_ERR(cut.error, NET_RESET);
    waitpid(pid, NULL, 0);
    close(listener);
}

// A certificate with `count` names besides localhost.
static bool make_many_names(const char *leaf, int count)
{
    char line[400];
    snprintf(line, sizeof line,
             "(printf subjectAltName=DNS:localhost; for i in $(seq %d); do "
             "printf ,DNS:*.name$i.example.com; done; echo) >%s.san",
             count, leaf);
    bool made = run(line);
    snprintf(line, sizeof line,
             "openssl req -newkey rsa:4096 -nodes -subj /CN=%s -keyout %s.key -out %s.csr && "
             "openssl x509 -req -in %s.csr -CA ca.pem -CAkey ca.key -days 30 -extfile %s.san -out "
             "%s.pem",
             leaf, leaf, leaf, leaf, leaf, leaf);
    return run(line) && made;
}

static void test_certificates_with_many_names(void)
{
    CHECK(make_many_names("many", 140) && make_many_names("flood", 600) &&
          make_many_names("sea", 1500));
    struct attempt many = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("many", "-tls1_3", &many, NONE);
    struct attempt other = {.host = "localhost", .trust = &trust_nothing};
    CHECK_ATTEMPT("many", "-tls1_2", &other, TLS_UNKNOWN_ROOT);
    // More than the heap holds is said to be that, not distrust.
    struct attempt flood = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("flood", "-tls1_2", &flood, TLS_HEAP);
    struct attempt sea = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("sea", "-tls1_3", &sea, TLS_HEAP);
    struct attempt after = {.host = "localhost", .trust = &trust_ca};
    CHECK_ATTEMPT("good", "", &after, NONE);
}

static void test_memory_of_a_connection(void)
{
    isize peak = tls_heap_peak_bytes(tls_conn_at(global, 0));
    fprintf(stderr, "TLS heap: peak %td of %td bytes\n", peak, TLS_HEAP_BYTES);
    CHECK(peak > 40000 && peak < TLS_HEAP_BYTES);
    // More handshakes than there are slots for keys: nothing leaks from one to the next.
    struct server s = serve("good", "");
    for (int i = 0; i < 200; i++) {
        struct attempt a = {.host = i % 2 ? "localhost" : "wrong", .trust = &trust_ca};
        try_it(&a, s.port);
        CHECK(i % 2 ? err_ok(a.error) : err_is(a.error, ERR_TLS_WRONG_NAME));
    }
    serve_end(&s);
    CHECK(tls_heap_peak_bytes(tls_conn_at(global, 0)) == peak);
}

// Tickets and an answer that lie in the same read: nothing else will wake the reader.
static void check_tickets(const char *options, isize first_read)
{
    struct server s = serve_as("good", options);
    struct os_addr addr;
    CHECK(os_addr_parse(S("127.0.0.1"), &addr));
    addr.port = (u16)s.port;
    struct link l = {.fd = os_tcp_connect(&addr)};
    struct tls_conn *c = tls_conn_at(global, 1);
    struct tls_peer peer = {.host = S("localhost"), .trust = &trust_ca, .session = 30};
    struct tls_wire wire = {.recv = link_recv, .send = link_send, .st = &l};
    link_wait(&l, true);
    CHECK_OK(tls_open(c, &peer, &wire));
    enum tls_state state = shake(c, &l);
    CHECK(state == TLS_READY);
    link_wait(&l, false); // the tickets are here
    CHECK(write(s.in, "hello\n", 6) == 6);
    usleep(300000);
    u8 bytes[100];
    CHECK(tls_read(c, bytes, sizeof bytes) == first_read);
    if (first_read == OS_BROKEN) {
        struct buf detail = buf_over(bytes, COUNT(bytes));
        CHECK_ERR(tls_error(c, &detail), TLS_BROKEN);
        CHECK_STR(buf_str(&detail), S("the server sends tickets and no data"));
    } else {
        CHECK(tls_read(c, bytes, sizeof bytes) == OS_AGAIN);
    }
    tls_close(c);
    os_close(l.fd);
    serve_end(&s);
}

static void test_tickets_beside_an_answer(void)
{
    check_tickets("-tls1_3 -num_tickets 5", 6);
    check_tickets("-tls1_3 -num_tickets 20", 6);
    check_tickets("-tls1_3 -num_tickets 100", OS_BROKEN); // one read, and so one turn, has an end
}

// ---- the loop above the engine

struct poster {
    struct dest dest;
    str body;
    int ends, nexts, fails;
    isize heard;
};

static enum step poster_next(void *st, i64 now_ms, struct exchange *x)
{
    struct poster *p = st;
    (void)now_ms;
    if (p->nexts++ == 3) {
        return STEP_DONE;
    }
    x->dest = &p->dest;
    x->method = S("POST");
    x->body = p->body;
    buf_put(&x->target, S("/"));
    return STEP_REQUEST;
}

static err poster_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)st;
    (void)x;
    return retry_status_error(head->status);
}

static err poster_body(void *st, struct exchange *x, str *in)
{
    struct poster *p = st;
    (void)x;
    p->heard += in->n;
    *in = (str){0};
    return OK;
}

static err poster_end(void *st, struct exchange *x)
{
    struct poster *p = st;
    (void)x;
    p->ends++;
    return OK;
}

static void poster_fail(void *st, struct exchange *x, err e)
{
    struct poster *p = st;
    fprintf(stderr, "%s %.*s\n", err_name(e), (int)x->detail.n, (const char *)x->detail.p);
    p->fails++;
}

#define POST_BYTES 100000 // some records, the first one full to the brim
#define POST_MARK 16      // its last bytes, by which the far side knows that it has all

// Three requests over one connection; the answer is written to the server when the request has come
// out of it. With TLS 1.3 two tickets lie before the first answer.
static void check_loop(const char *options)
{
    static const struct machine_ops ops = {.name = "poster",
                                           .next = poster_next,
                                           .head = poster_head,
                                           .body = poster_body,
                                           .end = poster_end,
                                           .fail = poster_fail};
    static u8 body[POST_BYTES];
    memset(body, 'b', sizeof body);
    memset(body + POST_BYTES - POST_MARK, '#', POST_MARK); // no other output has such a run
    struct server s = serve_as("good", options);
    struct arena own = arena_over(loop_memory, sizeof loop_memory);
    struct plan own_plan = {.arena = &own};
    struct dns_config dns;
    dns_config_parse(&dns, S(""), S(""));
    struct loop *loop = loop_init(&own_plan, &(struct loop_settings){.tasks = 1,
                                                                     .connections = 2,
                                                                     .dns = &dns,
                                                                     .connect_timeout_ms = 5000,
                                                                     .idle_timeout_ms = 5000,
                                                                     .keep_alive_ms = 5000,
                                                                     .user_agent = S("test")});
    struct poster p = {.body = str_make(body, COUNT(body)),
                       .dest = {.label = "server", .trust = &trust_ca, .index = 7}};
    char url[100], text[65536];
    snprintf(url, sizeof url, "https://127.0.0.1:%d", s.port);
    CHECK_OK(url_parse(str_from(url), &p.dest.url));
    CHECK(loop_add(loop, &ops, &p) >= 0);
    isize run = 0;
    for (int i = 0; i < 3000 && loop_active_count(loop); i++) {
        isize got = loop_turn(loop, 1000, s.out) ? read(s.out, text, sizeof text) : 0;
        for (isize k = 0; k < got; k++) {
            run = text[k] == '#' ? run + 1 : 0;
            if (run == POST_MARK) {
                const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                CHECK(write(s.in, answer, strlen(answer)) == (isize)strlen(answer));
            }
        }
    }
    CHECK(p.ends == 3 && p.fails == 0 && p.heard == 15);
    CHECK(loop_stats(loop)->connects == 1 && loop_stats(loop)->retries == 0);
    loop_close(loop);
    serve_end(&s);
}

static void test_loop_keeps_alive(void)
{
    check_loop("-tls1_3");
    check_loop("-tls1_2");
    check_loop("-tls1_3 -num_tickets 9");
}

// ---- without a far side

static void test_roots_load_refuses(void)
{
    u8 words[100];
    struct buf detail = buf_over(words, COUNT(words));
    struct tls_roots *roots = NULL;
    CHECK_ERR(tls_roots_load(&plan, S(""), &roots, &detail), TLS_CA_EMPTY);
    CHECK_ERR(tls_roots_load(&plan, S("hello"), &roots, &detail), TLS_CA_EMPTY);
    CHECK_ERR(tls_roots_load(&plan, S("-----BEGIN CERTIFICATE-----\nMIIB"), &roots, &detail),
              TLS_CA_SYNTAX);
    buf_reset(&detail);
    CHECK_ERR(tls_roots_load(&plan,
                             S("-----BEGIN CERTIFICATE-----\nMIIB\n"
                               "-----END CERTIFICATE-----\n"),
                             &roots, &detail),
              TLS_CA_SYNTAX);
    CHECK_STR(buf_str(&detail), S("certificate 1 of the file"));
}

static void test_roots_load(void)
{
    static u8 pem[20000];
    u8 words[100];
    struct buf detail = buf_over(words, COUNT(words));
    struct tls_roots *roots = NULL;
    CHECK_OK(tls_roots_load(&plan, slurp("both.pem", pem, COUNT(pem)), &roots, &detail));
    CHECK(tls_roots_count(roots) == 2);
    CHECK_OK(tls_roots_load(&plan, slurp("ca.der", pem, COUNT(pem)), &roots, &detail));
    CHECK(tls_roots_count(roots) == 1);
}

static void test_heap_holds_what_it_is_given(void)
{
    static _Alignas(16) u8 slab[KIB(8)];
    static struct {
        u8 *p;
        size_t n;
        u8 fill;
    } held[64];
    struct tls_heap heap;
    tls_heap_init(&heap, slab, COUNT(slab));
    u64 random = 88172645463325252U;
    tls_heap_enter(&heap);
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        isize k = (isize)(random >> 8 & 63);
        if (held[k].p) {
            bool whole = true;
            for (size_t j = 0; j < held[k].n; j++) {
                whole = whole && held[k].p[j] == held[k].fill;
            }
            CHECK(whole);
            tls_heap_free(held[k].p);
            held[k].p = NULL;
        } else {
            held[k].n = (size_t)(random >> 20 & (random >> 40 & 1 ? 1023 : 63));
            held[k].fill = (u8)(random >> 50);
            held[k].p = tls_heap_calloc(1, held[k].n);
            bool zero = true;
            for (size_t j = 0; held[k].p && j < held[k].n; j++) {
                zero = zero && held[k].p[j] == 0;
            }
            CHECK(zero && ((uintptr_t)held[k].p & 15) == 0);
            if (held[k].p) {
                memset(held[k].p, held[k].fill, held[k].n);
            }
        }
    }
    CHECK(heap.denied > 0);
    for (isize k = 0; k < COUNT(held); k++) {
        tls_heap_free(held[k].p);
    }
    CHECK(heap.used == 0);
    // All of it is one piece again.
    u8 *all = tls_heap_calloc(1, COUNT(slab) - 16);
    CHECK(all != NULL);
    CHECK(tls_heap_calloc(1, 1) == NULL && tls_heap_calloc(SIZE_MAX / 2, 4) == NULL);
    tls_heap_free(all);
    CHECK(tls_heap_calloc(32, SIZE_MAX / 32 + 1) == NULL); // their product is 0
    all = tls_heap_calloc(1, COUNT(slab) - 16);
    memset(all, 0x5a, sizeof slab - 16);
    tls_heap_leave();
    tls_heap_reset(&heap);
    bool wiped = true;
    for (isize i = 16; i < COUNT(slab); i++) {
        wiped = wiped && slab[i] == 0;
    }
    CHECK(wiped);
}

static const struct test_case cases[] = {
    CASE(test_heap_holds_what_it_is_given),
    CASE(test_roots_load_refuses),
};

static const struct test_case openssl_cases[] = {
    CASE(test_certificates_are_made),
    CASE(test_roots_load),
    CASE(test_handshake_good),
    CASE(test_handshake_byte_by_byte),
    CASE(test_verify_names),
    CASE(test_verify_dates),
    CASE(test_verify_issuer),
    CASE(test_verify_embedded_roots),
    CASE(test_verify_quality),
    CASE(test_certificate_that_is_not_understood),
    CASE(test_handshake_that_was_rolled_back),
    CASE(test_verify_off),
    CASE(test_versions),
    CASE(test_resumption),
    CASE(test_resumption_after_an_upgrade),
    CASE(test_not_tls),
    CASE(test_tickets_beside_an_answer),
    CASE(test_loop_keeps_alive),
    CASE(test_memory_of_a_connection),
    CASE(test_certificates_with_many_names),
};

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_tls.%d", (int)getpid());
    arena = arena_over(memory, sizeof memory);
    global = tls_init(&plan, 4);
    int failed = test_main(__FILE__, cases, COUNT(cases));
    if (mkdir(folder, 0700) == 0 && run("openssl version")) {
        failed |= test_main(__FILE__, openssl_cases, COUNT(openssl_cases));
    } else {
        printf("SKIP test_tls:openssl_cases there is no openssl program\n");
    }
    char line[100];
    snprintf(line, sizeof line, "rm -rf %s", folder);
    return system(line) != 0 || failed;
}
