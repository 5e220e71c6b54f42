// SPDX-License-Identifier: Apache-2.0
// What is common to every request to Elasticsearch: destination, headers, credentials, media types,
// retries, and reading the shape of its errors (spec/elastic-protocol.md 5 and appendix).
#ifndef ELASTIC_CLIENT_H
#define ELASTIC_CLIENT_H

#include "base/plan.h"
#include "codec/json.h"
#include "net/exchange.h"

struct elastic_settings {
    const struct dest *dest;
    str authorization; // whole value: "ApiKey ..." or "Basic ..."; empty: none; secret
    str extra_headers; // lines with CRLF from elasticsearch.headers
    i64 request_timeout_ms;
    int max_retries;
    i64 retry_interval_ms; // linear unit
    bool compress;         // gzip the bodies of bulk requests
};

struct elastic {
    struct elastic_settings settings;
    struct retry_policy retry;
    bool serverless;  // learned by elastic/index
    int major, minor; // 0: not known
};

// `settings` is copied; what it points to must live as long as *es.
void elastic_init(struct elastic *es, const struct elastic_settings *settings);

// Fills x for a request: destination, headers, media types on both Accept and Content-Type,
// retries. `ndjson`: the body is lines of JSON (bulk). The caller puts x->target itself.
void elastic_request(const struct elastic *es, struct exchange *x, str method, str body,
                     bool ndjson);

// What a status means when nothing in the body says otherwise: as retry_status_error(), with
// ES_UNAUTHORIZED and ES_FORBIDDEN for 401 and 403 and ES_REFUSED for the rest of 4xx.
err elastic_status_error(int status);

// Keeps the front of an answer that is only read for its error, and drops what does not fit.
void elastic_keep(struct buf *answer, str *in);

// An error as Elasticsearch writes it: {"type":..., "reason":..., ...}, or only a string. The str
// are JSON text inside quotes (still escaped) and point into what was parsed; empty when absent.
struct elastic_error {
    str type, reason;
};

struct elastic_error elastic_error_at(const struct json *j, int node);

// The error of a whole answer: {"error":...}. Both empty when the body is something else.
struct elastic_error elastic_error_of(str body);

// "type: reason" for people, at most ELASTIC_REASON_BYTES, never more than there is room for. What
// Elasticsearch quotes of the content of a document is cut off.
void elastic_put_error(struct buf *detail, const struct elastic_error *e);
void elastic_put_reason(struct buf *detail, str body); // of elastic_error_of(body)

// A job's key lacks a right on `index`: the whole text for people (spec/elastic-protocol.md 16).
// `words`: Elasticsearch's own, of which those that name the right are taken.
void elastic_put_forbidden(struct buf *text, str index, str words);

// Appends as much of `s` as fits into `max` bytes and into the buffer, whole characters only: for
// details, which may be cut, while a full buffer may not be used.
void elastic_put_cut(struct buf *b, str s, isize max);

#endif
