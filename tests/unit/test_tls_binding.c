// SPDX-License-Identifier: Apache-2.0
// Channel binding against the openssl program: the hash of the server's certificate, for every kind
// of signature that a certificate has, is the one that `openssl x509 -fingerprint` prints. And how
// a connection ends.
#include "test.h"

#include "tls_peer.h"

#include "limits.h"
#include "net/tls.h"
#include "os/os.h"

static _Alignas(16) u8 memory[MIB(1)];
static struct arena arena;
static struct plan plan = {.arena = &arena};
static struct tls_global *global;
static const struct tls_trust anybody = {.verify = false};

static isize wire_recv(void *st, void *p, isize n)
{
    return os_recv(*(int *)st, p, n);
}

static isize wire_send(void *st, str s)
{
    return os_send(*(int *)st, s);
}

static void wait_for(int fd, bool write)
{
    struct os_poll list = {.fd = fd, .want_read = !write, .want_write = write};
    os_poll(&list, 1, 5000);
}

// A connection to this port, behind its handshake; `session` as in struct tls_peer.
static struct tls_conn *connect_to(int port, int session, int *fd)
{
    struct os_addr addr;
    CHECK(os_addr_parse(S("127.0.0.1"), &addr));
    addr.port = (u16)port;
    *fd = os_tcp_connect(&addr);
    struct tls_conn *c = tls_conn_at(global, 0);
    struct tls_peer peer = {.host = S("localhost"), .trust = &anybody, .session = session};
    struct tls_wire wire = {.recv = wire_recv, .send = wire_send, .st = fd};
    tls_clock_set(global, os_unix_us() / 1000000);
    wait_for(*fd, true);
    CHECK_OK(tls_open(c, &peer, &wire));
    enum tls_state state;
    while ((state = tls_handshake(c)) == TLS_WANT_READ || state == TLS_WANT_WRITE) {
        wait_for(*fd, state == TLS_WANT_WRITE);
    }
    CHECK(state == TLS_READY);
    return c;
}

static isize end_point(int port, int session, u8 out[TLS_END_POINT_BYTES])
{
    int fd;
    struct tls_conn *c = connect_to(port, session, &fd);
    isize n = *tls_version_name(c) ? tls_server_end_point(c, out) : -1;
    tls_close(c);
    os_close(fd);
    return n;
}

// What openssl says: hexadecimal in upper case with colons, and a line feed.
static bool fingerprint(const char *name, const char *hash, str got)
{
    static u8 bytes[400];
    char line[300];
    snprintf(line, sizeof line,
             "openssl x509 -in %s.pem -noout -fingerprint -%s | sed s/.*=// | tr -d ':\\n' | "
             "tr A-F a-f > %s.hash",
             name, hash, name);
    CHECK(run(line));
    str want = slurp(strcat(strcpy(line, name), ".hash"), bytes, COUNT(bytes));
    u8 hex[2 * TLS_END_POINT_BYTES];
    struct buf b = buf_over(hex, COUNT(hex));
    buf_put_hex(&b, got);
    CHECK_STR(buf_str(&b), want);
    return want.n > 0;
}

static void test_end_point_by_signature(void)
{
    static const struct {
        const char *name, *key, *sign, *hash;
    } kinds[] = {
        {"rsa256", "rsa:2048", "-sha256", "sha256"},
        {"rsa384", "rsa:2048", "-sha384", "sha384"},
        {"rsa512", "rsa:2048", "-sha512", "sha512"},
        {"rsa1", "rsa:2048", "-sha1", "sha256"},
        {"ec256", "ec -pkeyopt ec_paramgen_curve:P-256", "-sha256", "sha256"},
        {"ec384", "ec -pkeyopt ec_paramgen_curve:P-384", "-sha384", "sha384"},
        {"pss256", "rsa:2048", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
         "sha256"},
        {"pss384", "rsa:2048", "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48",
         "sha384"},
    };
    for (isize i = 0; i < COUNT(kinds); i++) {
        char line[400];
        snprintf(line, sizeof line,
                 "openssl req -x509 -newkey %s -nodes %s -days 30 -subj /CN=localhost -keyout "
                 "%s.key -out %s.pem",
                 kinds[i].key, kinds[i].sign, kinds[i].name, kinds[i].name);
        CHECK(run(line));
        for (int v = 2; v <= 3; v++) {
            u8 got[TLS_END_POINT_BYTES];
            struct server s = serve(kinds[i].name, v == 2 ? "-tls1_2" : "-tls1_3");
            isize n = end_point(s.port, -1, got);
            serve_end(&s);
            bool same = n > 0 && fingerprint(kinds[i].name, kinds[i].hash, str_make(got, n));
            CHECK(same);
            if (!same) {
                fprintf(stderr, "%s by TLS 1.%d\n", kinds[i].name, v);
            }
        }
    }
}

// The certificate of the server counts, not that of its issuer; TLS 1.2 keeps it with its ticket.
static void test_end_point_of_a_chain(void)
{
    CHECK(make_root("ca") && make_leaf("leaf", "ca", "rsa:2048", "subjectAltName=DNS:localhost"));
    struct server s = serve("leaf", "-tls1_2 -CAfile ca.pem");
    for (int i = 0; i < 2; i++) {
        u8 got[TLS_END_POINT_BYTES];
        isize n = end_point(s.port, 1, got);
        CHECK(n == 32 && fingerprint("leaf", "sha256", str_make(got, n)));
    }
    serve_end(&s);
}

// What ends without TLS's own ending may be cut; and nothing of a connection stays for the next
// one.
static void check_close(bool polite)
{
    int fd;
    struct server s = polite ? serve("leaf", "-tls1_3") : serve_as("leaf", "-tls1_3");
    struct tls_conn *c = connect_to(s.port, -1, &fd);
    if (polite) {
        CHECK(tls_write(c, S("GET /ca.pem HTTP/1.0\r\n\r\n")) == 24);
    } else {
        CHECK(write(s.in, "hello\n", 6) == 6); // when it comes, all of ours was read
    }
    u8 bytes[100];
    isize got;
    while ((got = tls_read(c, bytes, sizeof bytes)) > 0 || got == OS_AGAIN) {
        if (got == OS_AGAIN) {
            wait_for(fd, false);
        } else if (!polite) {
            kill(s.pid, SIGKILL);
        }
    }
    CHECK(got == 0 && tls_was_cut(c) == !polite);
    tls_close(c);
    struct buf spare = tls_spare(c);
    for (isize i = 0; i < spare.cap; i++) {
        CHECK(spare.p[i] == 0);
    }
    os_close(fd);
    serve_end(&s);
}

static void test_close_says_cut_and_leaves_nothing(void)
{
    check_close(true);
    check_close(false);
}

static const struct test_case cases[] = {
    CASE(test_end_point_of_a_chain),
    CASE(test_close_says_cut_and_leaves_nothing),
    CASE(test_end_point_by_signature),
};

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_tls_binding.%d", (int)getpid());
    arena = arena_over(memory, sizeof memory);
    global = tls_init(&plan, 1);
    int failed = 0;
    if (mkdir(folder, 0700) == 0 && run("openssl version")) {
        failed = test_main(__FILE__, cases, COUNT(cases));
    } else {
        printf("SKIP test_tls_binding there is no openssl program\n");
    }
    char line[100];
    snprintf(line, sizeof line, "rm -rf %s", folder);
    return system(line) != 0 || failed;
}
