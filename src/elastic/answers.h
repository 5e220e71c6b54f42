// SPDX-License-Identifier: Apache-2.0
// Small readers for answers of Elasticsearch that the service asks for: the hits of a search one by
// one, a license, the id of what was created, a count. Pure; the answer is whole and in memory.
#ifndef ELASTIC_ANSWERS_H
#define ELASTIC_ANSWERS_H

#include "codec/json.h"
#include "limits.h"

// Hits of a search: without a node for each value, so that a page may hold a hundred records.
//     struct search_answer a;
//     search_answer_init(&a, answer);
//     while (search_answer_next(&a, &hit)) { connector_read(..., hit, ...) }
//     if (!err_ok(a.error)) ...
struct search_answer {
    i64 total;  // hits.total.value; known after the last hit; -1: the answer does not say
    isize hits; // shown so far
    err error;  // ES_ANSWER: this is no search answer; ES_SHARDS: a part of the index is missing
    // private
    str in;
    struct json_stream stream;
    struct buf rest;
    struct buf element;
    u8 rest_space[SEARCH_REST_BYTES], element_space[16];
};

void search_answer_init(struct search_answer *a, str answer);
bool search_answer_next(struct search_answer *a, str *hit); // *hit is a part of the answer

// GET /_license: platinum or more, and not expired. Otherwise `reason` gets, for people,
// "required 'platinum', actual 'basic'" or "... actual 'expired'".
bool license_allows_platinum(str answer, struct buf *reason);

// The id of a created job: {"id":...} of the API or {"_id":...} of an index. false: there is none.
bool answer_put_id(str answer, struct buf *id);

// {"count":N}. false: it is no such answer.
bool answer_count(str answer, i64 *count);

#endif
