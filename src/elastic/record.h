// SPDX-License-Identifier: Apache-2.0
// What reading a connector and reading a job have in common: a hit of a search or the answer of
// `_doc` (spec/elastic-protocol.md 5), and members of any type where one was expected. What is
// wrong gives the default, and a note for people; it is never an error of more than this record.
//
// A path is written as in messages, "scheduling.full.enabled"; its last word is the member that is
// looked up in `object`. Nodes may be -1.
#ifndef ELASTIC_RECORD_H
#define ELASTIC_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"
#include "codec/json_write.h"

struct record {
    struct json json;
    struct arena *texts; // for what has to be decoded
    struct buf *notes;   // of the caller; cut when it is full
    err bad, too_large;  // the two errors of this kind of record
    bool full;           // `texts` did not suffice
    // results of record_open()
    str id;
    i64 seq_no, primary_term; // -1: the answer has none
    int source;               // an object
};

// Reads the envelope. Fails with r->bad or r->too_large, then `notes` says why.
err record_open(struct record *r, str hit, struct json_node *nodes, int cap);

str record_text(struct record *r, int object, str path); // empty: null, absent, or no string
bool record_bool(struct record *r, int object, str path, bool otherwise);
i64 record_time_us(struct record *r, int object, str path); // INT64_MIN: null, absent, no time
int record_object(struct record *r, int object, str path);  // -1: null, absent, or no object

// After the last member: r->too_large when `texts` did not suffice.
err record_close(struct record *r);

void record_note(struct record *r, str path, str what);

// The JSON text of any node, strings with their quotes; "null" for -1.
str record_json(const struct json *j, int node);

// ---- writing: the frame {"doc":{...}} of an update, and members of it

struct json_write record_write_doc(struct buf *b);
void record_write_doc_end(struct json_write *w);
void record_write_null(struct json_write *w, str key);
void record_write_time(struct json_write *w, str key, i64 us);
void record_write_terms(struct json_write *w, str field, const str *values, isize count);

#endif
