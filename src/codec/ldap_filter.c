// SPDX-License-Identifier: Apache-2.0
// Search filters: RFC 4515's text to RFC 4511's BER (see ldap.h). One pass from left to right; the
// filters that are open stand in a table of LDAP_FILTER_DEPTH, there is no recursion. Blanks and
// line ends between filters are passed over, which the RFC does not allow and people write.
#include "codec/ldap.h"

#include "codec/ber.h"

enum {
    LDAP_FILTER_AND = 0xa0,
    LDAP_FILTER_OR = 0xa1,
    LDAP_FILTER_NOT = 0xa2,
    LDAP_FILTER_EQUAL = 0xa3,
    LDAP_FILTER_SUBSTRINGS = 0xa4,
    LDAP_FILTER_GREATER = 0xa5,
    LDAP_FILTER_LESS = 0xa6,
    LDAP_FILTER_PRESENT = 0x87,
    LDAP_FILTER_APPROX = 0xa8,
    LDAP_FILTER_EXTENSIBLE = 0xa9,
};

// 2.5.4.3, cn, mail;lang-en
static bool ldap_filter_is_attribute(str s)
{
    for (isize i = 0; i < s.n; i++) {
        u8 c = str_lower_byte(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !str_is_digit(c) && c != '-' && c != '.' && c != ';') {
            return false;
        }
    }
    return s.n > 0 && s.p[0] != '-' && s.p[0] != '.' && s.p[0] != ';';
}

// One element of a value's bytes, escapes undone. False: a bad escape, or a byte that has to be
// one.
static bool ldap_filter_put_value(struct buf *b, u8 tag, str text)
{
    isize place = ber_open(b, tag);
    for (isize i = 0; i < text.n; i++) {
        u64 c = text.p[i];
        if (c == '\\') {
            if (text.n - i < 3 || !str_to_u64_hex(str_slice(text, i + 1, i + 3), &c)) {
                return false;
            }
            i += 2;
        } else if (c == 0 || c == '(' || c == '*') {
            return false;
        }
        buf_put_byte(b, (u8)c);
    }
    ber_close(b, place);
    return true;
}

static bool ldap_filter_put_substrings(struct buf *b, str attribute, str value)
{
    isize item = ber_open(b, LDAP_FILTER_SUBSTRINGS);
    ber_put(b, BER_OCTETS, attribute);
    isize parts = ber_open(b, BER_SEQUENCE);
    u8 kind = BER_CONTEXT + 0; // the initial one, then any, then the final one
    isize count = 0;
    bool more = true;
    while (more) {
        str part;
        value = str_cut(value, '*', &part, &more);
        kind = more ? kind : BER_CONTEXT + 2;
        count += part.n > 0;
        if (part.n && !ldap_filter_put_value(b, kind, part)) {
            return false;
        }
        kind = BER_CONTEXT + 1;
    }
    ber_close(b, parts);
    ber_close(b, item);
    return count > 0;
}

// `left` is what stands before `:=`: attribute, :dn and :rule, of which one of the names is needed.
static bool ldap_filter_put_extensible(struct buf *b, str left, str value)
{
    str attribute, rule = {0};
    bool more, dn = false;
    str rest = str_cut(left, ':', &attribute, &more);
    if (more) {
        str part, behind = str_cut(rest, ':', &part, &more);
        dn = str_eq_nocase(part, S("dn"));
        rule = dn ? behind : rest;
        if (!ldap_filter_is_attribute(rule) && !(dn && !more)) {
            return false;
        }
    }
    if (attribute.n ? !ldap_filter_is_attribute(attribute) : !rule.n) {
        return false;
    }
    isize item = ber_open(b, LDAP_FILTER_EXTENSIBLE);
    if (rule.n) {
        ber_put(b, BER_CONTEXT + 1, rule);
    }
    if (attribute.n) {
        ber_put(b, BER_CONTEXT + 2, attribute);
    }
    bool good = ldap_filter_put_value(b, BER_CONTEXT + 3, value);
    if (dn) {
        ber_put_bool(b, BER_CONTEXT + 4, true);
    }
    ber_close(b, item);
    return good;
}

// What stands between a pair of parentheses without others in it.
static bool ldap_filter_put_item(struct buf *b, str text)
{
    str left;
    bool found;
    str value = str_cut(text, '=', &left, &found);
    if (!found || !left.n) {
        return false;
    }
    u8 last = left.p[left.n - 1];
    u8 tag = last == '~'   ? LDAP_FILTER_APPROX
             : last == '>' ? LDAP_FILTER_GREATER
             : last == '<' ? LDAP_FILTER_LESS
             : last == ':' ? LDAP_FILTER_EXTENSIBLE
                           : LDAP_FILTER_EQUAL;
    str attribute = str_slice(left, 0, left.n - (tag != LDAP_FILTER_EQUAL));
    if (tag == LDAP_FILTER_EXTENSIBLE) {
        return ldap_filter_put_extensible(b, attribute, value);
    }
    if (!ldap_filter_is_attribute(attribute)) {
        return false;
    }
    if (tag == LDAP_FILTER_EQUAL && str_eq(value, S("*"))) {
        ber_put(b, LDAP_FILTER_PRESENT, attribute);
        return true;
    }
    if (tag == LDAP_FILTER_EQUAL && str_find_byte(value, '*') >= 0) {
        return ldap_filter_put_substrings(b, attribute, value);
    }
    isize item = ber_open(b, tag);
    ber_put(b, BER_OCTETS, attribute);
    bool good = ldap_filter_put_value(b, BER_OCTETS, value);
    ber_close(b, item);
    return good;
}

struct ldap_filter_level {
    isize place;
    bool one; // `!`, and the whole text: exactly one filter
    bool any; // there is one already
};

err ldap_put_filter(struct buf *b, str text)
{
    struct ldap_filter_level levels[LDAP_FILTER_DEPTH + 1] = {{.one = true}};
    isize depth = 0;
    for (isize at = 0; at < text.n; at++) {
        u8 c = text.p[at];
        struct ldap_filter_level *level = &levels[depth];
        if (str_is_space(c)) {
            continue;
        }
        if (c == ')' && depth > 0 && level->any) {
            ber_close(b, level->place);
            depth--;
            continue;
        }
        if (c != '(' || (level->one && level->any)) {
            return FAIL(LDAP_FILTER);
        }
        level->any = true;
        str rest = str_from_index(text, at + 1);
        u8 op = rest.n ? rest.p[0] : 0;
        if (op == '&' || op == '|' || op == '!') {
            if (depth == LDAP_FILTER_DEPTH) {
                return FAIL(LDAP_FILTER);
            }
            u8 tag = op == '&' ? LDAP_FILTER_AND : op == '|' ? LDAP_FILTER_OR : LDAP_FILTER_NOT;
            levels[++depth] = (struct ldap_filter_level){ber_open(b, tag), op == '!', false};
            at++;
            continue;
        }
        isize end = str_find_byte(rest, ')');
        if (end < 0 || !ldap_filter_put_item(b, str_slice(rest, 0, end))) {
            return FAIL(LDAP_FILTER);
        }
        at += 1 + end;
    }
    return depth == 0 && levels[0].any ? OK : FAIL(LDAP_FILTER);
}
