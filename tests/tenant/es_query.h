// SPDX-License-Identifier: Apache-2.0
// Queries and sort orders of the Elasticsearch double: match_all, match_none, bool, term, terms,
// match (as term), range, exists, ids. A query is flattened, children behind their parents, and
// judged from its end; at most ES_CLAUSES_MAX clauses.
#ifndef TENANT_ES_QUERY_H
#define TENANT_ES_QUERY_H

#include "es.h"

#define ES_CLAUSES_MAX 128
#define ES_SORTS_MAX 4

enum es_type { ES_T_NONE, ES_T_ANY, ES_T_DATE, ES_T_TEXT, ES_T_OTHER };

enum es_what { ES_Q_ALL, ES_Q_NO, ES_Q_BOOL, ES_Q_TERMS, ES_Q_RANGE, ES_Q_EXISTS };
enum es_role { ES_R_MUST, ES_R_SHOULD, ES_R_NOT };

struct es_clause {
    enum es_what what;
    enum es_role role;
    int parent;
    int node; // of the query; values of TERMS (an array or one scalar), limits of RANGE
    str field;
    enum es_type type;
    i64 should_wanted; // < 0: one if there is nothing that must
    bool has_must, has_should;
    bool failed; // while judging
    i64 should_hits;
};

struct es_query {
    struct es_tree tree;
    struct es_clause clauses[ES_CLAUSES_MAX];
    int count;
    i64 now_ms;
    struct es_tree doc; // the one that is judged
    int doc_root;       // -1: not parsed yet
};

struct es_sort {
    char *field;
    bool down, lenient; // unmapped_type was given
    enum es_type type;
};

enum es_type es_field_type(const struct es_index *x, str path);
// false: the answer says what is wrong. x may be NULL. An absent query (empty) matches all.
bool es_query_read(struct es_query *s, const struct es_index *x, str json, struct t_response *r);
bool es_query_matches(struct es_query *s, str id, str source);
void es_query_free(struct es_query *s);

bool es_date_ms(str text, i64 now_ms, i64 *ms); // ISO, milliseconds, now-300s

#endif
