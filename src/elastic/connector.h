// SPDX-License-Identifier: Apache-2.0
// A connector record as the service reads it (spec/elastic-protocol.md 2), and the bodies of what
// is written to it (6, 8, 10). Pure: text in, values out. Whatever a record holds is hostile until
// read: missing objects, nulls, wrong types and huge values give defaults or an error of this
// record alone, never of the others.
#ifndef ELASTIC_CONNECTOR_H
#define ELASTIC_CONNECTOR_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"
#include "limits.h"

enum job_type { JOB_FULL, JOB_INCREMENTAL, JOB_ACCESS_CONTROL, JOB_TYPES };
enum connector_status {
    CONNECTOR_CREATED,
    CONNECTOR_NEEDS_CONFIGURATION,
    CONNECTOR_CONFIGURED,
    CONNECTOR_CONNECTED,
    CONNECTOR_ERROR,
    CONNECTOR_UNKNOWN, // any other word
};

const char *job_type_name(enum job_type type); // "full", "incremental", "access_control"
bool job_type_from(str name, enum job_type *out);

struct connector_schedule {
    bool enabled;
    str interval;          // decoded
    i64 last_scheduled_us; // last_*_scheduled_at; INT64_MIN: never
};

struct connector_features {
    bool present; // the record has a features object
    bool document_level_security, incremental_sync, sync_rules_basic, sync_rules_advanced;
};

// What a record says. str point into the parsed text or into `texts` (decoded).
struct connector {
    str id;
    i64 seq_no, primary_term;
    bool deleted, is_native;
    enum connector_status status;
    str service_type; // empty: null
    str index_name;   // empty: null
    i64 last_seen_us; // INT64_MIN: never
    str last_sync_status, last_access_control_sync_status;
    struct connector_schedule schedules[JOB_TYPES];
    struct connector_features features;
    // as JSON text, with the nodes of `json`
    struct json json;  // of the whole hit: {"_id":..,"_source":{..}}
    int source;        // node of _source
    int configuration; // node of an object; -1: absent or null
    int draft, active; // of the filtering entry DEFAULT; -1: absent
    int filtering;     // node of the array; -1
    int pipeline;      // node of an object; -1
    int features_node; // node of an object; -1
};

// Reads one hit or one `_doc` answer. CONNECTOR_RECORD (the record cannot be understood; detail
// says where), CONNECTOR_TOO_LARGE. When it is OK, detail says what of it is wrong and was ignored
// (an unknown status, a schedule without interval), for one log line; mostly empty. `hit` and
// `texts` must live as long as *c.
err connector_read(struct connector *c, str hit, struct json_node *nodes, int cap,
                   struct arena *texts, struct buf *detail);

// One of the sync rules features is on: drafts are validated, and documents filtered.
bool connector_rules_are_on(const struct connector *c);

// ---- bodies: each appends {"doc":{...}}
void connector_put_connected(struct buf *b);             // status connected, error null
void connector_put_error(struct buf *b, str text);       // status error
void connector_put_last_seen(struct buf *b, i64 now_us); // direct mode of the heartbeat
void connector_put_scheduled(struct buf *b, enum job_type type, i64 planned_us);
void connector_put_sync_starts(struct buf *b, enum job_type type);

enum job_outcome { OUTCOME_COMPLETED, OUTCOME_ERROR, OUTCOME_CANCELED, OUTCOME_SUSPENDED };
const char *job_outcome_name(enum job_outcome outcome); // "completed", ... as in both records

// What of an error's text is written: CONNECTOR_ERROR_BYTES, whole characters.
str connector_error_text(str text);

struct connector_done {
    enum job_type type;
    enum job_outcome outcome;
    bool job_gone; // 10.2, last row
    str error;     // of OUTCOME_ERROR and job_gone
    i64 now_us, indexed, deleted;
};

void connector_put_sync_done(struct buf *b, const struct connector_done *done);

// Targets: appends "/.elastic-connectors/_doc/<id>" and so on; ids hold any character.
void connector_put_target(struct buf *b, str index_and_verb, str id);  // percent-encoded id
void connector_put_guard(struct buf *b, i64 seq_no, i64 primary_term); // ?if_seq_no=..&if_..

// The query of supported connectors (7): ids of config.yml, and types in worker mode. Either may be
// empty; false: both are, nothing is to be searched. `from`, `size`: the page.
struct connector_query {
    const str *ids;
    isize id_count;
    const str *types;
    isize type_count;
    i64 from, size;
};
bool connector_put_query(struct buf *b, const struct connector_query *q);
// The ids of all connectors, also of soft-deleted ones (12): hits without _source.
void connector_put_ids_query(struct buf *b, i64 from, i64 size);

#endif
