// SPDX-License-Identifier: Apache-2.0
// Requests to Elasticsearch and the shape of its errors (see client.h).
//
// Media types: a cluster answers 400 when `compatible-with` stands in only one of Accept and
// Content-Type, so both are set here for every request, with and without a body. Version 8 is what
// 8.x, 9.x and serverless all take. X-Elastic-Product is not asked of answers: 401, 403 and 413
// come without it.
#include "elastic/client.h"

#include "limits.h"
#include "net/retry.h"

void elastic_init(struct elastic *es, const struct elastic_settings *settings)
{
    int attempts = settings->max_retries > 0 ? settings->max_retries : 1;
    i64 unit_ms = settings->retry_interval_ms > 0 ? settings->retry_interval_ms : 1;
    *es = (struct elastic){
        .settings = *settings,
        .retry = {.attempts = attempts,
                  .base_ms = unit_ms,
                  .max_ms = unit_ms * attempts,
                  .linear = true},
    };
}

void elastic_request(const struct elastic *es, struct exchange *x, str method, str body,
                     bool ndjson)
{
    str json = S("application/vnd.elasticsearch+json; compatible-with=8");
    str lines = S("application/vnd.elasticsearch+x-ndjson; compatible-with=8");
    x->dest = es->settings.dest;
    x->method = method;
    x->body = body;
    x->retry = &es->retry;
    x->flags |= EXCHANGE_ECHO;
    x->timeout_ms = es->settings.request_timeout_ms;
    exchange_header(x, S("Accept"), json);
    exchange_header(x, S("Content-Type"), ndjson ? lines : json);
    exchange_header(x, S("X-Elastic-Product-Origin"), S("connectors"));
    if (es->settings.authorization.n) {
        exchange_header(x, S("Authorization"), es->settings.authorization);
    }
    buf_put(&x->headers, es->settings.extra_headers);
}

err elastic_status_error(int status)
{
    err e = retry_status_error(status);
    if (err_ok(e) || err_class(e) == ERR_CLASS_RETRY || status < 400 || status > 499) {
        return e;
    }
    switch (status) {
    case 401:
        return FAIL(ES_UNAUTHORIZED);
    case 403:
        return FAIL(ES_FORBIDDEN);
    default:
        return FAIL(ES_REFUSED);
    }
}

void elastic_keep(struct buf *answer, str *in)
{
    isize n = in->n < buf_room(answer) ? in->n : buf_room(answer);
    buf_put(answer, str_slice(*in, 0, n));
    *in = str_from_index(*in, in->n);
}

struct elastic_error elastic_error_at(const struct json *j, int node)
{
    if (json_type(j, node) == JSON_STRING) {
        return (struct elastic_error){.reason = json_raw(j, node)};
    }
    struct elastic_error e = {0};
    int type = json_get(j, node, S("type"));
    int reason = json_get(j, node, S("reason"));
    if (json_type(j, type) == JSON_STRING) {
        e.type = json_raw(j, type);
    }
    if (json_type(j, reason) == JSON_STRING) {
        e.reason = json_raw(j, reason);
    }
    return e;
}

struct elastic_error elastic_error_of(str body)
{
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    if (!err_ok(json_parse(&j, body, nodes, COUNT(nodes))) || json_type(&j, 0) != JSON_OBJECT) {
        return (struct elastic_error){0};
    }
    return elastic_error_at(&j, json_get(&j, 0, S("error")));
}

void elastic_put_cut(struct buf *b, str s, isize max)
{
    max = max < buf_room(b) ? max : buf_room(b);
    isize n = s.n < max ? s.n : max;
    while (n > 0 && n < s.n && (s.p[n] & 0xC0) == 0x80) {
        n--; // not in the middle of a character
    }
    buf_put(b, str_slice(s, 0, n));
}

// The longest prefix of the inside of a JSON string of at most `max` bytes that cuts neither an
// escape nor a character.
static str client_cut_escaped(str s, isize max)
{
    isize n = 0;
    while (n < s.n) {
        isize step = 1;
        if (s.p[n] == '\\') {
            step = n + 1 < s.n && s.p[n + 1] == 'u' ? 6 : 2;
        } else if (s.p[n] >= 0xC0) {
            step = s.p[n] >= 0xF0 ? 4 : s.p[n] >= 0xE0 ? 3 : 2;
        }
        if (step > max - n || step > s.n - n) {
            break;
        }
        n += step;
    }
    return str_slice(s, 0, n);
}

// Mapping errors quote the value that did not fit: that is content of a mail and no business of a
// log.
static str client_without_content(str reason)
{
    static const str quotes[] = {
        S("Preview of field's value"),
        S("The prefix of the first immense term"),
        S("For input string"),
        S("failed to parse date field ["),
    };
    for (isize i = 0; i < COUNT(quotes); i++) {
        isize at = str_find(reason, quotes[i]);
        if (at >= 0) {
            reason = str_slice(reason, 0, at);
        }
    }
    return str_trim_end(reason);
}

void elastic_put_error(struct buf *detail, const struct elastic_error *e)
{
    isize left = ELASTIC_REASON_BYTES < buf_room(detail) ? ELASTIC_REASON_BYTES : buf_room(detail);
    isize before = detail->n;
    str type = client_cut_escaped(e->type, left);
    (void)json_unescape(type, detail);
    if (type.n && e->reason.n && left - type.n > 2) {
        buf_put(detail, S(": "));
    }
    left -= detail->n - before;
    (void)json_unescape(client_cut_escaped(client_without_content(e->reason), left), detail);
}

void elastic_put_reason(struct buf *detail, str body)
{
    struct elastic_error e = elastic_error_of(body);
    elastic_put_error(detail, &e);
}

void elastic_put_forbidden(struct buf *text, str index, str words)
{
    str front = S("Elasticsearch refuses access to the index [");
    elastic_put_cut(text, front, front.n);
    elastic_put_cut(text, index, 255);
    str why = S("]: the API key of the connector lacks a right on it");
    elastic_put_cut(text, why, why.n);
    isize at = str_find(words, S("this action is granted by "));
    if (at >= 0) { // the rights that would do; an answer to HEAD has no words
        elastic_put_cut(text, S(" ("), 2);
        elastic_put_cut(text, str_from_index(words, at), 100);
        elastic_put_cut(text, S(")"), 1);
    }
    str rest = S(", has expired or was revoked. Renew the API key of the connector in Kibana. "
                 "Status code: [403].");
    elastic_put_cut(text, rest, rest.n);
}
