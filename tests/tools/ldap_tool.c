// SPDX-License-Identifier: Apache-2.0
// codec/ldap for scripts. Commands are lines of standard input, fields with tabs between them,
// bytes in hex; each gives one line.
//     bind ID NAME PASSWORD        spnego ID TOKEN        unbind ID        starttls ID
//     search ID BASE SCOPE DEREF FILTER ATTRIBUTES PAGE COOKIE SIZE TIME
//     filter TEXT                  hex of what is sent, or `error: ` and its name
//     read BYTES                   the message's values as JSON; `more` when it is not whole
//     base DOMAIN                  hex of the DN
#include <stdio.h>
#include <string.h>

#include "codec/json_write.h"
#include "codec/ldap.h"

enum { FIELDS_MAX = 12, LINE_BYTES = 1 << 18 };

static char line[LINE_BYTES];
static u8 decoded[LINE_BYTES / 2], message[LINE_BYTES], text[LINE_BYTES * 2];
static str fields[FIELDS_MAX];
static struct buf bytes;

static int number(int i)
{
    u64 value = 0;
    ASSERT(str_to_u64(fields[i], &value) && value <= 0x7fffffff);
    return (int)value;
}

static str unhex(int i)
{
    isize start = bytes.n;
    for (isize k = 0; k + 1 < fields[i].n; k += 2) {
        u64 value = 0;
        ASSERT(str_to_u64_hex(str_slice(fields[i], k, k + 2), &value));
        buf_put_byte(&bytes, (u8)value);
    }
    return str_make(bytes.p + start, bytes.n - start);
}

static void put_hex(struct json_write *w, str s)
{
    json_write_string_begin(w);
    buf_put_hex(w->b, s);
    json_write_string_end(w);
}

static void member_hex(struct json_write *w, str key, str value)
{
    json_write_key(w, key);
    put_hex(w, value);
}

static void put_attributes(struct json_write *w, str attributes)
{
    struct ldap_attribute attribute;
    json_write_key(w, S("attributes"));
    json_write_array(w);
    while (ldap_attribute_next(&attributes, &attribute)) {
        str value;
        json_write_array(w);
        put_hex(w, attribute.type);
        while (ldap_value_next(&attribute.values, &value)) {
            put_hex(w, value);
        }
        json_write_array_end(w);
    }
    json_write_array_end(w);
}

static err read_message(struct buf *out)
{
    struct ldap_message m;
    struct json_write w = json_write_to(out);
    str in = unhex(1);
    isize n;
    TRY(ldap_message_bytes(in, &n));
    if (n == 0 || n > in.n) {
        buf_put(out, S("more"));
        return OK;
    }
    TRY(ldap_message_read(str_slice(in, 0, n), &m)); // more may have come behind it
    json_write_object(&w);
    json_write_key(&w, S("id"));
    json_write_i64(&w, m.id);
    json_write_key(&w, S("op"));
    json_write_i64(&w, m.op);
    json_write_key(&w, S("result"));
    json_write_i64(&w, m.result);
    json_write_key(&w, S("paged"));
    json_write_bool(&w, m.paged);
    member_hex(&w, S("matched_dn"), m.matched_dn);
    member_hex(&w, S("diagnostic"), m.diagnostic);
    member_hex(&w, S("uri"), m.uri);
    member_hex(&w, S("credentials"), m.credentials);
    member_hex(&w, S("name"), m.name);
    member_hex(&w, S("dn"), m.dn);
    member_hex(&w, S("cookie"), m.cookie);
    put_attributes(&w, m.attributes);
    json_write_member(&w, S("error"), str_from(err_name(ldap_result_err(&m))));
    json_write_object_end(&w);
    return OK;
}

static err put_search(struct buf *b)
{
    struct ldap_search s = {.base = fields[2],
                            .scope = (u8)number(3),
                            .deref = (u8)number(4),
                            .filter = fields[5],
                            .attributes = fields[6],
                            .page_size = number(7),
                            .cookie = unhex(8),
                            .size_limit = number(9),
                            .time_limit_s = number(10)};
    return ldap_put_search(b, number(1), &s);
}

static err run(struct buf *b)
{
    str command = fields[0];
    if (str_eq(command, S("bind"))) {
        return ldap_put_simple_bind(b, number(1), fields[2], fields[3]);
    }
    if (str_eq(command, S("spnego"))) {
        ldap_put_spnego_bind(b, number(1), unhex(2));
    } else if (str_eq(command, S("unbind"))) {
        ldap_put_unbind(b, number(1));
    } else if (str_eq(command, S("starttls"))) {
        ldap_put_start_tls(b, number(1));
    } else if (str_eq(command, S("search"))) {
        return put_search(b);
    } else if (str_eq(command, S("filter"))) {
        return ldap_put_filter(b, fields[1]);
    } else {
        ASSERT(str_eq(command, S("base")));
        ldap_put_base(b, fields[1]);
    }
    return OK;
}

int main(void)
{
    while (fgets(line, sizeof line, stdin)) {
        struct buf b = buf_over(message, sizeof message), out = buf_over(text, sizeof text);
        bytes = buf_over(decoded, sizeof decoded);
        str rest = str_from(line);
        rest.n -= rest.n && rest.p[rest.n - 1] == '\n';
        bool more = true;
        memset(fields, 0, sizeof fields);
        for (int i = 0; more && i < FIELDS_MAX; i++) {
            rest = str_cut(rest, '\t', &fields[i], &more);
        }
        err e = OK;
        if (str_eq(fields[0], S("read"))) {
            e = read_message(&out);
        } else {
            e = run(&b);
            buf_put_hex(&out, buf_str(&b));
        }
        ASSERT(!b.full && !out.full && !bytes.full);
        if (err_ok(e)) {
            printf("%.*s\n", (int)out.n, (char *)text);
        } else {
            printf("error: %s\n", err_name(e));
        }
        fflush(stdout);
    }
    return 0;
}
