// SPDX-License-Identifier: Apache-2.0
// Aimed at proxy_is_exempt(), proxy_parse(), proxy_put_request(). The input: a host, a line break,
// NO_PROXY, a line break, the URL of a proxy. Exemptions are also told by a second reading with
// libc; what is asked of the proxy is one clean request, and its credentials decode to those of the
// URL. The answers of proxies are fuzz_exchange's business.
#define _GNU_SOURCE // strsep
#include "net/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/base64.h"
#include "codec/http1.h"

#define IN_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

// ---- the second reading

static int address(const char *text, u8 *ip)
{
    memset(ip, 0, 16);
    return inet_pton(AF_INET, text, ip) == 1 ? 32 : inet_pton(AF_INET6, text, ip) == 1 ? 128 : 0;
}

static bool in_range(char *entry, const u8 *host, int host_bits)
{
    u8 net[16];
    char *slash = strchr(entry, '/');
    size_t n = slash ? (size_t)(slash - entry) : strlen(entry);
    if (slash) {
        *slash = 0;
    }
    if (n > 2 && entry[0] == '[' && entry[n - 1] == ']') {
        entry[n - 1] = 0;
        entry++;
    }
    int bits = address(entry, net), width = bits;
    if (slash) {
        size_t digits = strspn(slash + 1, "0123456789");
        if (!digits || slash[1 + digits] || strlen(slash + 1 + strspn(slash + 1, "0")) > 3) {
            return false;
        }
        width = atoi(slash + 1);
    }
    bool same = bits == host_bits && width <= bits;
    for (int i = 0; same && i < width; i++) {
        same = (((net[i / 8] ^ host[i / 8]) >> (7 - i % 8)) & 1) == 0;
    }
    return same;
}

static bool below(const char *entry, const char *host)
{
    entry += strncmp(entry, "*.", 2) == 0;
    entry += entry[0] == '.';
    size_t n = strlen(entry), all = strlen(host);
    return n && all >= n && strcasecmp(host + all - n, entry) == 0 &&
           (all == n || host[all - n - 1] == '.');
}

static char *trimmed(char *s)
{
    s += strspn(s, " \t\r\n");
    size_t n = strlen(s);
    while (n && strchr(" \t\r\n", s[n - 1])) {
        s[--n] = 0;
    }
    return s;
}

static bool reference(str no_proxy, str host)
{
    char list[IN_MAX + 1] = {0}, name[IN_MAX + 1] = {0};
    u8 ip[16];
    memcpy(list, no_proxy.p, (size_t)no_proxy.n);
    memcpy(name, host.p, (size_t)host.n);
    int bits = address(name, ip);
    size_t n = strlen(name);
    name[n - (n && name[n - 1] == '.')] = 0;
    for (char *left = list, *entry; (entry = strsep(&left, ","));) {
        entry = trimmed(entry);
        n = strlen(entry);
        entry[n - (n > 1 && entry[n - 1] == '.')] = 0;
        if (strcmp(entry, "*") == 0 || (bits ? in_range(entry, ip, bits) : below(entry, name))) {
            return true;
        }
    }
    return false;
}

// ---- requests

static void check_request(const struct proxy *proxy, str host)
{
    static u8 request_bytes[4096];
    struct buf b = buf_over(request_bytes, sizeof request_bytes);
    if (host.n == 0 || host.n > 255 || !http1_is_target(host)) {
        return; // such a host no URL has
    }
    proxy_put_request(&b, proxy, host, 443);
    ASSERT(!b.full);
    str rest = buf_str(&b), line;
    int lines = 0;
    while (rest.n) {
        isize end = str_find(rest, S("\r\n"));
        ASSERT(end >= 0);
        line = str_slice(rest, 0, end);
        rest = str_from_index(rest, end + 2);
        ASSERT(http1_is_field_value(line) && (line.n > 0) == (rest.n > 0));
        ASSERT(lines != 0 || (str_starts(line, S("CONNECT ")) && str_ends(line, S(" HTTP/1.1"))));
        lines++;
    }
    ASSERT(lines == (proxy->authorization.n ? 4 : 3));
}

static void check_proxy(str url, str host)
{
    static u8 storage_bytes[1024], text_bytes[1024], want_bytes[2048];
    struct proxy proxy;
    struct buf storage = buf_over(storage_bytes, sizeof storage_bytes);
    if (!err_ok(proxy_parse(url, &proxy, &storage))) {
        return;
    }
    ASSERT(!proxy.url.tls && proxy.url.host.n > 0);
    if (proxy.authorization.n) {
        struct buf text = buf_over(text_bytes, sizeof text_bytes);
        struct buf want = buf_over(want_bytes, sizeof want_bytes);
        struct base64_decoder d = {0};
        ASSERT(str_starts(proxy.authorization, S("Basic ")));
        base64_decode(&d, &text, str_from_index(proxy.authorization, 6));
        bool good = url_put_decoded(&want, proxy.url.user);
        buf_put_byte(&want, ':');
        good = url_put_decoded(&want, proxy.url.password) && good;
        ASSERT(good && d.ignored == 0 && str_eq(buf_str(&text), buf_str(&want)));
    }
    ASSERT((proxy.authorization.n > 0) == (proxy.url.user.n > 0));
    check_request(&proxy, host);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > IN_MAX || memchr(p, 0, n)) {
        return 0;
    }
    bool found;
    str host, no_proxy;
    str url = str_cut(str_make(p, (isize)n), '\n', &host, &found);
    url = str_cut(url, '\n', &no_proxy, &found);
    // Zones are the system's business (fuzz_dns leaves them out too).
    if (str_find_byte(host, '%') < 0 && str_find_byte(no_proxy, '%') < 0) {
        ASSERT(proxy_is_exempt(no_proxy, host) == reference(no_proxy, host));
    }
    check_proxy(url, host);
    return 0;
}
