// SPDX-License-Identifier: Apache-2.0
// What is common to every request to Elasticsearch: destination, headers, credentials, media types,
// retries, and reading the shape of its errors (spec/elastic-protocol.md 5 and appendix).
#ifndef ELASTIC_CLIENT_H
#define ELASTIC_CLIENT_H

#include "base/plan.h"
#include "net/exchange.h"

struct elastic_settings {
    const struct dest *dest;
    str authorization; // whole value: "ApiKey ..." or "Basic ..."; empty: none; secret
    str extra_headers; // lines with CRLF from elasticsearch.headers
    i64 request_timeout_ms;
    int max_retries;
    i64 retry_interval_ms; // linear unit
    bool compress;         // gzip request bodies
};

struct elastic {
    struct elastic_settings settings;
    struct retry_policy retry;
    bool serverless; // learned by elastic_preflight
    int major, minor;
};

void elastic_init(struct elastic *es, const struct elastic_settings *settings);

// Fills x for a request: destination, headers, media types on both Accept and Content-Type, retries.
// `json` false: application/x-ndjson bodies (bulk). The caller puts x->target itself.
void elastic_request(const struct elastic *es, struct exchange *x, str method, str body, bool ndjson);

// The facts of an error answer for people: "type: reason" of {"error":{...}}, at most 300 bytes.
void elastic_put_reason(struct buf *detail, str body);

#endif
