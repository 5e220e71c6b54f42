// SPDX-License-Identifier: Apache-2.0
// Aimed at ldap_message_bytes(), ldap_message_read(), ldap_attribute_next(), ldap_value_next(),
// ldap_put_reason(), ldap_put_filter(), ldap_put_search(), ldap_put_base(), ldap_dn_name(). The
// first byte chooses what the rest is: a stream of messages, which is framed whole and in pieces
// with the same result, or a filter, whose BER is well-formed, is the same in every room that is
// large enough, and fails in the same way in every other.
#include "codec/ber.h"
#include "codec/ldap.h"
#include "cuts.h"

#include <string.h>

#define IN_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 a_memory[IN_MAX * 4], b_memory[IN_MAX * 4];

static void check_inside(str whole, str part)
{
    ASSERT(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_message(str bytes, const struct ldap_message *m)
{
    str parts[] = {m->matched_dn, m->diagnostic, m->uri,        m->credentials,
                   m->name,       m->dn,         m->attributes, m->cookie};
    for (isize i = 0; i < COUNT(parts); i++) {
        check_inside(bytes, parts[i]);
    }
    ASSERT(m->id >= 0 && m->result >= 0);
    ASSERT(m->diagnostic.n == 0 || m->diagnostic.p[m->diagnostic.n - 1] != 0);
    str rest = m->attributes, first;
    struct ldap_attribute attribute;
    isize values = 0;
    while (ldap_attribute_next(&rest, &attribute)) {
        str value;
        bool has = attribute.values.n > 0;
        ASSERT(!has || ldap_entry_value(m, attribute.type, &first) ||
               str_find_byte(attribute.type, ';') >= 0);
        while (ldap_value_next(&attribute.values, &value)) {
            check_inside(bytes, value);
            values++;
        }
        ASSERT(attribute.values.n == 0); // all of it was checked before
    }
    ASSERT(rest.n == 0 && values <= bytes.n);
    struct buf reason = buf_over(a_memory, sizeof a_memory);
    ldap_put_reason(&reason, m);
    err e = ldap_result_err(m);
    ASSERT(!reason.full && (err_ok(e) || reason.n > 0));
    check_inside(bytes, ldap_dn_name(m->dn));
}

// The lengths of the messages of a stream that comes in pieces, as one hash; -1 at its end if it is
// malformed there.
static u64 run_stream(str in, struct cuts *cuts, bool check)
{
    u64 sum = 0;
    isize have = cuts ? 0 : in.n, at = 0;
    for (;;) {
        isize bytes;
        err e = ldap_message_bytes(str_slice(in, at, have), &bytes);
        if (!err_ok(e)) {
            return sum * 31 + e.code;
        }
        if (bytes && bytes <= have - at) {
            struct ldap_message m;
            str message = str_slice(in, at, at + bytes);
            e = ldap_message_read(message, &m);
            sum = sum * 31 + (u64)bytes * 7 + e.code;
            if (err_ok(e) && check) {
                check_message(message, &m);
            }
            at += bytes;
            continue;
        }
        if (have == in.n) {
            return sum;
        }
        have += cuts_next(cuts, in.n - have);
    }
}

static void run_filter(str text, isize room)
{
    struct buf a = buf_over(a_memory, sizeof a_memory), b = buf_over(b_memory, room);
    err e = ldap_put_filter(&a, text);
    err tight = ldap_put_filter(&b, text);
    ASSERT(!a.full && e.code == tight.code);
    ASSERT(b.full ? room < a.n || !err_ok(e) : str_eq(buf_str(&a), buf_str(&b)));
    struct ldap_search search = {.base = S("DC=a"), .filter = text, .attributes = S("mail")};
    b = buf_over(b_memory, sizeof b_memory);
    err whole = ldap_put_search(&b, 7, &search);
    ASSERT(whole.code == e.code && (err_ok(e) || b.n == 0));
    if (!err_ok(e)) {
        return;
    }
    str in = buf_str(&a), content;
    u8 tag;
    ASSERT(ber_take_any(&in, &tag, &content) && in.n == 0);
    ASSERT((tag >= 0xa0 && tag <= 0xa9) || tag == 0x87);
    // The request around it is one message of ours, as another reader sees it.
    str message = buf_str(&b), op;
    i64 id;
    isize bytes;
    ASSERT(err_ok(ldap_message_bytes(message, &bytes)) && bytes == message.n);
    ASSERT(ber_take(&message, BER_SEQUENCE, &content) && message.n == 0);
    ASSERT(ber_take_int(&content, BER_INTEGER, &id) && id == 7);
    ASSERT(ber_take(&content, 0x63, &op) && content.n == 0);
    ASSERT(str_find(op, buf_str(&a)) > 0);
}

// The base read back, label by label.
static void run_base(str domain)
{
    struct buf b = buf_over(b_memory, sizeof b_memory);
    ldap_put_base(&b, domain);
    ASSERT(!b.full);
    str rest = buf_str(&b), labels = str_trim(domain);
    while (labels.n) {
        str label, prefix = rest.p == b.p ? S("DC=") : S(",DC=");
        bool more;
        labels = str_cut(labels, '.', &label, &more);
        if (label.n == 0) {
            continue;
        }
        ASSERT(str_starts(rest, prefix));
        rest = str_from_index(rest, prefix.n);
        for (isize i = 0; i < label.n; i++) {
            bool escaped = str_starts(rest, S("\\"));
            bool zero = str_starts(rest, S("\\00")) && label.p[i] == 0;
            ASSERT(escaped || str_find_byte(S(",+<>;\"\\"), label.p[i]) < 0);
            rest = str_from_index(rest, zero ? 2 : escaped);
            ASSERT(rest.n && rest.p[0] == (zero ? '0' : label.p[i]));
            rest = str_from_index(rest, 1);
        }
    }
    ASSERT(rest.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 2, (isize)n - 2};
    if (p[0] % 4 == 0) {
        run_filter(in, p[1]);
        run_base(in);
        return 0;
    }
    struct cuts cuts = cuts_from(in);
    ASSERT(run_stream(in, NULL, true) == run_stream(in, &cuts, false));
    return 0;
}
