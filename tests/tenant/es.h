// SPDX-License-Identifier: Apache-2.0
// The Elasticsearch double, as its parts share it: es_double.c (requests), es_store.c (documents),
// es_bulk.c, es_search.c.
//
// A document keeps its source as it was sent; what the default pipeline would remove is left out
// when the source is read. Documents become visible to searches by a refresh or after a second, as
// in the real one. Deleted documents stay for the snapshots (scroll, point in time) that were
// opened before.
#ifndef TENANT_ES_H
#define TENANT_ES_H

#include "base/hash.h"
#include "model.h"

#define ES_REFRESH_MS 1000
#define ES_ID_BYTES_MAX 512
#define ES_WINDOW_MAX 10000

struct es_doc {
    char *id;
    u8 *source;
    isize id_bytes, source_bytes;
    u64 created_seq, seq, version;
    u64 deleted_seq; // 0: there
    i64 visible_ms;
    bool piped; // went through a pipeline that removes the helper fields
};

struct es_index {
    char *name;
    struct es_doc *docs; // in the order of creation; a deleted one keeps its place
    isize count, cap, live;
    u32 *table; // place in docs + 1; 0 empty, T_GONE after a delete
    isize places, used;
    u64 seq, refreshed_seq;
};

struct es_name { // an alias and its index, or a pipeline and its body
    char *name, *value;
};

struct es_view { // a scroll or a point in time
    u64 id;      // 0: closed
    int index;
    u64 seq;
    i64 opened_ms, keep_ms;
    isize at, size;
    char *source_filter; // JSON; NULL: everything
};

#define ES_INDICES_MAX 64
#define ES_NAMES_MAX 64
#define ES_VIEWS_MAX 500 // search.max_open_scroll_context

struct es {
    struct es_index indices[ES_INDICES_MAX];
    int index_count;
    struct es_name aliases[ES_NAMES_MAX], pipelines[ES_NAMES_MAX];
    int alias_count, pipeline_count;
    struct es_view views[ES_VIEWS_MAX];
    u64 next_view;
    struct hash_key key;
    // Errors on request: every n-th item, `count` times (< 0: for ever); those whose id contains
    // `id`.
    i64 error_every, error_count, error_status, error_seen;
    char *error_type, *error_reason, *error_id;
};

// ---- es_store.c
int es_find_index(const struct es *es, str name); // through aliases; -1
int es_make_index(struct es *es, str name);       // -1: no room or not a name for an index
void es_drop_index(struct es *es, int index);
struct es_doc *es_find_doc(const struct es *es, struct es_index *x, str id);
// Adds or replaces. *created says which.
struct es_doc *es_put_doc(struct tenant *t, struct es_index *x, str id, str source, bool *created);
void es_delete_doc(struct es *es, struct es_index *x, struct es_doc *doc);
bool es_is_visible(const struct tenant *t, const struct es_index *x, const struct es_doc *doc);
isize es_count_visible(const struct tenant *t, const struct es_index *x);
void es_free_gone(struct es *es); // sources of deleted documents, when no view is open
const char *es_name_value(const struct es_name *names, int count, str name);
void es_set_name(struct es_name *names, int *count, str name, str value);
// The source as a search shows it: without helper fields, and filtered (NULL: not).
void es_put_source(const struct es_doc *doc, const char *filter, struct t_buf *out);

// ---- es_bulk.c, es_search.c
void es_bulk(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
             str body);
void es_search(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
               str body);
void es_scroll(struct tenant *t, const struct t_request *q, struct t_response *r, str body);
void es_pit(struct tenant *t, const struct t_request *q, struct t_response *r, str index, str body);

// ---- es_double.c
// As the real one tells what a shard said: search_phase_execution_exception around it.
void elastic_shard_error(struct t_response *r, int status, const char *type, const char *reason);
void elastic_index_missing(struct t_response *r, str index);
struct t_writer elastic_writer(struct t_response *r);

#endif
