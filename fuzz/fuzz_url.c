// SPDX-License-Identifier: Apache-2.0
// Aimed at url_parse(), url_parse_ldap(), url_put_encoded(), url_put_form(), url_put_decoded().
// What is a URL, and where its parts lie, is also said by one regular expression of libc;
// percent-encoding is undone by a decoder of sscanf(), and by ours. What was split holds nothing
// that could end a header line, and put together again it is split the same way.
#include "codec/url.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SCHEME = 1, USER = 3, PASSWORD = 5, V6 = 7, NAME = 8, PORT = 10, PATH = 11, PARTS = 13 };

static const char pattern[] = "^(https?)://"
                              "(([^:@/?#]*)(:([^@/?#]*))?@)?"
                              "(\\[([0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*)\\]|([a-z0-9._-]+))"
                              "(:([0-9]*))?"
                              "(/[^#]*)?(#.*)?$";

static str part(const char *text, const regmatch_t *m)
{
    return m->rm_so < 0 ? (str){0} : str_make(text + m->rm_so, m->rm_eo - m->rm_so);
}

static bool reference(const char *text, regmatch_t *m)
{
    static regex_t regex;
    static bool ready;
    if (!ready) {
        ASSERT(regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE) == 0);
        ready = true;
    }
    if (regexec(&regex, text, PARTS, m, 0) != 0) {
        return false;
    }
    str port = part(text, &m[PORT]);
    long long number = port.n ? strtoll((const char *)port.p, NULL, 10) : 80; // caps what is long
    return number >= 1 && number <= 65535 && part(text, &m[NAME]).n <= 255;
}

static void check_parse(str in)
{
    static char text[IN_MAX + 1];
    regmatch_t m[PARTS];
    struct url u, v;
    bool printable = true;
    for (isize i = 0; i < in.n; i++) {
        printable = printable && in.p[i] > ' ' && in.p[i] < 0x7f;
    }
    struct buf copy = buf_over(text, IN_MAX);
    buf_put(&copy, in);
    text[copy.n] = 0;
    bool good = err_ok(url_parse(in, &u));
    ASSERT(good == (printable && reference(text, m)));
    if (!good) {
        return;
    }
    ASSERT(u.tls == (part(text, &m[SCHEME]).n == 5));
    ASSERT(str_eq(u.user, part(text, &m[USER])) && str_eq(u.password, part(text, &m[PASSWORD])));
    ASSERT(u.host_is_v6_literal == (m[V6].rm_so >= 0));
    ASSERT(str_eq(u.host, part(text, &m[u.host_is_v6_literal ? V6 : NAME])));
    str port = part(text, &m[PORT]), path = part(text, &m[PATH]);
    ASSERT(u.port == (port.n ? atoi((const char *)port.p) : u.tls ? 443 : 80));
    ASSERT(str_eq(u.path, path.n ? path : S("/")));

    static char joined[IN_MAX + 64];
    int n = snprintf(joined, sizeof joined, "%s://%.*s:%.*s@%s%.*s%s:%d%.*s",
                     u.tls ? "https" : "http", (int)u.user.n, (const char *)u.user.p,
                     (int)u.password.n, (const char *)u.password.p, u.host_is_v6_literal ? "[" : "",
                     (int)u.host.n, (const char *)u.host.p, u.host_is_v6_literal ? "]" : "", u.port,
                     (int)u.path.n, (const char *)u.path.p);
    ASSERT(err_ok(url_parse(str_make(joined, n), &v)) && str_eq(u.host, v.host));
    ASSERT(u.tls == v.tls && u.port == v.port && str_eq(u.path, v.path));
    ASSERT(str_eq(u.user, v.user) && str_eq(u.password, v.password));
    // That of a directory differs in its scheme, and has no path.
    ASSERT(!err_ok(url_parse_ldap(in, &v)));
    memcpy(joined, u.tls ? "ldaps" : "ldap", u.tls ? 5 : 4);
    ASSERT(err_ok(url_parse_ldap(str_make(joined, n), &v)) == (u.path.n == 1));
    ASSERT(u.path.n != 1 || (v.ldap && v.tls == u.tls && v.port == u.port));
}

// Decodes by libc; false at a bad escape.
static bool decode(str in, struct buf *out)
{
    for (isize i = 0; i < in.n; i++) {
        unsigned value = in.p[i];
        if (value == '%') {
            char digits[3] = {0};
            memcpy(digits, in.p + i + 1, (size_t)(in.n - i > 2 ? 2 : in.n - i - 1));
            if (strspn(digits, "0123456789abcdefABCDEF") != 2 ||
                sscanf(digits, "%x", &value) != 1) {
                return false;
            }
            i += 2;
        }
        buf_put_byte(out, (u8)value);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 encoded[3 * IN_MAX], decoded[IN_MAX], want[IN_MAX];
    str in = {p, (isize)n};
    if (n < 1 || in.n > IN_MAX) {
        return 0;
    }
    check_parse(in);
    struct buf e = buf_over(encoded, sizeof encoded), d = buf_over(decoded, sizeof decoded);
    struct buf w = buf_over(want, sizeof want);
    url_put_encoded(&e, in);
    ASSERT(url_put_decoded(&d, buf_str(&e)) && str_eq(buf_str(&d), in));
    ASSERT(decode(buf_str(&e), &w) && str_eq(buf_str(&w), in));
    for (isize i = 0; i < e.n; i++) { // RFC 3986, section 2.3
        ASSERT(
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%", e.p[i]));
    }
    buf_reset(&e);
    url_put_form(&e, in);
    ASSERT(!e.full);
    for (isize i = 0; i < e.n; i++) {
        e.p[i] = e.p[i] == '+' ? ' ' : e.p[i];
    }
    buf_reset(&d);
    ASSERT(url_put_decoded(&d, buf_str(&e)) && str_eq(buf_str(&d), in));
    buf_reset(&d);
    buf_reset(&w);
    bool good = url_put_decoded(&d, in);
    ASSERT(good == decode(in, &w) && !d.full);
    ASSERT(good ? str_eq(buf_str(&d), buf_str(&w)) : d.n == 0);
    return 0;
}
