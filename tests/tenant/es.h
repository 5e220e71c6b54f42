// SPDX-License-Identifier: Apache-2.0
// The Elasticsearch double, as its parts share it: es_double.c (requests), es_store.c (documents),
// es_doc.c (one document), es_bulk.c, es_search.c with es_query.c, es_index.c (indices, aliases),
// es_admin.c (license, security), es_system.c (the connector indices and their records),
// es_connector.c and es_job.c (the connectors API), es_control.c (what tests ask).
//
// A document keeps its source as it was sent; what the default pipeline would remove is left out
// when the source is read. Documents become visible to searches by a refresh or after a second, as
// in the real one. Deleted documents stay for the snapshots (scroll, point in time) that were
// opened before. In the two connector indices a changed document is found as it was until then,
// with the sequence number that it had.
#ifndef TENANT_ES_H
#define TENANT_ES_H

#include "base/hash.h"
#include "es_tree.h"
#include "model.h"

#define ES_REFRESH_MS 1000
#define ES_ID_BYTES_MAX 512
#define ES_WINDOW_MAX 10000

enum es_state { ES_OPEN, ES_CLOSED, ES_READ_ONLY, ES_FLOOD }; // blocks: all, writes, disk full

struct es_doc {
    char *id;
    u8 *source;
    isize id_bytes, source_bytes;
    u64 created_seq, seq, version;
    u64 deleted_seq; // 0: there
    i64 visible_ms;
    u8 *old_source; // what searches find until changed_ms; NULL: the source
    isize old_bytes;
    u64 old_seq, old_version;
    i64 changed_ms;
    bool piped; // went through a pipeline that removes the helper fields
};

struct es_index {
    char *name;
    struct es_doc *docs; // in the order of creation; a deleted one keeps its place
    isize count, cap, live;
    u32 *table; // place in docs + 1; 0 empty, T_GONE after a delete
    isize places, used;
    u64 seq, refreshed_seq;
    char *mapping; // as it was sent or as a template says; NULL: everything is dynamic
    bool keeps_old;
    enum es_state state;
    i64 refresh_ms; // until writes are found
    u64 number;     // of all that were ever made: in its uuid
};

struct es_name { // an alias and its index, or a pipeline and its body
    char *name, *value;
};

struct es_view { // a scroll or a point in time
    u64 id;      // 0: closed
    int index;
    u64 seq, refreshed_seq; // of the index when it was opened: what is visible stays so
    i64 opened_ms, used_ms, keep_ms;
    isize at, size;
    char *source_filter; // JSON; NULL: everything
    char *query;         // the same
};

#define ES_INDICES_MAX 64
#define ES_NAMES_MAX 64
#define ES_VIEWS_MAX 500 // search.max_open_scroll_context
#define ES_KEYS_MAX 64
#define ES_TEXTS_MAX 256 // set by tests

struct es_key { // of the API
    char *id, *name, *encoded;
    char *rights; // its role descriptors; NULL: the owner's
    bool invalid;
};

struct es {
    struct es_index indices[ES_INDICES_MAX];
    int index_count;
    u64 indices_made;
    struct es_name aliases[ES_NAMES_MAX], pipelines[ES_NAMES_MAX];
    int alias_count, pipeline_count;
    struct es_view views[ES_VIEWS_MAX];
    u64 next_view;
    struct hash_key key;
    // Errors on request: every n-th item, `count` times (< 0: for ever); those whose id contains
    // `id`.
    i64 error_every, error_count, error_status, error_seen;
    char *error_type, *error_reason, *error_id;
    // Somebody else writes first: before conditional updates of a document, after `race_skip` of
    // them and `race_count` times.
    char *race_id, *race_doc;
    i64 race_skip, race_count;
    char *texts[ES_TEXTS_MAX];
    int text_count;
    u64 made; // numbers of keys, jobs, connectors
    struct es_key keys[ES_KEYS_MAX];
    int key_count;
    struct es_name secrets[ES_NAMES_MAX];
    int secret_count;
};

// ---- es_store.c
int es_find_index(const struct es *es, str name); // through aliases; -1
int es_make_index(struct es *es, str name);       // -1: no room or not a name for an index
void es_drop_index(struct es *es, int index);
str es_index_alias(const struct es *es, int index, int *at); // one by one from 0; empty: no more
struct es_doc *es_find_doc(const struct es *es, struct es_index *x, str id);
// Adds or replaces. *created says which.
struct es_doc *es_put_doc(struct tenant *t, struct es_index *x, str id, str source, bool *created);
void es_delete_doc(struct es *es, struct es_index *x, struct es_doc *doc);
bool es_is_visible(const struct tenant *t, const struct es_index *x, const struct es_doc *doc);
void es_free_gone(struct es *es); // sources of deleted documents, when no view is open
const char *es_name_value(const struct es_name *names, int count, str name);
void es_set_name(struct es_name *names, int *count, str name, str value);
str es_source(const struct es_doc *doc);
// The source as a search shows it: without helper fields, and filtered (NULL: not).
void es_put_source(str source, bool piped, const char *filter, struct t_buf *out);
struct es_seen { // of a document, by a search
    str source;
    u64 seq, version;
};
struct es_seen es_look(const struct tenant *t, const struct es_index *x, const struct es_doc *doc);

// ---- es_doc.c: _doc, _create, _update, _source
struct es_route {
    str one, two, three, four, five; // decoded parts of the path; empty when absent
};
void es_doc_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                   const struct es_route *p, str body);
// A partial document over the stored one. `out` gets the whole. Did anything change?
bool es_merge(str source, str partial, struct t_buf *out);
// By hand, as our own parts do it: the record merged with `partial`, or made; visible at once.
void es_patch(struct tenant *t, struct es_index *x, str id, str partial);
bool es_query_flag(const struct t_request *q, const char *name); // given, and not "false"

// ---- es_bulk.c, es_search.c
void es_bulk(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
             str body);
void es_search(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
               str body);
void es_count(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
              str body);
void es_scroll(struct tenant *t, const struct t_request *q, struct t_response *r, str body);
void es_pit(struct tenant *t, const struct t_request *q, struct t_response *r, str index, str body);

// ---- es_index.c
void es_index_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                     const struct es_route *p, str body);
void es_aliases(struct tenant *t, const struct t_request *q, struct t_response *r,
                const struct es_route *p, str body); // _alias, _aliases
// May it be read, or written? Otherwise the answer says why not.
bool es_index_open(const struct es_index *x, bool write, struct t_response *r);
// The error of a write to it, for items of a bulk; NULL: none.
const char *es_index_block(const struct es_index *x, int *status, char *reason, isize cap);

// ---- es_admin.c: _license, _security
void es_license(struct tenant *t, const struct t_request *q, struct t_response *r);
void es_security(struct tenant *t, const struct t_request *q, struct t_response *r,
                 const struct es_route *p, str body);
// The key that asks; -1: the user or the tenant's own key, -2: nobody that is known.
int es_who(const struct tenant *t, const struct t_request *q);
bool es_may(const struct tenant *t, int who, str index, const char *privilege);
// Why not, in its words. `what`: a part of the path, or what a bulk does.
#define ES_REASON_BYTES 900
void es_forbidden(const struct tenant *t, int who, const char *what, str index, char *reason);
bool es_check_bulk_rights(const struct tenant *t, int who, struct t_response *r);
// false: the answer is 403.
bool es_check_rights(const struct tenant *t, const struct t_request *q, struct t_response *r,
                     const struct es_route *p);

// ---- es_system.c
#define ES_CONNECTORS ".elastic-connectors"
#define ES_JOBS ".elastic-connectors-sync-jobs"
#define ES_ACL ".search-acl-filter-"
void es_system_apply(struct es *es, int index); // mapping and alias, if a template has them
struct es_index *es_system_index(struct tenant *t, const char *alias); // made when it is not there
int es_connector_new(struct tenant *t, struct es_tree *tree); // a record as the API makes it
void es_make_id(struct tenant *t, struct t_buf *out);         // 20 letters, as the real one's
// The record `id` of an index as an object of the tree; -1: there is none.
int es_record(struct tenant *t, struct es_tree *tree, const char *alias, str id);
void es_record_save(struct tenant *t, const struct es_tree *tree, int record, const char *alias,
                    str id);
void es_set_now(const struct tenant *t, struct es_tree *tree, int record, const char *key);
bool es_job_may(const char *from, const char *to); // the moves of spec/elastic-protocol.md 4
int es_draft(const struct es_tree *tree, int record, const char *side); // of domain DEFAULT

// ---- es_connector.c, es_job.c: the connectors API
void es_connector_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                         const struct es_route *p, str body);
void es_job_handle(struct tenant *t, const struct t_request *q, struct t_response *r,
                   const struct es_route *p, str body);
// Text of the new id in `id`; false: the answer says why not.
bool es_job_make(struct tenant *t, struct t_response *r, const struct es_tree *tree, int wanted,
                 struct t_buf *id);
const char *es_job_cancel(struct tenant *t, str id); // the new status; NULL: not from this one
void es_connector_draft(struct tenant *t, struct es_tree *tree, int record, int rules, int value);
void es_put_result(struct t_response *r, const char *result);

// ---- es_double.c
// As the real one tells what a shard said: search_phase_execution_exception around it.
void elastic_shard_error(struct t_response *r, int status, const char *type, const char *reason);
void elastic_index_missing(struct t_response *r, str index);
// An error that names an index, and its shard.
void elastic_index_error(struct t_response *r, int status, const char *type, const char *reason,
                         const char *index);
struct t_writer elastic_writer(struct t_response *r);
void elastic_wrong_method(const struct t_request *q, struct t_response *r, const char *allowed);
void elastic_no_handler(const struct t_request *q, struct t_response *r);

#endif
