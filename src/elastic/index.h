// SPDX-License-Identifier: Apache-2.0
// Before the first document: is this an Elasticsearch that we know, is the index there (else it is
// created), is the ingest pipeline there. One machine, run once.
//
// A check that the key may not make (403) is skipped, and what it would have found is recognised at
// the first refusal of a bulk item; only an index that can neither be seen nor created is an error.
// After a sync: a second machine refreshes the index and counts its documents.
#ifndef ELASTIC_INDEX_H
#define ELASTIC_INDEX_H

#include "elastic/client.h"
#include "limits.h"

struct index_open {
    struct elastic *es;
    str index;
    str pipeline;     // wanted; empty: search-default-ingestion where the cluster has it, else none
    bool any_version; // ALLOW_ES_VERSION_MISMATCH
    bool no_pipeline; // documents go in as they are: nothing is asked about pipelines
    bool service;     // a job of the service: the index alone is looked at, and the pipeline is
                      // used unseen
    // results
    err error; // ES_VERSION, ES_NOT_ELASTIC, ES_UNAUTHORIZED, ES_FORBIDDEN, ES_PIPELINE_MISSING,
               // ...
    u8 pipeline_used[BULK_PIPELINE_BYTES];
    int pipeline_used_bytes; // 0: none
    bool pipeline_unchecked; // the key may not read pipelines
    bool extracts; // the pipeline that is used extracts _attachment, or hands on to another
                   // that may, or could not be read
    bool created;
    bool identify;  // wanted: `identity`, which costs a look at an index that was just created
    u64 identity;   // a hash of the uuids of what the name stands for; 0: they were not shown
    u8 version[24]; // "9.5.3", for people
    int version_bytes;
    struct buf detail; // facts of error; storage of the caller
    // private
    int state;
    int status;
    bool product_header;
    int match_uuid;
    int match_attachment, match_pipeline; // bytes of the two keys that were matched so far
    struct buf answer;                    // storage of the caller: INDEX_ANSWER_BYTES
};

extern const struct machine_ops index_open_ops; // st = struct index_open

// Keeps any_version, no_pipeline, service, identify and the storage of detail and answer, which the
// caller set; clears the rest.
void index_open_init(struct index_open *o, struct elastic *es, str index, str pipeline);

// The answer to `GET /` by itself, for the service: is this an Elasticsearch that we know? Fills
// es->serverless, major and minor, and `version` for people. ES_VERSION, ES_NOT_ELASTIC.
err index_read_root(struct elastic *es, str answer, bool any_version, struct buf *version,
                    struct buf *detail);

// Whether Elasticsearch takes `name` as the name of an index or alias, as far as that is known
// here.
bool index_name_is_valid(str name);

// After a sync: refreshes the index and counts its documents (one machine: _refresh unless
// serverless, then _count). A refresh that fails does not stop the count.
struct index_count {
    struct elastic *es;
    str index;
    err error;     // of the count
    i64 documents; // -1: unknown
    int state;     // private; 0 starts
    int status;
    struct buf answer; // storage of the caller: 4 KiB suffice
    struct buf detail; // storage of the caller
};

extern const struct machine_ops index_count_ops; // st = struct index_count

#endif
