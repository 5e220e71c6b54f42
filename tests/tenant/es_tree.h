// SPDX-License-Identifier: Apache-2.0
// JSON as a tree, for what the Elasticsearch double does inside of documents: partial updates,
// queries, records that are put together.
//
// Nodes are numbers; -1 is no node, and every reader takes it. The text of a tree's nodes belongs
// to whoever gave it and must outlive the tree, but for what es_tree_keep() and the makers copied.
// Scalars keep the form in which they were sent. Nothing here recurses; depth is T_JSON_DEPTH.
#ifndef TENANT_ES_TREE_H
#define TENANT_ES_TREE_H

#include "t_json.h"

enum es_kind { ES_NULL, ES_BOOL, ES_NUMBER, ES_STRING, ES_ARRAY, ES_OBJECT };

struct es_node {
    enum es_kind kind;
    str key;  // between the quotes, within an object
    str text; // of a scalar, quotes included
    int parent, first, last, next;
};

struct es_tree {
    struct es_node *nodes;
    int count, cap;
    char **kept;
    int kept_count, kept_cap;
};

void es_tree_free(struct es_tree *t);
void es_tree_clear(struct es_tree *t); // keeps the room

int es_tree_parse(struct es_tree *t, str json); // a new root; -1: not JSON
int es_tree_keep(struct es_tree *t, str json);  // the same over a copy of the text
int es_tree_string(struct es_tree *t, str text);
int es_tree_number(struct es_tree *t, i64 v);

enum es_kind es_tree_kind(const struct es_tree *t, int node); // of no node: ES_NULL
int es_tree_get(const struct es_tree *t, int object, const char *key);
int es_tree_find(const struct es_tree *t, int object, str key);
int es_tree_path(const struct es_tree *t, int object, const char *path); // a.b.c
bool es_tree_is(const struct es_tree *t, int node, const char *text);    // a string of this text
void es_tree_text(const struct es_tree *t, int node, struct t_buf *out); // replaces; "" if none
i64 es_tree_i64(const struct es_tree *t, int node, i64 otherwise);
bool es_tree_true(const struct es_tree *t, int node);
bool es_tree_equal(const struct es_tree *t, int a, int b); // as values: order of keys is none

// `node` (detached) becomes the member; it may not be used any more elsewhere.
void es_tree_set(struct es_tree *t, int object, const char *key, int node);
void es_tree_set_json(struct es_tree *t, int object, const char *key, const char *json);
void es_tree_set_copy(struct es_tree *t, int object, const char *key, int node); // -1: null
void es_tree_push(struct es_tree *t, int array, int node);
// As a partial update does it: objects merge, everything else replaces. Takes `from` apart. Did
// anything change?
bool es_tree_merge(struct es_tree *t, int into, int from);
int es_tree_copy(struct es_tree *t, int node);

void es_tree_put(const struct es_tree *t, int node, struct t_buf *out); // compact

// The scalars at a dotted path, through objects and arrays of a freshly parsed root, one by one:
// *at starts at 0. `prefix`: those below the path count too.
int es_tree_each(const struct es_tree *t, int root, str path, bool prefix, int *at);

#endif
