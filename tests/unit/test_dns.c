// SPDX-License-Identifier: Apache-2.0
// Tests of the resolver: packets at a guard page, the two text files, and the query machine against
// two name servers on loopback (a forked child), whose behaviour follows from the name that is
// asked for. Every query that they get is noted in shared memory, so that order and number can be
// checked.
#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "net/dns.h"

// ---- the name servers

enum { QUERIES_MAX = 64, SERVERS = 2 };

struct note {
    char name[DNS_NAME_BYTES];
    int server;
    bool tcp, aaaa;
};

struct shared {
    int count;
    struct note notes[QUERIES_MAX];
};

static struct shared *shared;
static u16 server_ports[SERVERS];

static void put_u16(struct buf *b, unsigned v)
{
    buf_put_byte(b, (u8)(v >> 8));
    buf_put_byte(b, (u8)v);
}

// A record owned by the name at `owner` (an offset into the packet).
static void put_record(struct buf *b, unsigned owner, unsigned type, str data)
{
    put_u16(b, 0xc000 | owner);
    put_u16(b, type);
    put_u16(b, 1);
    put_u16(b, 0);
    put_u16(b, 60);
    put_u16(b, (unsigned)data.n);
    buf_put(b, data);
}

static void put_a(struct buf *b, unsigned owner, u8 last)
{
    put_record(b, owner, 1, str_make((u8[]){192, 0, 2, last}, 4));
}

static void put_aaaa(struct buf *b, unsigned owner, u8 last)
{
    put_record(b, owner, 28, str_make((u8[16]){0x20, 1, 0xd, 0xb8, [15] = last}, 16));
}

// Text of the name in a query, and where its question ends.
static isize question_read(str query, char *text)
{
    isize at = 12, n = 0;
    while (at < query.n && query.p[at]) {
        memcpy(text + n, query.p + at + 1, query.p[at]);
        n += query.p[at];
        text[n++] = '.';
        at += 1 + query.p[at];
    }
    text[n ? n - 1 : 0] = 0;
    return at + 5;
}

// Header and question of an answer; the count of answers is written by answer_end().
static void answer_begin(struct buf *b, str query, isize end, unsigned flags)
{
    buf_put(b, str_slice(query, 0, 2));
    put_u16(b, flags);
    buf_put(b, S("\0\1\0\0\0\0\0\0"));
    buf_put(b, str_slice(query, 12, end));
}

enum {
    FLAGS_OK = 0x8180,
    FLAGS_TC = 0x8380,
    FLAGS_SERVFAIL = 0x8182,
    FLAGS_NX = 0x8183,
    FLAGS_REFUSED = 0x8185,
    FLAGS_LAME = 0x8100
};

static void answer_plain(struct buf *b, str query, isize end, bool aaaa)
{
    answer_begin(b, query, end, FLAGS_OK);
    b->p[7] = aaaa ? 1 : 2;
    if (aaaa) {
        put_aaaa(b, 12, 1);
    } else {
        put_a(b, 12, 1);
        put_a(b, 12, 2);
    }
}

// owner -> alias.owner -> end.owner, in an order that needs two walks, by pointers only.
static void answer_cname(struct buf *b, str query, isize end, bool aaaa)
{
    answer_begin(b, query, end, FLAGS_OK);
    b->p[7] = 3;
    unsigned second = (unsigned)b->n + 12; // where the data of the first record begins
    put_record(b, 12, 5, S("\5alias\300\14"));
    unsigned third = (unsigned)b->n + 12;
    u8 target[] = {3, 'E', 'n', 'd', (u8)(0xc0 | second >> 8), (u8)second};
    put_record(b, second, 5, str_make(target, 6));
    if (aaaa) {
        put_aaaa(b, third, 7);
    } else {
        put_a(b, third, 7);
    }
}

static void answer_big(struct buf *b, str query, isize end, bool tcp)
{
    answer_begin(b, query, end, tcp ? FLAGS_OK : FLAGS_TC);
    b->p[7] = tcp ? 10 : 1;
    for (u8 i = 0; i < b->p[7]; i++) {
        put_a(b, 12, (u8)(tcp ? 100 + i : 99));
    }
}

static void send_packet(int fd, const struct sockaddr_in *to, const struct buf *b)
{
    if (to) {
        (void)sendto(fd, b->p, (size_t)b->n, 0, (const struct sockaddr *)to, sizeof *to);
    } else {
        u8 length[2] = {(u8)(b->n >> 8), (u8)b->n};
        (void)send(fd, length, 2, MSG_NOSIGNAL);
        (void)send(fd, b->p, (size_t)b->n, MSG_NOSIGNAL);
    }
}

// The behaviours that are one answer, or none. False: silence.
static bool answer_build(struct buf *b, str query, const struct note *note)
{
    char text[DNS_NAME_BYTES];
    isize end = question_read(query, text);
    str name = str_from(note->name);
    bool empty_a = str_starts(name, S("six.")) && !note->aaaa;
    bool empty_aaaa = (str_starts(name, S("four.")) || str_starts(name, S("big."))) && note->aaaa;
    if (str_starts(name, S("silent.")) || (str_starts(name, S("silent0.")) && note->server == 0) ||
        (str_starts(name, S("mute6.")) && note->aaaa)) {
        return false;
    }
    if (str_starts(name, S("servfail.")) ||
        (str_starts(name, S("servfail0.")) && note->server == 0)) {
        answer_begin(b, query, end, FLAGS_SERVFAIL);
    } else if (str_starts(name, S("lame0.")) && note->server == 0) {
        answer_begin(b, query, end, FLAGS_LAME);
    } else if (str_starts(name, S("refused0.")) && note->server == 0) {
        buf_put(b, str_slice(query, 0, 2));
        put_u16(b, FLAGS_REFUSED);
        buf_put_fill(b, 0, 8);
    } else if (str_starts(name, S("empty.")) || empty_a || empty_aaaa) {
        answer_begin(b, query, end, FLAGS_OK);
    } else if (str_starts(name, S("cname."))) {
        answer_cname(b, query, end, note->aaaa);
    } else if (str_starts(name, S("big.")) || str_starts(name, S("halfbig."))) {
        if (note->tcp && str_starts(name, S("half"))) {
            return false;
        }
        if (note->aaaa) {
            answer_begin(b, query, end, FLAGS_OK);
        } else {
            answer_big(b, query, end, note->tcp);
        }
    } else if (str_starts(name, S("nx")) || str_ends(name, S(".nowhere")) ||
               str_find_byte(name, '.') < 0) {
        answer_begin(b, query, end, FLAGS_NX);
    } else {
        answer_plain(b, query, end, note->aaaa);
    }
    return true;
}

// Forged answers before the right one: another id, another name, too short, no answer at all.
static void send_forged(int fd, const struct sockaddr_in *to, str query, bool aaaa)
{
    char text[DNS_NAME_BYTES];
    u8 space[600];
    isize end = question_read(query, text);
    for (int i = 0; i < 5; i++) {
        struct buf b = buf_over(space, (isize)sizeof space);
        answer_plain(&b, query, end, aaaa);
        b.p[0] ^= i == 0 ? 0x55 : 0;
        b.p[13] ^= i == 1 ? 2 : 0; // a letter of the name
        b.p[2] &= i == 2 ? 0x7f : 0xff;
        b.p[2] |= i == 3 ? 0x08 : 0; // another opcode
        b.n = i == 4 ? 1 : b.n;
        b.p[b.n - 1] = 66;
        send_packet(fd, to, &b);
    }
}

static void serve(int server, int fd, bool tcp)
{
    u8 query[600], space[1200];
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof from;
    isize n = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&from, &from_bytes);
    str q = str_from_index(str_make(query, n < 2 ? 0 : n), tcp && n > 2 ? 2 : 0);
    if (q.n < 12 || shared->count >= QUERIES_MAX) {
        return;
    }
    struct note *note = &shared->notes[shared->count];
    isize end = question_read(q, note->name);
    note->server = server;
    note->tcp = tcp;
    note->aaaa = q.p[end - 3] == 28;
    struct note copy = *note;
    shared->count++;
    if (str_starts(str_from(copy.name), S("forged."))) {
        send_forged(fd, &from, q, copy.aaaa);
    }
    struct buf b = buf_over(space, (isize)sizeof space);
    if (answer_build(&b, q, &copy)) {
        send_packet(fd, tcp ? NULL : &from, &b);
    }
}

static void serve_forever(const int udp[SERVERS], const int tcp[SERVERS])
{
    for (;;) {
        struct pollfd fds[2 * SERVERS];
        for (int i = 0; i < SERVERS; i++) {
            fds[2 * i] = (struct pollfd){.fd = udp[i], .events = POLLIN};
            fds[2 * i + 1] = (struct pollfd){.fd = tcp[i], .events = POLLIN};
        }
        poll(fds, 2 * SERVERS, -1);
        for (int i = 0; i < SERVERS; i++) {
            if (fds[2 * i].revents) {
                serve(i, udp[i], false);
            }
            int fd = fds[2 * i + 1].revents ? accept(tcp[i], NULL, NULL) : -1;
            if (fd >= 0) {
                serve(i, fd, true);
                close(fd);
            }
        }
    }
}

// A UDP and a TCP socket on the same port of loopback.
static bool open_pair(int *udp, int *tcp, u16 *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    *udp = socket(AF_INET, SOCK_DGRAM, 0);
    *tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(*udp, (struct sockaddr *)&at, bytes) ||
        getsockname(*udp, (struct sockaddr *)&at, &bytes) ||
        bind(*tcp, (struct sockaddr *)&at, bytes) || listen(*tcp, 8)) {
        close(*udp);
        close(*tcp);
        return false;
    }
    *port = ntohs(at.sin_port);
    return true;
}

static void servers_start(void)
{
    int udp[SERVERS], tcp[SERVERS];
    if (shared) {
        return;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < SERVERS; i++) {
        while (!open_pair(&udp[i], &tcp[i], &server_ports[i])) {
        }
    }
    fflush(NULL);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_forever(udp, tcp);
    }
    for (int i = 0; i < SERVERS; i++) {
        close(udp[i]);
        close(tcp[i]);
    }
}

// ---- the machine

static struct dns_config test_config(str more)
{
    struct dns_config config;
    u8 space[512];
    struct buf b = buf_over(space, (isize)sizeof space);
    servers_start();
    buf_put(&b, S("nameserver 127.0.0.1\nnameserver 127.0.0.1\n"));
    buf_put(&b, more);
    dns_config_parse(&config, buf_str(&b), S(""));
    config.servers[0].port = server_ports[0];
    config.servers[1].port = server_ports[1];
    config.timeout_ms = 3000; // what must not be waited for shows, even on a busy machine
    shared->count = 0;
    return config;
}

static struct dns_query query; // 5 KiB
static i64 query_took_ms;

static enum dns_state resolve(const struct dns_config *config, const char *name)
{
    i64 start = os_mono_ms();
    dns_query_start(&query, config, str_from(name), 443, start);
    for (;;) {
        struct os_poll list[2];
        int count = dns_query_poll(&query, list, 2);
        os_poll(list, count,
                dns_query_deadline_ms(&query) - os_mono_ms() > 0
                    ? dns_query_deadline_ms(&query) - os_mono_ms()
                    : 0);
        enum dns_state state = dns_query_step(&query, os_mono_ms());
        if (state != DNS_WORKING) {
            query_took_ms = os_mono_ms() - start;
            CHECK(query.fd < 0 && query.tcp_fd < 0);
            return state;
        }
        if (os_mono_ms() - start > 20000) {
            CHECK(!"the query ends");
            dns_query_close(&query);
            return DNS_WORKING;
        }
    }
}

static void check_addrs(int line, const char *want)
{
    u8 space[600];
    struct buf b = buf_over(space, (isize)sizeof space);
    for (int i = 0; i < query.addr_count; i++) {
        buf_put(&b, i ? S(" ") : S(""));
        os_addr_put(&b, &query.addrs[i]);
    }
    test_check_str(__FILE__, line, buf_str(&b), str_from(want));
}

#define CHECK_ADDRS(want) check_addrs(__LINE__, (want))

// The names asked for by UDP, each once for its two types, with the server: "a.test@0 a.test@1".
static void check_asked(int line, const char *want)
{
    u8 space[2048];
    struct buf b = buf_over(space, (isize)sizeof space);
    for (int i = 0; i < shared->count; i++) {
        const struct note *n = &shared->notes[i];
        if (!n->tcp && !n->aaaa) {
            buf_put(&b, b.n ? S(" ") : S(""));
            buf_put(&b, str_from(n->name));
            buf_put(&b, n->server ? S("@1") : S("@0"));
        }
    }
    test_check_str(__FILE__, line, buf_str(&b), str_from(want));
}

#define CHECK_ASKED(want) check_asked(__LINE__, (want))

static void test_query_both_families_alternate(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "two.test") == DNS_FOUND);
    CHECK_ADDRS("[2001:db8::1]:443 192.0.2.1:443 192.0.2.2:443");
    CHECK(shared->count == 2);
}

static void test_query_one_family(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "six.test") == DNS_FOUND);
    CHECK_ADDRS("[2001:db8::1]:443");
    CHECK(resolve(&config, "four.test.") == DNS_FOUND);
    CHECK_ADDRS("192.0.2.1:443 192.0.2.2:443");
}

static void test_query_cname_chain(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "cname.test") == DNS_FOUND);
    CHECK_ADDRS("[2001:db8::7]:443 192.0.2.7:443");
}

static void test_query_truncated_goes_to_tcp(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "big.test") == DNS_FOUND);
    CHECK(query.addr_count == DNS_ADDRS_MAX);
    CHECK(query.addrs[0].ip[3] == 100 && query.addrs[7].ip[3] == 107);
    CHECK(shared->count == 3 && shared->notes[2].tcp);
}

static void test_query_truncated_without_tcp_uses_what_came(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "halfbig.test") == DNS_FOUND);
    CHECK_ADDRS("192.0.2.99:443");
}

static void test_query_forged_answers_are_ignored(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "forged.test") == DNS_FOUND);
    CHECK_ADDRS("[2001:db8::1]:443 192.0.2.1:443 192.0.2.2:443");
}

static void test_query_silent_server_next_one(void)
{
    struct dns_config config = test_config(S(""));
    config.timeout_ms = 500;
    CHECK(resolve(&config, "silent0.test") == DNS_FOUND);
    CHECK_ASKED("silent0.test@0 silent0.test@1");
    CHECK(query_took_ms >= 500 && query_took_ms < 1000);
}

static void test_query_failing_server_next_one_at_once(void)
{
    struct dns_config config = test_config(S(""));
    const char *names[] = {"servfail0.test", "lame0.test", "refused0.test"};
    for (isize i = 0; i < COUNT(names); i++) {
        CHECK(resolve(&config, names[i]) == DNS_FOUND);
        CHECK(query_took_ms < 2500 && query.addr_count == 3);
    }
    CHECK_ASKED("servfail0.test@0 servfail0.test@1 lame0.test@0 lame0.test@1 "
                "refused0.test@0 refused0.test@1");
}

static void test_query_all_silent(void)
{
    struct dns_config config = test_config(S("options attempts:2\nsearch corp.test"));
    config.timeout_ms = 150;
    CHECK(resolve(&config, "silent.test") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_NO_ANSWER);
    CHECK_ASKED("silent.test@0 silent.test@1 silent.test@0 silent.test@1");
    CHECK(query_took_ms >= 600 && query_took_ms < 3000);
}

static void test_query_all_fail(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "servfail.test") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_SERVER_FAILED);
    CHECK(err_class(query.error) == ERR_CLASS_RETRY);
}

static void test_query_nobody_listens(void)
{
    struct dns_config config = test_config(S(""));
    int udp, tcp;
    CHECK(open_pair(&udp, &tcp, &config.servers[0].port));
    close(udp); // now its port is refused by ICMP
    close(tcp);
    CHECK(resolve(&config, "two.test") == DNS_FOUND);
    CHECK(query_took_ms < 2500);
    config.server_count = 1;
    CHECK(resolve(&config, "two.test") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_NO_ANSWER);
    CHECK(query_took_ms < 2500);
}

static void test_query_second_type_is_not_waited_for_long(void)
{
    struct dns_config config = test_config(S(""));
    config.timeout_ms = 10000;
    CHECK(resolve(&config, "mute6.test") == DNS_FOUND);
    CHECK_ADDRS("192.0.2.1:443 192.0.2.2:443");
    CHECK(query_took_ms >= DNS_SECOND_WAIT_MS && query_took_ms < 8000);
}

static void test_query_no_such_name_says_what_to_do(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "nx.test") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_NO_NAME);
    CHECK(err_class(query.error) == ERR_CLASS_CONFIG);
    CHECK(str_find(str_from(err_todo(query.error)), S("/etc/resolv.conf")) >= 0);
    CHECK(shared->count == 2);
}

static void test_query_no_data(void)
{
    struct dns_config config = test_config(S(""));
    CHECK(resolve(&config, "empty.test") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_NO_ADDRESS);
}

static void test_query_search_list_order(void)
{
    struct dns_config config = test_config(S("search x.nowhere lab.test corp.test\n"));
    CHECK(resolve(&config, "host") == DNS_FOUND);
    CHECK_ASKED("host.x.nowhere@0 host.lab.test@0");
    shared->count = 0;
    CHECK(resolve(&config, "nx.one") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_NO_NAME);
    CHECK_ASKED("nx.one@0 nx.one.x.nowhere@0 nx.one.lab.test@0 nx.one.corp.test@0");
    shared->count = 0;
    CHECK(resolve(&config, "nx.one.") == DNS_FAILED);
    CHECK_ASKED("nx.one@0");
}

static void test_query_search_ndots(void)
{
    struct dns_config config = test_config(S("search svc.nowhere\noptions ndots:5\n"));
    CHECK(resolve(&config, "two.test") == DNS_FOUND);
    CHECK_ASKED("two.test.svc.nowhere@0 two.test@0");
}

static void test_query_search_goes_on_after_problem_and_no_data(void)
{
    struct dns_config config = test_config(S("search corp.test x.nowhere\n"));
    CHECK(resolve(&config, "servfail") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_SERVER_FAILED);
    CHECK(resolve(&config, "empty") == DNS_FAILED);
    CHECK_ERR(query.error, DNS_NO_ADDRESS);
}

static void test_query_bad_names(void)
{
    struct dns_config config = test_config(S("search corp.test\n"));
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    const char *names[] = {"", ".", "a..b", "-\xc3\xa9.test", "a b", "192.0.2.256", longest, "a/b"};
    for (isize i = 0; i < COUNT(names); i++) {
        CHECK(resolve(&config, names[i]) == DNS_FAILED);
        CHECK_ERR(query.error, DNS_BAD_NAME);
    }
    CHECK(shared->count == 0);
}

static void test_query_literals_and_hosts_ask_nobody(void)
{
    struct dns_config config = test_config(S(""));
    config.hosts = S("# nothing\n192.0.2.9\tMail.Example.COM mail # alias\n"
                     "2001:db8::9 mail\n10.0.0.1 other\nnonsense mail\n\n198.51.100.1 mail");
    CHECK(resolve(&config, "192.0.2.5") == DNS_FOUND);
    CHECK_ADDRS("192.0.2.5:443");
    CHECK(resolve(&config, "2001:db8::5") == DNS_FOUND);
    CHECK_ADDRS("[2001:db8::5]:443");
    CHECK(resolve(&config, "MAIL") == DNS_FOUND);
    CHECK_ADDRS("[2001:db8::9]:443 192.0.2.9:443 198.51.100.1:443");
    CHECK(resolve(&config, "mail.example.com.") == DNS_FOUND);
    CHECK_ADDRS("192.0.2.9:443");
    CHECK(resolve(&config, "localhost") == DNS_FOUND);
    CHECK_ADDRS("[::1]:443 127.0.0.1:443");
    CHECK(shared->count == 0);
}

static const struct test_case cases[] = {
    CASE(test_query_both_families_alternate),
    CASE(test_query_one_family),
    CASE(test_query_cname_chain),
    CASE(test_query_truncated_goes_to_tcp),
    CASE(test_query_truncated_without_tcp_uses_what_came),
    CASE(test_query_forged_answers_are_ignored),
    CASE(test_query_silent_server_next_one),
    CASE(test_query_failing_server_next_one_at_once),
    CASE(test_query_all_silent),
    CASE(test_query_all_fail),
    CASE(test_query_nobody_listens),
    CASE(test_query_second_type_is_not_waited_for_long),
    CASE(test_query_no_such_name_says_what_to_do),
    CASE(test_query_no_data),
    CASE(test_query_search_list_order),
    CASE(test_query_search_ndots),
    CASE(test_query_search_goes_on_after_problem_and_no_data),
    CASE(test_query_bad_names),
    CASE(test_query_literals_and_hosts_ask_nobody),
};

TEST_MAIN(cases)
