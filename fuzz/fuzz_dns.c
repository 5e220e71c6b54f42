// SPDX-License-Identifier: Apache-2.0
// Aimed at dns_read_answer(), dns_packet_read(), dns_name_parse(), dns_config_parse(),
// dns_hosts_find(). The first byte chooses what the rest is: an answer for A, an answer for AAAA
// (both with the id that was asked with, so that the fuzzer gets past it), resolv.conf, hosts, a
// name. The text files are read a second time with strtok_r() and inet_pton(): both find the
// same.
#define _GNU_SOURCE // strtok_r
#include "net/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PACKET_MAX = 4096, NAMES = 3 };

static const char *const names[NAMES] = {"mail.example", "a", "x.y.z.w"};

static void run_packet(str in, bool aaaa)
{
    static struct dns_query q;
    static u8 packet[PACKET_MAX];
    memset(&q, 0, sizeof q);
    memcpy(packet, in.p, (size_t)in.n);
    packet[0] = 0x12;
    packet[1] = 0x34;
    for (int i = 0; i < NAMES; i++) {
        struct dns_side *side = &q.sides[aaaa];
        *side = (struct dns_side){.id = 0x1234};
        ASSERT(err_ok(dns_name_parse(str_from(names[i]), &q.asked)));
        bool answer = dns_read_answer(&q, str_make(packet, in.n), 0x1234, aaaa);
        ASSERT(answer == (side->state != DNS_SIDE_ASKED));
        ASSERT(side->found.count >= 0 && side->found.count <= DNS_ADDRS_MAX);
        ASSERT((side->state == DNS_SIDE_FOUND) <= (side->found.count > 0));
        ASSERT(side->found.count == 0 || side->state == DNS_SIDE_FOUND ||
               side->state == DNS_SIDE_TRUNCATED);
        ASSERT(!dns_read_answer(&q, str_make(packet, in.n), 0x1235, aaaa));
        ASSERT(q.sides[!aaaa].found.count == 0);
    }
}

// ---- the text files, read with libc

#define BLANKS " \t\r"

struct text {
    char bytes[PACKET_MAX + 1];
    char *rest; // behind the current line
};

static void text_start(struct text *t, str in)
{
    memcpy(t->bytes, in.p, (size_t)in.n);
    t->bytes[in.n] = 0;
    t->rest = t->bytes;
}

// The next line without its comment; NULL at the end.
static char *text_line(struct text *t, const char *comment)
{
    char *line = t->rest;
    if (line) {
        char *end = strchr(line, '\n');
        t->rest = end ? end + 1 : NULL;
        if (end) {
            *end = 0;
        }
        line[strcspn(line, comment)] = 0;
    }
    return line;
}

static int option(const char *word, const char *name, int low, int high, int value)
{
    size_t n = strlen(name), digits = strlen(word) < n ? 0 : strspn(word + n, "0123456789");
    if (strncmp(word, name, n) != 0 || !digits || word[n + digits]) {
        return value;
    }
    errno = 0;
    unsigned long long found = strtoull(word + n, NULL, 10);
    if (errno) {
        return value; // what no u64 holds is passed over
    }
    return found < (unsigned)low ? low : found > (unsigned)high ? high : (int)found;
}

struct resolv {
    u8 servers[DNS_SERVERS_MAX][17]; // family and address
    char search[DNS_SEARCH_MAX][DNS_NAME_BYTES];
    int server_count, search_count, ndots, timeout_s, attempts;
};

static void resolv_server(struct resolv *r, const char *word)
{
    u8 ip[16] = {0};
    bool v6 = word && inet_pton(AF_INET6, word, ip) == 1;
    if (word && r->server_count < DNS_SERVERS_MAX && (v6 || inet_pton(AF_INET, word, ip) == 1)) {
        r->servers[r->server_count][0] = v6;
        memcpy(r->servers[r->server_count++] + 1, ip, 16);
    }
}

static void resolv_search(struct resolv *r, char *word, char **state)
{
    r->search_count = 0;
    for (; word; word = state ? strtok_r(NULL, BLANKS, state) : NULL) {
        struct dns_name name;
        size_t n = strlen(word);
        n -= n && word[n - 1] == '.';
        if (r->search_count < DNS_SEARCH_MAX &&
            err_ok(dns_name_parse(str_make(word, (isize)n), &name))) {
            memcpy(r->search[r->search_count], word, n);
            r->search[r->search_count++][n] = 0;
        }
    }
}

static void resolv_read(struct resolv *r, struct text *t)
{
    *r = (struct resolv){.ndots = 1, .timeout_s = 5, .attempts = 2};
    for (char *line; (line = text_line(t, "#;"));) {
        char *state;
        char *key = strtok_r(line, BLANKS, &state);
        char *word = key ? strtok_r(NULL, BLANKS, &state) : NULL;
        if (key && strcmp(key, "nameserver") == 0) {
            resolv_server(r, word);
        } else if (key && strcmp(key, "search") == 0) {
            resolv_search(r, word, &state);
        } else if (key && strcmp(key, "domain") == 0) {
            resolv_search(r, word, NULL);
        } else if (key && strcmp(key, "options") == 0) {
            for (; word; word = strtok_r(NULL, BLANKS, &state)) {
                r->ndots = option(word, "ndots:", 0, 15, r->ndots);
                r->timeout_s = option(word, "timeout:", 1, 30, r->timeout_s);
                r->attempts = option(word, "attempts:", 1, 5, r->attempts);
            }
        }
    }
    if (r->server_count == 0) {
        resolv_server(r, "127.0.0.1");
    }
}

static bool has_text(str in)
{
    // The zone of a server is looked up by a system call; libc's strings end at a NUL.
    return str_find_byte(in, '%') < 0 && str_find_byte(in, 0) < 0;
}

static void run_config(str in)
{
    static struct dns_config config;
    static struct text text;
    static struct resolv want;
    if (!has_text(in)) {
        return;
    }
    text_start(&text, in);
    resolv_read(&want, &text);
    memset(&config, 0xA5, sizeof config);
    dns_config_parse(&config, in, (str){0});
    ASSERT(config.server_count == want.server_count && config.search_count == want.search_count);
    ASSERT(config.ndots == want.ndots && config.timeout_ms == want.timeout_s * 1000);
    ASSERT(config.attempts == want.attempts);
    for (int i = 0; i < config.server_count; i++) {
        const struct os_addr *a = &config.servers[i];
        ASSERT(a->v6 == want.servers[i][0] && a->port == 53);
        ASSERT(memcmp(a->ip, want.servers[i] + 1, a->v6 ? 16 : 4) == 0);
    }
    for (int i = 0; i < config.search_count; i++) {
        ASSERT(
            str_eq(str_make(config.search[i], config.search_bytes[i]), str_from(want.search[i])));
    }
}

// Addresses of `name`, by libc; as many of each family as fit.
static void hosts_read(str in, const char *name, struct dns_addresses *v4, struct dns_addresses *v6)
{
    static struct text text;
    text_start(&text, in);
    v4->count = v6->count = 0;
    for (char *line; (line = text_line(&text, "#"));) {
        u8 ip[16] = {0};
        char *state;
        char *word = strtok_r(line, BLANKS, &state);
        bool is4 = word && inet_pton(AF_INET, word, ip) == 1;
        bool is6 = word && !is4 && inet_pton(AF_INET6, word, ip) == 1;
        bool found = false;
        while ((is4 || is6) && (word = strtok_r(NULL, BLANKS, &state))) {
            found = found || strcasecmp(word, name) == 0;
        }
        struct dns_addresses *to = is4 ? v4 : v6;
        if (found && to->count < DNS_ADDRS_MAX) {
            memcpy(to->ip[to->count++], ip, 16);
        }
    }
}

static void run_hosts(str in)
{
    static const char *const asked[] = {"localhost", "mail.example", "a"};
    if (!has_text(in)) {
        return;
    }
    for (isize i = 0; i < COUNT(asked); i++) {
        struct dns_addresses v4, v6, want4, want6;
        bool found = dns_hosts_find(in, str_from(asked[i]), &v4, &v6);
        hosts_read(in, asked[i], &want4, &want6);
        ASSERT(found == (v4.count + v6.count > 0));
        if (i == 0 && want4.count + want6.count == 0) { // it is always known
            ASSERT(v4.count == 1 && v6.count == 1 && v4.ip[0][0] == 127 && v6.ip[0][15] == 1);
            continue;
        }
        ASSERT(v4.count == want4.count && v6.count == want6.count);
        for (int k = 0; k < v4.count; k++) {
            ASSERT(memcmp(v4.ip[k], want4.ip[k], 4) == 0);
        }
        for (int k = 0; k < v6.count; k++) {
            ASSERT(memcmp(v6.ip[k], want6.ip[k], 16) == 0);
        }
    }
}

// A name that is taken comes back whole from its form on the wire.
static void run_name(str in)
{
    struct dns_name name;
    if (!err_ok(dns_name_parse(in, &name))) {
        return;
    }
    ASSERT(name.bytes <= 255 && name.wire[name.bytes - 1] == 0);
    isize at = 0;
    for (int i = 0; name.wire[i]; i += 1 + name.wire[i]) {
        for (int k = 1; k <= name.wire[i]; k++) {
            ASSERT(str_lower_byte(in.p[at++]) == name.wire[i + k]);
        }
        ASSERT(at == in.n || in.p[at] == '.');
        at++;
    }
    ASSERT(at == in.n || at == in.n + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 3 || n > PACKET_MAX) {
        return 0;
    }
    str in = {p + 1, (isize)n - 1};
    switch (p[0] % 5) {
    case 0:
        run_packet(in, false);
        break;
    case 1:
        run_packet(in, true);
        break;
    case 2:
        run_config(in);
        break;
    case 3:
        run_hosts(in);
        break;
    default:
        run_name(in);
        break;
    }
    return 0;
}
