// SPDX-License-Identifier: Apache-2.0
// Splitting URLs and percent-encoding (see url.h).
//
// Stricter than RFC 3986 where the rest of the grammar only helps whoever wants two readers to
// disagree: a host is letters, digits, '-', '.', '_' or an IPv6 literal without a zone; one '@' at
// most; a query needs a path before it.
#include "codec/url.h"

#define URL_HOST_BYTES_MAX 255 // RFC 1035, section 2.3.4

static bool url_is_alnum(u8 c)
{
    u8 lower = str_lower_byte(c);
    return str_is_digit(c) || (lower >= 'a' && lower <= 'z');
}

static isize url_find_first(str s, str any)
{
    for (isize i = 0; i < s.n; i++) {
        if (str_find_byte(any, s.p[i]) >= 0) {
            return i;
        }
    }
    return s.n;
}

struct url_scheme {
    str prefix;
    bool tls;
    u16 port;
};

// One of two schemes: the first has TLS.
static bool url_take_scheme(str *s, const struct url_scheme schemes[2], struct url *out)
{
    for (isize i = 0; i < 2; i++) {
        if (str_starts_nocase(*s, schemes[i].prefix)) {
            *s = str_from_index(*s, schemes[i].prefix.n);
            out->tls = schemes[i].tls;
            out->port = schemes[i].port;
            return true;
        }
    }
    return false;
}

// Takes the host off the front of *s.
static bool url_take_host(str *s, struct url *out)
{
    isize n = 0;
    if (s->n && s->p[0] == '[') {
        isize colons = 0;
        for (n = 1; n < s->n && s->p[n] != ']'; n++) {
            u8 c = s->p[n], lower = str_lower_byte(c);
            colons += c == ':';
            if (!str_is_digit(c) && !(lower >= 'a' && lower <= 'f') && c != ':' && c != '.') {
                return false;
            }
        }
        if (n == s->n || colons < 2) {
            return false;
        }
        out->host = str_slice(*s, 1, n);
        out->host_is_v6_literal = true;
        *s = str_from_index(*s, n + 1);
        return true;
    }
    while (n < s->n && (url_is_alnum(s->p[n]) || str_find_byte(S("-._"), s->p[n]) >= 0)) {
        n++;
    }
    out->host = str_slice(*s, 0, n);
    *s = str_from_index(*s, n);
    return n > 0 && n <= URL_HOST_BYTES_MAX;
}

static err url_parse_by(str s, const struct url_scheme schemes[2], err other, struct url *out)
{
    *out = (struct url){0};
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~') {
            return FAIL(URL_SYNTAX);
        }
    }
    if (!url_take_scheme(&s, schemes, out)) {
        return other;
    }
    isize authority_bytes = url_find_first(s, S("/?#"));
    str authority = str_slice(s, 0, authority_bytes), rest = str_from_index(s, authority_bytes);
    isize at = str_find_byte(authority, '@');
    if (at >= 0) {
        bool found;
        out->password = str_cut(str_slice(authority, 0, at), ':', &out->user, &found);
        authority = str_from_index(authority, at + 1);
    }
    if (!url_take_host(&authority, out) || (authority.n && authority.p[0] != ':')) {
        return FAIL(URL_SYNTAX);
    }
    u64 port = out->port;
    if (authority.n > 1 && !str_to_u64(str_from_index(authority, 1), &port)) {
        return FAIL(URL_PORT);
    }
    if (port < 1 || port > 65535) {
        return FAIL(URL_PORT);
    }
    out->port = (u16)port;
    out->path = str_slice(rest, 0, url_find_first(rest, S("#")));
    if (out->path.n == 0) {
        out->path = S("/");
    }
    return out->path.p[0] == '/' ? OK : FAIL(URL_SYNTAX);
}

err url_parse(str s, struct url *out)
{
    static const struct url_scheme schemes[] = {{S("https://"), true, 443},
                                                {S("http://"), false, 80}};
    return url_parse_by(s, schemes, FAIL(URL_SCHEME), out);
}

err url_parse_ldap(str s, struct url *out)
{
    static const struct url_scheme schemes[] = {{S("ldaps://"), true, 636},
                                                {S("ldap://"), false, 389}};
    TRY(url_parse_by(s, schemes, FAIL(URL_LDAP), out));
    out->ldap = true;
    return out->path.n == 1 ? OK : FAIL(URL_SYNTAX);
}

static void url_put_escaped(struct buf *b, str s, bool form)
{
    for (isize i = 0; i < s.n; i++) {
        u8 c = s.p[i];
        if (url_is_alnum(c) || str_find_byte(S("-._~"), c) >= 0) {
            buf_put_byte(b, c);
        } else if (form && c == ' ') {
            buf_put_byte(b, '+');
        } else {
            const u8 *digits = S("0123456789ABCDEF").p;
            buf_put(b, (str){(u8[]){'%', digits[c >> 4], digits[c & 15]}, 3});
        }
    }
}

void url_put_encoded(struct buf *b, str s)
{
    url_put_escaped(b, s, false);
}

void url_put_form(struct buf *b, str s)
{
    url_put_escaped(b, s, true);
}

bool url_put_decoded(struct buf *b, str s)
{
    isize start = b->n;
    for (isize i = 0; i < s.n; i++) {
        u64 value = s.p[i];
        if (s.p[i] == '%') {
            if (s.n - i < 3 || !str_to_u64_hex(str_slice(s, i + 1, i + 3), &value)) {
                b->n = start;
                return false;
            }
            i += 2;
        }
        buf_put_byte(b, (u8)value);
    }
    return true;
}
