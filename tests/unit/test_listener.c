// SPDX-License-Identifier: Apache-2.0
// service/listener: what counts as a request, and the server itself over real loopback sockets:
// pages, slow and silent clients, more clients than places, the deadline.
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "service/listener.h"

// ---- requests

static const struct {
    const char *head;
    enum listener_verdict verdict;
    int status;
    bool head_only;
    const char *path;
} requests[] = {
    {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", LISTENER_PAGE, 0, false, "/healthz"},
    {"GET /metrics?a=b HTTP/1.0\r\n\r\n", LISTENER_PAGE, 0, false, "/metrics"},
    {"GET / HTTP/1.1\nHost: x\n\n", LISTENER_PAGE, 0, false, "/"},
    {"HEAD /healthz HTTP/1.1\r\nHost: x\r\nA-b: c: d\r\n\r\n", LISTENER_PAGE, 0, true, "/healthz"},
    {"POST /healthz HTTP/1.1\r\n\r\n", LISTENER_BAD, 405, false, NULL},
    {"get /healthz HTTP/1.1\r\n\r\n", LISTENER_BAD, 405, false, NULL},
    {"GET /healthz HTTP/2.0\r\n\r\n", LISTENER_BAD, 505, false, NULL},
    {"GET /healthz\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET  /healthz HTTP/1.1\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET http://x/ HTTP/1.1\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET /a\tb HTTP/1.1\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET /\xc3\xa4 HTTP/1.1\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"G(T / HTTP/1.1\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"\r\n", LISTENER_BAD, 400, false, NULL},
    {"\x16\x03\x01\n", LISTENER_BAD, 400, false, NULL},
    {"GET / HTTP/1.1\r\nno colon\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET / HTTP/1.1\r\n: x\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET / HTTP/1.1\r\n folded: x\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET / HTTP/1.1\r\nA: b\r\n\r\n", LISTENER_BAD, 400, false, NULL}, // no Host
    {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", LISTENER_BAD, 400, false, NULL},
    {"GET / HTTP/1.0\r\nHost: a\r\nHOST:\r\n\r\n", LISTENER_BAD, 400, false, NULL},
};

static void test_requests(void)
{
    for (isize i = 0; i < COUNT(requests); i++) {
        struct listener_request r;
        str in = test_guarded(str_from(requests[i].head));
        CHECK(listener_read(in, &r) == requests[i].verdict);
        CHECK(r.status == requests[i].status && r.head_only == requests[i].head_only);
        if (requests[i].path) {
            CHECK_STR(r.path, str_from(requests[i].path));
        }
    }
}

// However much of it has come: more is wanted until its end, or it is refused for good.
static void test_requests_in_pieces(void)
{
    for (isize i = 0; i < COUNT(requests); i++) {
        str whole = str_from(requests[i].head);
        for (isize n = 0; n < whole.n; n++) {
            struct listener_request r;
            enum listener_verdict v = listener_read(test_guarded(str_slice(whole, 0, n)), &r);
            CHECK(v == LISTENER_MORE || (v == LISTENER_BAD && requests[i].verdict == v));
        }
    }
}

// ---- hosts

static const struct {
    const char *host;
    bool four, six; // own to a listener at 127.0.0.1, at [::1]; both are called mail.example too
} hosts[] = {
    {"localhost", true, true},
    {"LocalHost:9114", true, true},
    {"localhost:", true, true},
    {"mail.example", true, true},
    {"Mail.Example:443", true, true},
    {"127.0.0.1", true, false},
    {"127.0.0.1:1", true, false},
    {"[::1]", false, true},
    {"[::1]:9114", false, true},
    {"[0:0:0:0:0:0:0:1]", false, true},
    {"", false, false},
    {":9114", false, false},
    {"[]", false, false},
    {"::1", false, false},
    {"127.0.0.2", false, false},
    {"127.1", false, false},
    {"0.0.0.0", false, false},
    {"attacker.example", false, false},
    {"localhost.attacker.example", false, false},
    {"localhost.", false, false},
    {"127.0.0.1.attacker.example:9114", false, false},
    {"mail.example.attacker.example", false, false},
    {"localhost:80x", false, false},
    {"localhost:80:80", false, false},
    {"[::1]80", false, false},
    {"[::1", false, false},
    {"localhost, attacker.example", false, false},
    {"user@localhost", false, false},
};

static void test_hosts(void)
{
    struct listener_self four = {.name = S("mail.example")}, six = four, bare = {0};
    CHECK(os_addr_parse(S("127.0.0.1"), &four.at) && os_addr_parse(S("::1"), &six.at));
    CHECK(os_addr_parse(S("127.0.0.1"), &bare.at));
    for (isize i = 0; i < COUNT(hosts); i++) {
        str host = test_guarded(str_from(hosts[i].host));
        CHECK(listener_is_own_host(&four, host) == hosts[i].four);
        CHECK(listener_is_own_host(&six, host) == hosts[i].six);
        if (host.n == 0 || host.p[0] == ':') {
            CHECK(!listener_is_own_host(&bare, host)); // no name is no name
        }
    }
    CHECK(!listener_is_own_host(&bare, S("mail.example")));
    struct listener_request r;
    CHECK(listener_read(S("GET / HTTP/1.1\r\nhost: \t a:1 \r\n\r\n"), &r) == LISTENER_PAGE);
    CHECK(r.has_host);
    CHECK_STR(r.host, S("a:1"));
    CHECK(listener_read(S("GET / HTTP/1.0\r\n\r\n"), &r) == LISTENER_PAGE && !r.has_host);
}

// ---- the server

static u8 memory[KIB(1024)];
static struct listener *server;
static int port;
static int pages;

static int page(void *st, str path, struct buf *body, const char **type)
{
    (void)st;
    (void)type;
    pages++;
    if (str_eq(path, S("/healthz"))) {
        buf_put(body, S("ok\n"));
        return 200;
    }
    if (str_eq(path, S("/large"))) {
        while (body->cap - body->n >= 16) {
            buf_put(body, S("0123456789abcdef"));
        }
        return 200;
    }
    return str_eq(path, S("/ill")) ? 503 : 404;
}

static void start(void)
{
    static struct plan plan;
    static struct arena arena;
    struct os_addr at = {.port = 0};
    CHECK(os_addr_parse(S("127.0.0.1"), &at));
    int fd = os_tcp_listen(&at);
    struct sockaddr_in in;
    socklen_t bytes = sizeof in;
    CHECK(fd >= 0 && getsockname(fd, (struct sockaddr *)&in, &bytes) == 0);
    port = ntohs(in.sin_port);
    memset(memory, 0, sizeof memory);
    arena = arena_over(memory, COUNT(memory));
    plan = (struct plan){.arena = &arena};
    struct listener_self self = {.at = at, .name = S("mail.example")};
    server = listener_init(&plan, fd, &self, page, NULL);
    pages = 0;
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((u16)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    struct timeval limit = {.tv_sec = 5};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

static void turn(i64 now_ms)
{
    struct os_poll list[LISTENER_POLLS];
    int count = listener_list(server, list);
    os_poll(list, count, 20);
    listener_step(server, list, now_ms);
}

static isize answer_of(int fd, char *text, isize cap)
{
    isize n = 0;
    for (int i = 0; i < 400; i++) {
        turn(0);
        isize got = recv(fd, text + n, (size_t)(cap - 1 - n), MSG_DONTWAIT);
        if (got == 0) {
            break;
        }
        n += got > 0 ? got : 0;
    }
    text[n] = 0;
    close(fd);
    return n;
}

static isize ask(const char *request, char *text, isize cap)
{
    int fd = dial();
    CHECK(write(fd, request, strlen(request)) == (isize)strlen(request));
    return answer_of(fd, text, cap);
}

static char text[METRICS_BYTES + 4096];

static void test_pages(void)
{
    start();
    ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 200 OK\r\n", 17) == 0 && strstr(text, "\r\n\r\nok\n"));
    CHECK(strstr(text, "Content-Length: 3\r\n") && strstr(text, "Connection: close\r\n"));
    ask("HEAD /healthz HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", text, COUNT(text));
    CHECK(strstr(text, "Content-Length: 3\r\n") && !strstr(text, "ok\n"));
    ask("GET /nothing HTTP/1.0\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 404 ", 13) == 0);
    ask("GET /ill HTTP/1.0\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 503 ", 13) == 0);
    CHECK(pages == 4);
    ask("POST /healthz HTTP/1.1\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 405 ", 13) == 0 && strstr(text, "Allow: GET, HEAD\r\n"));
    CHECK(pages == 4);
    isize n = ask("GET /large HTTP/1.0\r\n\r\n", text, COUNT(text));
    CHECK(n > METRICS_BYTES && strcmp(text + n - 16, "0123456789abcdef") == 0);
    listener_close(server);
}

// What a page in a browser asks whose name was made to resolve to this host.
static void test_foreign_hosts(void)
{
    start();
    ask("GET /healthz HTTP/1.1\r\nHost: attacker.example:9114\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 421 Misdirected Request\r\n", 34) == 0);
    CHECK(strstr(text, "service.listen_name") && !strstr(text, "ok\n"));
    ask("HEAD /healthz HTTP/1.0\r\nHost:\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 421 ", 13) == 0 && !strstr(text, "service.listen_name"));
    CHECK(pages == 0);
    ask("GET /healthz HTTP/1.1\r\nHost: mail.example\r\n\r\n", text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 200 ", 13) == 0 && pages == 1);
    listener_close(server);
}

static void test_bad_clients(void)
{
    start();
    static char flood[LISTENER_IN_BYTES + 1];
    memset(flood, 'a', sizeof flood - 1);
    memcpy(flood, "GET / HTTP/1.1\r\na: ", 19);
    ask(flood, text, COUNT(text));
    CHECK(strncmp(text, "HTTP/1.1 431 ", 13) == 0);
    int gone = dial(); // comes and goes
    turn(0);
    close(gone);
    turn(0);
    int half = dial(); // half a request, then nothing
    CHECK(write(half, "GET /", 5) == 5);
    turn(0);
    turn(0);
    CHECK(listener_deadline_ms(server) == LISTENER_MS);
    turn(LISTENER_MS - 1);
    CHECK(listener_deadline_ms(server) == LISTENER_MS);
    turn(LISTENER_MS);
    CHECK(listener_deadline_ms(server) == INT64_MAX);
    close(half);
    CHECK(pages == 0);
    listener_close(server);
}

// Silent clients take every place; who comes next waits, and is served when they are overdue.
static void test_more_than_places(void)
{
    start();
    int silent[LISTENER_CONNS];
    for (int i = 0; i < LISTENER_CONNS; i++) {
        silent[i] = dial();
        turn(0);
    }
    struct os_poll list[LISTENER_POLLS];
    CHECK(listener_list(server, list) == LISTENER_POLLS && list[0].fd < 0);
    int fd = dial();
    const char *request = "GET /healthz HTTP/1.0\r\n\r\n";
    CHECK(write(fd, request, strlen(request)) == (isize)strlen(request));
    turn(10);
    CHECK(pages == 0);
    turn(LISTENER_MS);
    answer_of(fd, text, COUNT(text));
    CHECK(pages == 1 && strstr(text, "\r\n\r\nok\n"));
    for (int i = 0; i < LISTENER_CONNS; i++) {
        close(silent[i]);
    }
    listener_close(server);
}

static const struct test_case cases[] = {
    CASE(test_requests),
    CASE(test_requests_in_pieces),
    CASE(test_hosts),
    CASE(test_pages),
    CASE(test_foreign_hosts),
    CASE(test_bad_clients),
    CASE(test_more_than_places),
};

TEST_MAIN(cases)
