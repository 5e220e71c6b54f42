// SPDX-License-Identifier: Apache-2.0
// config.yml as a tree: maps, lists and scalars with their place in the file. Later keys win, maps
// merge, top-level keys are split at dots (spec/configuration.md 1). Bounded in nodes, text and
// depth; aliases and merge keys are refused.
#ifndef CLI_CONFIG_TREE_H
#define CLI_CONFIG_TREE_H

#include "base/arena.h"
#include "base/buf.h"
#include "limits.h"

enum config_kind { CONFIG_NULL, CONFIG_SCALAR, CONFIG_MAP, CONFIG_LIST };

struct config_node {
    str key, text;
    enum config_kind kind;
    bool plain;            // an unquoted scalar: its type comes from its spelling
    bool used;             // somebody asked for it
    int line, column;      // 1-based; 0: from the environment
    int first, last, next; // children in order; -1: none
    int scope;             // the mapping of the file that it came from
};

struct config_tree {
    struct config_node nodes[CONFIG_NODES_MAX];
    int count;
    struct arena *arena;
};

// An empty tree: node 0 is a map.
void config_tree_init(struct config_tree *t, struct arena *arena);

// Adds a YAML text. CONFIG_YAML, CONFIG_TOO_LARGE, CONFIG_NOT_A_MAP, CONFIG_ALIAS.
err config_tree_add_yaml(struct config_tree *t, str name, str text, struct buf *detail);

// Adds one scalar under a dotted path, as the environment does.
err config_tree_add_path(struct config_tree *t, str path, str value);

int config_tree_child(const struct config_tree *t, int map, str key); // -1: none
int config_tree_find(struct config_tree *t, str path); // from the root; marks as used

// "config.yml:12:5"
void config_tree_put_place(struct buf *b, const struct config_tree *t, str name, int node);

// YAML 1.1 spellings of plain scalars.
bool config_scalar_is_null(const struct config_node *n);
bool config_scalar_bool(const struct config_node *n, bool *out);
bool config_scalar_number(const struct config_node *n, double *out, bool *integral);

#endif
