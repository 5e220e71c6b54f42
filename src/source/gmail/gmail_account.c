// SPDX-License-Identifier: Apache-2.0
// Reading a service account (see gmail_account.h). Unknown fields are errors, as in the service
// that this replaces: they mean that another kind of file was pasted. Bounds: GMAIL_ACCOUNT_BYTES
// and GMAIL_ACCOUNT_NODES. The text is a secret: messages name fields, never values.
#include "source/gmail/gmail_account.h"

#include "codec/http1.h"
#include "codec/json.h"
#include "source/gmail/gmail.h"

static const char *const account_known[] = {
    "type",
    "project_id",
    "private_key_id",
    "private_key",
    "client_email",
    "client_id",
    "auth_uri",
    "token_uri",
    "auth_provider_x509_cert_url",
    "client_x509_cert_url",
    "subject",
    "scopes",
    "additional_claims",
    "universe_domain",
};

static bool account_is_known(const struct json *j, int key)
{
    for (isize i = 0; i < COUNT(account_known); i++) {
        if (json_equals(j, key, str_from(account_known[i]))) {
            return true;
        }
    }
    return false;
}

static err account_check_fields(const struct json *j, struct buf *detail)
{
    for (int key = json_first(j, 0); key >= 0; key = json_next(j, key)) {
        if (account_is_known(j, key)) {
            continue;
        }
        str name = json_raw(j, key);
        buf_put(detail, S("unexpected field \""));
        buf_put(detail, str_slice(name, 0, name.n < 60 ? name.n : 60));
        buf_put(detail, S("\"; allowed are "));
        for (isize i = 0; i < COUNT(account_known); i++) {
            buf_put(detail, i ? S(", ") : S(""));
            buf_put(detail, str_from(account_known[i]));
        }
        return FAIL(GMAIL_ACCOUNT_UNKNOWN_FIELD);
    }
    return OK;
}

static err account_fail_field(struct buf *detail, str name, str why)
{
    buf_put(detail, S("\""));
    buf_put(detail, name);
    buf_put(detail, S("\" "));
    buf_put(detail, why);
    return FAIL(GMAIL_ACCOUNT_FIELD);
}

// One field as text for headers and claims.
struct account_field {
    str name;
    str otherwise; // what absent and null mean; without it they are errors
    str *out;
};

static err account_read_field(const struct json *j, const struct account_field *f, struct buf *to,
                              struct buf *detail)
{
    int node = json_get(j, 0, f->name);
    enum json_type type = json_type(j, node);
    if (type == JSON_NONE || type == JSON_NULL) {
        *f->out = f->otherwise;
        return f->otherwise.p ? OK : account_fail_field(detail, f->name, S("is missing"));
    }
    if (!json_put_string(j, node, to) || to->full) {
        return account_fail_field(detail, f->name, S("is not text of a usable length"));
    }
    if (!http1_is_field_value(buf_str(to)) || (to->n == 0 && !f->otherwise.p)) {
        return account_fail_field(detail, f->name, S("is empty or has control characters"));
    }
    *f->out = buf_str(to);
    return OK;
}

static err account_read_fields(struct gmail_account *a, const struct json *j, struct buf *detail)
{
    int type = json_get(j, 0, S("type"));
    if (type >= 0 && !json_equals(j, type, S("service_account"))) {
        return account_fail_field(detail, S("type"), S("is not \"service_account\""));
    }
    const struct account_field fields[] = {
        {.name = S("client_email"), .out = &a->email},
        {.name = S("private_key_id"), .out = &a->key_id},
        {.name = S("client_id"), .otherwise = S(""), .out = &a->client_id},
        {.name = S("token_uri"), .otherwise = GMAIL_TOKEN_URI, .out = &a->token_uri},
    };
    for (isize i = 0; i < COUNT(fields); i++) {
        struct buf to = buf_over(a->fields[i], GMAIL_FIELD_BYTES);
        TRY(account_read_field(j, &fields[i], &to, detail));
    }
    return OK;
}

static err account_read_key(struct gmail_account *a, const struct json *j, struct buf *pem,
                            struct buf *detail)
{
    int node = json_get(j, 0, S("private_key"));
    if (json_type(j, node) == JSON_NONE || json_type(j, node) == JSON_NULL) {
        return account_fail_field(detail, S("private_key"), S("is missing"));
    }
    if (!json_put_string(j, node, pem) || pem->full) {
        return account_fail_field(detail, S("private_key"), S("is not text of a usable length"));
    }
    err e = crypto_key_read(a->key, buf_str(pem));
    if (!err_ok(e)) {
        buf_put(detail, S("private_key: "));
        buf_put(detail, str_from(err_what(e)));
        buf_put(detail, S("; "));
        buf_put(detail, str_from(err_todo(e)));
        return FAIL(GMAIL_ACCOUNT_KEY);
    }
    return OK;
}

static str account_trim(str json)
{
    if (str_starts(json, S("\xef\xbb\xbf"))) { // a byte order mark: files saved on Windows
        json = str_from_index(json, 3);
    }
    return str_trim(json);
}

static err account_fail_json(struct buf *detail, str why)
{
    buf_put(detail, S("GMail service account: "));
    buf_put(detail, why);
    return FAIL(GMAIL_ACCOUNT_JSON);
}

static err account_parse(struct json *j, str text, struct json_node *nodes, struct buf *inner,
                         struct buf *detail)
{
    text = account_trim(text);
    if (text.n == 0) {
        return account_fail_json(detail, S("it is empty"));
    }
    err e = json_parse(j, text, nodes, GMAIL_ACCOUNT_NODES);
    if (err_ok(e) && json_type(j, 0) == JSON_STRING) {
        if (!json_put_string(j, 0, inner) || inner->full) {
            return account_fail_json(detail, S("the string that holds it is damaged or too long"));
        }
        e = json_parse(j, account_trim(buf_str(inner)), nodes, GMAIL_ACCOUNT_NODES);
    }
    if (!err_ok(e)) {
        return account_fail_json(detail, str_from(err_what(e)));
    }
    return json_type(j, 0) == JSON_OBJECT ? OK : account_fail_json(detail, S("it is no object"));
}

void gmail_account_wipe(struct gmail_account *a)
{
    struct crypto_key *key = a->key;
    crypto_key_free(key);
    crypto_wipe(a, sizeof *a);
    a->key = key;
}

err gmail_account_read(struct gmail_account *a, str json, u8 *scratch, struct buf *detail)
{
    struct json_node nodes[GMAIL_ACCOUNT_NODES];
    struct buf inner = buf_over(scratch, GMAIL_ACCOUNT_BYTES);
    struct buf pem = buf_over(scratch + GMAIL_ACCOUNT_BYTES, GMAIL_KEY_BYTES);
    struct json j;
    err e = account_parse(&j, json, nodes, &inner, detail);
    if (err_ok(e)) {
        e = account_check_fields(&j, detail);
    }
    if (err_ok(e)) {
        e = account_read_fields(a, &j, detail);
    }
    if (err_ok(e)) {
        e = account_read_key(a, &j, &pem, detail);
    }
    crypto_wipe(scratch, GMAIL_ACCOUNT_BYTES + GMAIL_KEY_BYTES);
    return e;
}

// ---- token_uri alone, with no memory but the caller's: the text streams through

static err account_feed_uri(struct json_stream *s, str in, struct buf *out, bool *whole)
{
    for (;;) {
        switch (json_stream_next(s, &in)) {
        case JSON_EVENT_PIECE:
            buf_put(out, s->piece);
            break;
        case JSON_EVENT_END:
            *whole = true;
            break;
        case JSON_EVENT_MORE:
            return OK;
        case JSON_EVENT_BAD:
            return s->error;
        case JSON_EVENT_ELEMENT:
        case JSON_EVENT_STRING_END:
            break;
        }
    }
}

// A string that holds the object: a member of an object made up here, its pieces go on to `inner`.
static err account_feed_wrapped(struct json_stream *inner, str text, struct buf *out, bool *whole)
{
    struct json_stream outer;
    json_stream_init(&outer, (struct json_stream_target){.string_at = S("s")}, NULL, NULL);
    str parts[] = {S("{\"s\":"), text, S("}")};
    for (isize i = 0; i < COUNT(parts); i++) {
        enum json_event event = JSON_EVENT_PIECE;
        while (event != JSON_EVENT_MORE) {
            event = json_stream_next(&outer, &parts[i]);
            if (event == JSON_EVENT_BAD) {
                return outer.error;
            }
            if (event == JSON_EVENT_PIECE) {
                TRY(account_feed_uri(inner, outer.piece, out, whole));
            }
        }
    }
    return OK;
}

err gmail_token_uri(str service_account, struct buf *out, struct buf *detail)
{
    str text = account_trim(service_account);
    isize before = out->n;
    bool whole = false;
    struct json_stream inner;
    json_stream_init(&inner, (struct json_stream_target){.string_at = S("token_uri")}, NULL, NULL);
    err e = text.n && text.p[0] == '"' ? account_feed_wrapped(&inner, text, out, &whole)
                                       : account_feed_uri(&inner, text, out, &whole);
    if (err_ok(e) && !whole) {
        e = FAIL(GMAIL_ACCOUNT_JSON);
    }
    if (!err_ok(e)) {
        return account_fail_json(detail, str_from(err_what(e)));
    }
    if (out->n == before) {
        buf_put(out, GMAIL_TOKEN_URI);
    }
    return buf_check(out);
}
