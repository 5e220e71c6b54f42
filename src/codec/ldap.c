// SPDX-License-Identifier: Apache-2.0
// LDAP messages both ways (see ldap.h; RFC 4511, section 4; RFC 2696 for pages). Reading is checked
// while it goes: what is malformed anywhere in a known element makes the whole message LDAP_SYNTAX,
// elements behind those that are known are passed over (RFC 4511, section 4).
#include "codec/ldap.h"

#include <limits.h>

#include "codec/ber.h"

enum { // requests, and the context tags within operations
    LDAP_BIND_REQUEST = 0x60,
    LDAP_UNBIND_REQUEST = 0x42,
    LDAP_SEARCH_REQUEST = 0x63,
    LDAP_EXTENDED_REQUEST = 0x77,
    LDAP_CONTROLS = BER_CONTEXT_IN + 0,
    LDAP_SIMPLE = BER_CONTEXT + 0,
    LDAP_SASL = BER_CONTEXT_IN + 3,
    LDAP_RESULT_REFERRAL = BER_CONTEXT_IN + 3,
    LDAP_SASL_CREDENTIALS = BER_CONTEXT + 7,
    LDAP_REQUEST_NAME = BER_CONTEXT + 0,
    LDAP_RESPONSE_NAME = BER_CONTEXT + 10,
};

#define LDAP_VERSION 3
#define LDAP_OID_PAGED S("1.2.840.113556.1.4.319")
#define LDAP_OID_START_TLS S("1.3.6.1.4.1.1466.20037")
#define LDAP_OID_DISCONNECTION S("1.3.6.1.4.1.1466.20036")

err ldap_message_bytes(str in, isize *bytes)
{
    *bytes = 0;
    if (in.n && ber_peek(in) != BER_SEQUENCE) {
        return FAIL(LDAP_SYNTAX);
    }
    enum ber_verdict verdict = ber_element_bytes(in, bytes);
    if (verdict == BER_WHOLE && *bytes > LDAP_MESSAGE_BYTES) {
        return FAIL(LDAP_TOO_LARGE);
    }
    return verdict == BER_BAD ? FAIL(LDAP_SYNTAX) : OK;
}

// ---- reading

static bool ldap_take_int(str *in, u8 tag, int *out)
{
    i64 value;
    if (!ber_take_int(in, tag, &value) || value < 0 || value > INT_MAX) {
        return false;
    }
    *out = (int)value;
    return true;
}

static str ldap_trim_diagnostic(str s)
{
    while (s.n && (s.p[s.n - 1] == 0 || str_is_space(s.p[s.n - 1]))) {
        s.n--;
    }
    return s;
}

// LDAPResult, and what bind and extended responses have behind it.
static bool ldap_read_result(str in, struct ldap_message *out)
{
    if (!ldap_take_int(&in, BER_ENUMERATED, &out->result) ||
        !ber_take(&in, BER_OCTETS, &out->matched_dn) ||
        !ber_take(&in, BER_OCTETS, &out->diagnostic)) {
        return false;
    }
    out->diagnostic = ldap_trim_diagnostic(out->diagnostic);
    while (in.n) {
        u8 tag;
        str content;
        if (!ber_take_any(&in, &tag, &content)) {
            return false;
        }
        if (tag == LDAP_RESULT_REFERRAL && !ber_take(&content, BER_OCTETS, &out->uri)) {
            return false;
        }
        if (tag == LDAP_SASL_CREDENTIALS) {
            out->credentials = content;
        } else if (tag == LDAP_RESPONSE_NAME) {
            out->name = content;
        }
    }
    return true;
}

static bool ldap_take_attribute(str *attributes, struct ldap_attribute *out)
{
    str rest = *attributes, attribute;
    if (!ber_take(&rest, BER_SEQUENCE, &attribute) ||
        !ber_take(&attribute, BER_OCTETS, &out->type) ||
        !ber_take(&attribute, BER_SET, &out->values)) {
        return false;
    }
    *attributes = rest;
    return true;
}

static bool ldap_read_entry(str in, struct ldap_message *out)
{
    if (!ber_take(&in, BER_OCTETS, &out->dn) || !ber_take(&in, BER_SEQUENCE, &out->attributes)) {
        return false;
    }
    for (str rest = out->attributes; rest.n;) {
        struct ldap_attribute attribute;
        if (!ldap_take_attribute(&rest, &attribute)) {
            return false;
        }
        while (attribute.values.n) {
            str value;
            if (!ber_take(&attribute.values, BER_OCTETS, &value)) {
                return false;
            }
        }
    }
    return true;
}

static bool ldap_read_controls(str in, struct ldap_message *out)
{
    while (in.n) {
        str control, oid, critical, value, page;
        i64 estimate;
        if (!ber_take(&in, BER_SEQUENCE, &control) || !ber_take(&control, BER_OCTETS, &oid) ||
            !ber_take_optional(&control, BER_BOOLEAN, &critical) ||
            !ber_take_optional(&control, BER_OCTETS, &value)) {
            return false;
        }
        if (!str_eq(oid, LDAP_OID_PAGED)) {
            continue;
        }
        if (!ber_take(&value, BER_SEQUENCE, &page) ||
            !ber_take_int(&page, BER_INTEGER, &estimate) ||
            !ber_take(&page, BER_OCTETS, &out->cookie)) {
            return false;
        }
        out->paged = true;
    }
    return true;
}

static bool ldap_read_op(str in, struct ldap_message *out)
{
    switch (out->op) {
    case LDAP_BIND_RESPONSE:
    case LDAP_DONE:
    case LDAP_EXTENDED_RESPONSE:
        return ldap_read_result(in, out);
    case LDAP_ENTRY:
        return ldap_read_entry(in, out);
    case LDAP_REFERENCE:
        return ber_take(&in, BER_OCTETS, &out->uri);
    default: // not an enum: any tag may come
        return true;
    }
}

err ldap_message_read(str bytes, struct ldap_message *out)
{
    str message, op, controls;
    *out = (struct ldap_message){0};
    bool read = ber_take(&bytes, BER_SEQUENCE, &message) && bytes.n == 0 &&
                ldap_take_int(&message, BER_INTEGER, &out->id) &&
                ber_take_any(&message, &out->op, &op) && ldap_read_op(op, out) &&
                ber_take_optional(&message, LDAP_CONTROLS, &controls) &&
                ldap_read_controls(controls, out);
    return read ? OK : FAIL(LDAP_SYNTAX);
}

bool ldap_is_disconnection(const struct ldap_message *m)
{
    return m->id == 0 && m->op == LDAP_EXTENDED_RESPONSE && str_eq(m->name, LDAP_OID_DISCONNECTION);
}

bool ldap_attribute_next(str *attributes, struct ldap_attribute *out)
{
    return ldap_take_attribute(attributes, out);
}

bool ldap_value_next(str *values, str *out)
{
    return ber_take(values, BER_OCTETS, out);
}

bool ldap_attribute_is(const struct ldap_attribute *a, str type)
{
    str name;
    bool options;
    (void)str_cut(a->type, ';', &name, &options);
    return str_eq_nocase(name, type);
}

bool ldap_entry_value(const struct ldap_message *m, str type, str *out)
{
    str rest = m->attributes;
    struct ldap_attribute attribute;
    while (ldap_attribute_next(&rest, &attribute)) {
        if (ldap_attribute_is(&attribute, type) && ldap_value_next(&attribute.values, out)) {
            return true;
        }
    }
    return false;
}

bool ldap_entry_has(const struct ldap_message *m, str type, str value)
{
    str rest = m->attributes, one;
    struct ldap_attribute attribute;
    while (ldap_attribute_next(&rest, &attribute)) {
        while (ldap_attribute_is(&attribute, type) && ldap_value_next(&attribute.values, &one)) {
            if (str_eq_nocase(one, value)) {
                return true;
            }
        }
    }
    return false;
}

// ---- writing

struct ldap_frame {
    isize message, op; // places of ber_open()
};

static struct ldap_frame ldap_open(struct buf *b, int id, u8 op)
{
    struct ldap_frame frame;
    frame.message = ber_open(b, BER_SEQUENCE);
    ber_put_int(b, BER_INTEGER, id);
    frame.op = ber_open(b, op);
    return frame;
}

static void ldap_close(struct buf *b, struct ldap_frame frame)
{
    ber_close(b, frame.op);
    ber_close(b, frame.message);
}

err ldap_put_simple_bind(struct buf *b, int id, str name, str password)
{
    if (password.n == 0) {
        return FAIL(LDAP_NO_PASSWORD);
    }
    struct ldap_frame frame = ldap_open(b, id, LDAP_BIND_REQUEST);
    ber_put_int(b, BER_INTEGER, LDAP_VERSION);
    ber_put(b, BER_OCTETS, name);
    ber_put(b, LDAP_SIMPLE, password);
    ldap_close(b, frame);
    return OK;
}

void ldap_put_spnego_bind(struct buf *b, int id, str token)
{
    struct ldap_frame frame = ldap_open(b, id, LDAP_BIND_REQUEST);
    ber_put_int(b, BER_INTEGER, LDAP_VERSION);
    ber_put(b, BER_OCTETS, S(""));
    isize sasl = ber_open(b, LDAP_SASL);
    ber_put(b, BER_OCTETS, S("GSS-SPNEGO"));
    ber_put(b, BER_OCTETS, token);
    ber_close(b, sasl);
    ldap_close(b, frame);
}

void ldap_put_unbind(struct buf *b, int id)
{
    ldap_close(b, ldap_open(b, id, LDAP_UNBIND_REQUEST));
}

void ldap_put_start_tls(struct buf *b, int id)
{
    struct ldap_frame frame = ldap_open(b, id, LDAP_EXTENDED_REQUEST);
    ber_put(b, LDAP_REQUEST_NAME, LDAP_OID_START_TLS);
    ldap_close(b, frame);
}

static void ldap_put_attributes(struct buf *b, str names)
{
    isize list = ber_open(b, BER_SEQUENCE);
    while (names.n) {
        str name;
        bool more;
        names = str_cut(names, ' ', &name, &more);
        if (name.n) {
            ber_put(b, BER_OCTETS, name);
        }
    }
    ber_close(b, list);
}

// Critical: a server that cannot page has to say so, instead of giving a part as if it were all.
static void ldap_put_paging(struct buf *b, int size, str cookie)
{
    isize controls = ber_open(b, LDAP_CONTROLS);
    isize control = ber_open(b, BER_SEQUENCE);
    ber_put(b, BER_OCTETS, LDAP_OID_PAGED);
    ber_put_bool(b, BER_BOOLEAN, true);
    isize value = ber_open(b, BER_OCTETS);
    isize page = ber_open(b, BER_SEQUENCE);
    ber_put_int(b, BER_INTEGER, size);
    ber_put(b, BER_OCTETS, cookie);
    ber_close(b, page);
    ber_close(b, value);
    ber_close(b, control);
    ber_close(b, controls);
}

err ldap_put_search(struct buf *b, int id, const struct ldap_search *search)
{
    isize start = b->n;
    struct ldap_frame frame = ldap_open(b, id, LDAP_SEARCH_REQUEST);
    ber_put(b, BER_OCTETS, search->base);
    ber_put_int(b, BER_ENUMERATED, search->scope);
    ber_put_int(b, BER_ENUMERATED, search->deref);
    ber_put_int(b, BER_INTEGER, search->size_limit);
    ber_put_int(b, BER_INTEGER, search->time_limit_s);
    ber_put_bool(b, BER_BOOLEAN, false); // types only
    err e = ldap_put_filter(b, search->filter);
    if (!err_ok(e)) {
        b->n = start;
        return e;
    }
    ldap_put_attributes(b, search->attributes);
    ber_close(b, frame.op);
    if (search->page_size) {
        ldap_put_paging(b, search->page_size, search->cookie);
    }
    ber_close(b, frame.message);
    return OK;
}
