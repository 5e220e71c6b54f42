// SPDX-License-Identifier: Apache-2.0
// Before the first document: is this an Elasticsearch that we know, is the index there (else it is
// created), is the ingest pipeline there. One machine, run once.
#ifndef ELASTIC_INDEX_H
#define ELASTIC_INDEX_H

#include "elastic/client.h"

struct index_open {
    struct elastic *es;
    str index;
    str pipeline;          // wanted; empty: search-default-ingestion where the cluster has it, else none
    bool any_version;      // ALLOW_ES_VERSION_MISMATCH
    bool no_pipeline;      // documents go in as they are: nothing is asked about pipelines
    // results
    err error;             // ES_VERSION, ES_NOT_ELASTIC, ES_UNAUTHORIZED, ES_FORBIDDEN, ES_PIPELINE_MISSING, ...
    u8 pipeline_used[256];
    int pipeline_used_bytes; // 0: none
    bool pipeline_unchecked; // the key may not read pipelines
    bool extracts;           // the pipeline that is used extracts _attachment (or is the default one)
    bool created;
    struct buf detail;     // facts of error; storage of the caller
    // private
    int state;
    int status;
    struct buf answer;     // storage of the caller: INDEX_ANSWER_BYTES
};

extern const struct machine_ops index_open_ops; // st = struct index_open

void index_open_init(struct index_open *o, struct elastic *es, str index, str pipeline);

// After a sync: refreshes the index and counts its documents (one machine: _refresh unless
// serverless, then _count).
struct index_count {
    struct elastic *es;
    str index;
    err error;
    i64 documents; // -1: unknown
    int state;
    struct buf answer;
    struct buf detail;
};

extern const struct machine_ops index_count_ops;

#endif
