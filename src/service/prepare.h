// SPDX-License-Identifier: Apache-2.0
// What has to be written to the record of a connector before it is served: its schema, fields and
// properties that it lacks, its service type, its features (spec/elastic-protocol.md 8.1). Pure;
// what is written to is the record that was read, under its guard.
#ifndef SERVICE_PREPARE_H
#define SERVICE_PREPARE_H

#include "elastic/connector.h"
#include "source/source.h"

enum prepare {
    PREPARE_NOTHING, // up to date, go on
    PREPARE_WRITE,   // `body` is {"doc":{...}}: write it with the guard, then read the record again
    PREPARE_NO_TYPE, // its entry of config.yml has no service_type: an error in the log, no more
    PREPARE_UNKNOWN, // of a type that this version does not know: left alone
};

struct prepare_ask {
    const struct connector *connector;
    bool listed;      // it has an entry in config.yml (the "main" connector of the protocol)
    str service_type; // of that entry
    const struct source_ops *const *sources;
    int source_count;
};

struct prepare_answer {
    const struct source_ops *ops; // NULL: unknown
    bool registered;              // the whole schema is written
    bool upgraded;                // fields or properties are added: a warning in the log
    bool typed, featured;         // service_type, features are written
};

enum prepare prepare_put(struct buf *body, const struct prepare_ask *ask,
                         struct prepare_answer *answer);

// The pieces, also for `elastic-ingest --action config` and tests: {"key":{13 properties},...}.
void prepare_put_schema(struct buf *b, const struct schema *schema);
void prepare_put_features(struct buf *b, const struct schema *schema);

#endif
