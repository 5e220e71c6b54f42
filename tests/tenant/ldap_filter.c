// SPDX-License-Identifier: Apache-2.0
// Filters of LDAP searches (RFC 4511, section 4.5.1.7), with AD's matching rules for bits. Three
// values: what concerns an attribute that the schema does not know is undefined.
#include <string.h>

#include "ldap.h"

#define DEPTH_MAX 40

enum {
    F_AND = 0xA0,
    F_OR = 0xA1,
    F_NOT = 0xA2,
    F_EQUAL = 0xA3,
    F_SUBSTRINGS = 0xA4,
    F_GREATER = 0xA5,
    F_LESS = 0xA6,
    F_PRESENT = 0x87,
    F_APPROX = 0xA8,
    F_EXTENSIBLE = 0xA9
};

static str without_options(str attribute)
{
    str name;
    bool found = false;
    str_cut(attribute, ';', &name, &found);
    return name;
}

// `(objectCategory=person)`: the server expands the name of a class to its DN.
static bool is_category(str stored, str wanted)
{
    struct t_buf b = {0};
    t_buf_z(&b, "CN=");
    t_buf_put(&b, wanted);
    t_buf_byte(&b, ',');
    bool same = str_starts_nocase(stored, t_buf_str(&b)) || str_eq_nocase(stored, wanted);
    t_buf_free(&b);
    return same;
}

static bool substrings(str value, str parts)
{
    u8 tag = 0;
    str part;
    while (t_ber_next(&parts, &tag, &part)) {
        if (tag == 0x80) {
            if (!str_starts_nocase(value, part)) {
                return false;
            }
            value = str_from_index(value, part.n);
        } else if (tag == 0x82) {
            return value.n >= part.n &&
                   str_eq_nocase(str_from_index(value, value.n - part.n), part);
        } else {
            isize at = 0;
            while (at + part.n <= value.n &&
                   !str_eq_nocase(str_slice(value, at, at + part.n), part)) {
                at++;
            }
            if (at + part.n > value.n) {
                return false;
            }
            value = str_from_index(value, at + part.n);
        }
    }
    return true;
}

static bool bits(str rule, str value, str wanted)
{
    i64 a = 0, b = 0;
    if (!str_to_i64(value, &a) || !str_to_i64(wanted, &b)) {
        return false;
    }
    return str_eq(rule, S("1.2.840.113556.1.4.803")) ? (a & b) == b : (a & b) != 0;
}

static int order(str a, str b)
{
    i64 x = 0, y = 0;
    if (str_to_i64(a, &x) && str_to_i64(b, &y)) {
        return x < y ? -1 : x > y;
    }
    return str_compare(a, b);
}

struct leaf {
    u8 tag;
    str attribute, value, rule;
};

static bool read_leaf(u8 tag, str content, struct leaf *l)
{
    *l = (struct leaf){.tag = tag};
    if (tag == F_PRESENT) {
        l->attribute = content;
        return content.n > 0;
    }
    if (tag == F_EXTENSIBLE) {
        u8 part = 0;
        str s;
        while (t_ber_next(&content, &part, &s)) {
            *(part == 0x81 ? &l->rule : part == 0x82 ? &l->attribute : &l->value) = s;
            if (part == 0x84) {
                l->value = (str){0};
            }
        }
        return content.n == 0 && l->attribute.n > 0;
    }
    u8 second = tag == F_SUBSTRINGS ? 0x30 : 0x04;
    bool known = tag == F_EQUAL || tag == F_SUBSTRINGS || tag == F_GREATER || tag == F_LESS ||
                 tag == F_APPROX;
    return known && t_ber_take(&content, 0x04, &l->attribute) && l->attribute.n > 0 &&
           t_ber_take(&content, second, &l->value) && content.n == 0;
}

static bool matches(const struct leaf *l, str attribute, str value)
{
    switch (l->tag) {
    case F_PRESENT:
        return true;
    case F_SUBSTRINGS:
        return substrings(value, l->value);
    case F_GREATER:
        return order(value, l->value) >= 0;
    case F_LESS:
        return order(value, l->value) <= 0;
    default:
        break;
    }
    if (l->rule.n > 0) {
        return bits(l->rule, value, l->value);
    }
    return str_eq_nocase(attribute, S("objectCategory")) ? is_category(value, l->value)
                                                         : str_eq_nocase(value, l->value);
}

static int decide(struct tenant *t, i64 entry, const struct leaf *l)
{
    str attribute = without_options(l->attribute);
    if (!t_ldap_attribute_known(attribute)) {
        return -1;
    }
    struct t_buf value = {0};
    int result = 0;
    for (int n = 0; result == 0 && t_ldap_entry_value(t, entry, attribute, n, &value); n++) {
        result = matches(l, attribute, t_buf_str(&value)) ? 1 : 0;
    }
    t_buf_free(&value);
    return result;
}

struct level {
    u8 tag;
    str rest;
    int value;
};

static int combine(u8 tag, int so_far, int next)
{
    if (tag == F_NOT) {
        return next < 0 ? -1 : !next;
    }
    if (tag == F_AND) {
        return so_far == 0 || next == 0 ? 0 : so_far < 0 || next < 0 ? -1 : 1;
    }
    return so_far == 1 || next == 1 ? 1 : so_far < 0 || next < 0 ? -1 : 0;
}

// entry < 0: only the form. The levels of and, or and not are a stack, not calls.
static int walk(struct tenant *t, i64 entry, str filter)
{
    struct level levels[DEPTH_MAX];
    int depth = 0, value = 0;
    str rest = filter;
    for (bool first = true; first || depth > 0;) {
        u8 tag = 0;
        str content;
        struct level *top = depth > 0 ? &levels[depth - 1] : NULL;
        if (top && top->rest.n == 0) { // this one is complete
            value = top->value;
            depth--;
            if (depth > 0) {
                levels[depth - 1].value = combine(levels[depth - 1].tag, levels[depth - 1].value,
                                                  value);
            }
            continue;
        }
        if (!t_ber_next(top ? &top->rest : &rest, &tag, &content)) {
            return -2;
        }
        first = false;
        if (tag == F_AND || tag == F_OR || tag == F_NOT) {
            if (depth == DEPTH_MAX || (tag == F_NOT && content.n == 0)) {
                return -2;
            }
            levels[depth++] = (struct level){tag, content, tag == F_AND ? 1 : 0};
            continue;
        }
        struct leaf l;
        if (!read_leaf(tag, content, &l)) {
            return -2;
        }
        value = entry < 0 ? 0 : decide(t, entry, &l);
        if (top) {
            top->value = combine(top->tag, top->value, value);
        }
    }
    return rest.n == 0 ? value : -2;
}

int t_ldap_filter(struct tenant *t, i64 entry, str filter)
{
    return walk(t, entry, filter);
}

bool t_ldap_filter_ok(str filter)
{
    return walk(NULL, -1, filter) != -2;
}
