// SPDX-License-Identifier: Apache-2.0
// One request to Elasticsearch whose whole answer is wanted: the machine under everything that the
// service says about connectors and jobs. The caller fills target and body, adds the machine to
// the loop (or asks its steps itself), and reads status and answer when it has ended.
//
// Retries as spec/elastic-protocol.md 5 (elastic_settings.max_retries, linear). Any status that
// retries do not mend is a result, not an error: 404 and 409 mean something to the caller.
#ifndef ELASTIC_CALL_H
#define ELASTIC_CALL_H

#include "elastic/client.h"

struct elastic_call {
    const struct elastic *es;
    str method;        // a literal
    struct buf target; // storage of the caller; "/.elastic-connectors/_doc/c1"
    struct buf body;   // storage of the caller; empty: none
    struct buf answer; // storage of the caller; a longer answer is CALL_TOO_LARGE, unless `front`
    bool front;        // only the front of the answer matters: what does not fit is dropped
    bool once;         // one attempt: the caller has a patience of its own
    bool unique;       // ... and not sent again where a kept-alive connection was closed meanwhile:
                       // what it does may not be done twice
    // results
    int status;        // 0: no answer came at all
    err error;         // OK, or why there is no whole answer (network, CALL_TOO_LARGE)
    struct buf detail; // storage of the caller: facts of that error, for people
    // private
    int state;
};

extern const struct machine_ops elastic_call_ops; // st = struct elastic_call

// Empties target, body, answer, detail and results, and clears `front`, `once` and `unique`; the
// four buffers keep their storage. The caller then writes target and body. What did not fit there
// is CALL_REQUEST, and nothing is sent. It may be called again when a call has ended, or in its
// midst.
void elastic_call_init(struct elastic_call *c, const struct elastic *es, str method);

// 200 to 299, whole.
bool elastic_call_is_ok(const struct elastic_call *c);

// What the answer amounts to as an error: OK for 2xx; ES_NOT_FOUND, ES_CONFLICT, ES_UNAUTHORIZED,
// ES_FORBIDDEN, ES_BUSY (408, 429, 5xx after all attempts), ES_REFUSED; or the network's. c->detail
// then says method, path, status and the server's words; asking twice gives the same.
err elastic_call_error(struct elastic_call *c);

#endif
