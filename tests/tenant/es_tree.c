// SPDX-License-Identifier: Apache-2.0
// See es_tree.h.
#include "es_tree.h"

#include <string.h>

void es_tree_clear(struct es_tree *t)
{
    for (int i = 0; i < t->kept_count; i++) {
        t_free(t->kept[i]);
    }
    t->kept_count = 0;
    t->count = 0;
}

void es_tree_free(struct es_tree *t)
{
    es_tree_clear(t);
    t_free(t->kept);
    t_free(t->nodes);
    *t = (struct es_tree){0};
}

static str keep(struct es_tree *t, str text)
{
    if (t->kept_count == t->kept_cap) {
        t->kept_cap = t->kept_cap * 2 + 8;
        t->kept = t_resize(t->kept, t->kept_cap * (isize)sizeof(*t->kept));
    }
    char *z = t_strdup(text);
    t->kept[t->kept_count++] = z;
    return str_make(z, text.n);
}

static int add(struct es_tree *t, enum es_kind kind, str text)
{
    if (t->count == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->nodes = t_resize(t->nodes, t->cap * (isize)sizeof(*t->nodes));
    }
    t->nodes[t->count] = (struct es_node){
        .kind = kind, .text = text, .parent = -1, .first = -1, .last = -1, .next = -1};
    return t->count++;
}

static void append(struct es_tree *t, int parent, int node)
{
    struct es_node *p = &t->nodes[parent];
    t->nodes[node].parent = parent;
    t->nodes[node].next = -1;
    if (p->last < 0) {
        p->first = node;
    } else {
        t->nodes[p->last].next = node;
    }
    p->last = node;
}

static enum es_kind kind_of(u8 c)
{
    return c == '{'               ? ES_OBJECT
           : c == '['             ? ES_ARRAY
           : c == '"'             ? ES_STRING
           : c == 't' || c == 'f' ? ES_BOOL
           : c == 'n'             ? ES_NULL
                                  : ES_NUMBER;
}

// s[i] begins a scalar of valid JSON: where it ends.
static isize scalar_end(str s, isize i)
{
    if (s.p[i] == '"') {
        i++;
        while (s.p[i] != '"') {
            i += s.p[i] == '\\' ? 2 : 1;
        }
        return i + 1;
    }
    while (i < s.n && str_find_byte(S(",]} \t\r\n"), s.p[i]) < 0) {
        i++;
    }
    return i;
}

static isize skip(str s, isize i)
{
    while (i < s.n && (str_is_space(s.p[i]) || s.p[i] == ',' || s.p[i] == ':')) {
        i++;
    }
    return i;
}

int es_tree_parse(struct es_tree *t, str json)
{
    str v, key = {0};
    if (!t_json_whole(json, &v)) {
        return -1;
    }
    int root = -1, open = -1;
    bool has_key = false;
    isize i = 0;
    do {
        i = skip(v, i);
        if (v.p[i] == '}' || v.p[i] == ']') {
            open = t->nodes[open].parent;
            i++;
            continue;
        }
        if (open >= 0 && t->nodes[open].kind == ES_OBJECT && !has_key) {
            isize end = scalar_end(v, i);
            key = str_slice(v, i + 1, end - 1);
            has_key = true;
            i = end;
            continue;
        }
        enum es_kind kind = kind_of(v.p[i]);
        bool container = kind == ES_OBJECT || kind == ES_ARRAY;
        isize end = container ? i + 1 : scalar_end(v, i);
        int node = add(t, kind, container ? (str){0} : str_slice(v, i, end));
        t->nodes[node].key = has_key ? key : (str){0};
        has_key = false;
        if (open >= 0) {
            append(t, open, node);
        }
        root = root < 0 ? node : root;
        open = container ? node : open;
        i = end;
    } while (open >= 0);
    return root;
}

int es_tree_keep(struct es_tree *t, str json)
{
    return es_tree_parse(t, keep(t, json));
}

int es_tree_string(struct es_tree *t, str text)
{
    struct t_buf b = {0};
    t_json_put_string(&b, text);
    int node = add(t, ES_STRING, keep(t, t_buf_str(&b)));
    t_buf_free(&b);
    return node;
}

int es_tree_number(struct es_tree *t, i64 v)
{
    struct t_buf b = {0};
    t_buf_printf(&b, "%lld", (long long)v);
    int node = add(t, ES_NUMBER, keep(t, t_buf_str(&b)));
    t_buf_free(&b);
    return node;
}

enum es_kind es_tree_kind(const struct es_tree *t, int node)
{
    return node < 0 ? ES_NULL : t->nodes[node].kind;
}

int es_tree_find(const struct es_tree *t, int object, str key)
{
    if (es_tree_kind(t, object) != ES_OBJECT) {
        return -1;
    }
    int at = t->nodes[object].first;
    while (at >= 0 && !str_eq(t->nodes[at].key, key)) {
        at = t->nodes[at].next;
    }
    return at;
}

int es_tree_get(const struct es_tree *t, int object, const char *key)
{
    return es_tree_find(t, object, str_from(key));
}

int es_tree_path(const struct es_tree *t, int object, const char *path)
{
    str rest = str_from(path);
    bool more = true;
    while (more && object >= 0) {
        str part;
        rest = str_cut(rest, '.', &part, &more);
        object = es_tree_find(t, object, part);
    }
    return object;
}

void es_tree_text(const struct es_tree *t, int node, struct t_buf *out)
{
    out->n = 0;
    if (es_tree_kind(t, node) == ES_STRING) {
        t_json_text(t->nodes[node].text, out);
    } else if (node >= 0) {
        t_buf_put(out, t->nodes[node].text);
    }
}

bool es_tree_is(const struct es_tree *t, int node, const char *text)
{
    if (es_tree_kind(t, node) != ES_STRING) {
        return false;
    }
    struct t_buf b = {0};
    es_tree_text(t, node, &b);
    bool same = str_eq(t_buf_str(&b), str_from(text));
    t_buf_free(&b);
    return same;
}

i64 es_tree_i64(const struct es_tree *t, int node, i64 otherwise)
{
    i64 v;
    return node >= 0 && str_to_i64(t->nodes[node].text, &v) ? v : otherwise;
}

bool es_tree_true(const struct es_tree *t, int node)
{
    return node >= 0 && str_eq(t->nodes[node].text, S("true"));
}

static bool same_scalar(const struct es_node *a, const struct es_node *b)
{
    if (str_eq(a->text, b->text)) {
        return true;
    }
    if (a->kind != ES_STRING ||
        (str_find_byte(a->text, '\\') < 0 && str_find_byte(b->text, '\\') < 0)) {
        return false;
    }
    struct t_buf x = {0}, y = {0};
    t_json_text(a->text, &x);
    t_json_text(b->text, &y);
    bool same = str_eq(t_buf_str(&x), t_buf_str(&y));
    t_buf_free(&x);
    t_buf_free(&y);
    return same;
}

static int length(const struct es_tree *t, int node)
{
    int n = 0;
    for (int at = t->nodes[node].first; at >= 0; at = t->nodes[at].next) {
        n++;
    }
    return n;
}

struct pair {
    int a, b;
};

static void push_pair(struct t_buf *todo, int a, int b)
{
    struct pair p = {a, b};
    t_buf_put(todo, str_make(&p, (isize)sizeof(p)));
}

// The children of two containers of one kind, as pairs still to be compared.
static bool push_children(const struct es_tree *t, struct pair p, struct t_buf *todo)
{
    if (length(t, p.a) != length(t, p.b)) {
        return false;
    }
    int b = t->nodes[p.b].first;
    for (int a = t->nodes[p.a].first; a >= 0; a = t->nodes[a].next) {
        if (t->nodes[p.a].kind == ES_OBJECT) {
            b = es_tree_find(t, p.b, t->nodes[a].key);
            if (b < 0) {
                return false;
            }
        }
        push_pair(todo, a, b);
        b = t->nodes[b].next;
    }
    return true;
}

bool es_tree_equal(const struct es_tree *t, int a, int b)
{
    struct t_buf todo = {0};
    bool same = true;
    push_pair(&todo, a, b);
    while (same && todo.n > 0) {
        struct pair p;
        todo.n -= (isize)sizeof(p);
        memcpy(&p, todo.p + todo.n, sizeof(p));
        const struct es_node *x = &t->nodes[p.a], *y = &t->nodes[p.b];
        same = x->kind == y->kind;
        if (same && (x->kind == ES_OBJECT || x->kind == ES_ARRAY)) {
            same = push_children(t, p, &todo);
        } else if (same) {
            same = same_scalar(x, y);
        }
    }
    t_buf_free(&todo);
    return same;
}

// The node takes over what another (which is given up) holds, and keeps its place and key.
static void replace(struct es_tree *t, int node, int by)
{
    struct es_node *n = &t->nodes[node];
    const struct es_node *x = &t->nodes[by];
    n->kind = x->kind;
    n->text = x->text;
    n->first = x->first;
    n->last = x->last;
    for (int at = n->first; at >= 0; at = t->nodes[at].next) {
        t->nodes[at].parent = node;
    }
}

void es_tree_set(struct es_tree *t, int object, const char *key, int node)
{
    int mine = es_tree_get(t, object, key);
    if (mine >= 0) {
        replace(t, mine, node);
        return;
    }
    t->nodes[node].key = keep(t, str_from(key));
    append(t, object, node);
}

void es_tree_set_json(struct es_tree *t, int object, const char *key, const char *json)
{
    es_tree_set(t, object, key, es_tree_keep(t, str_from(json)));
}

int es_tree_copy(struct es_tree *t, int node)
{
    struct t_buf b = {0};
    es_tree_put(t, node, &b);
    int copy = es_tree_keep(t, t_buf_str(&b));
    t_buf_free(&b);
    return copy;
}

void es_tree_set_copy(struct es_tree *t, int object, const char *key, int node)
{
    es_tree_set(t, object, key, node < 0 ? add(t, ES_NULL, S("null")) : es_tree_copy(t, node));
}

void es_tree_push(struct es_tree *t, int array, int node)
{
    append(t, array, node);
}

bool es_tree_merge(struct es_tree *t, int into, int from)
{
    struct {
        int into, at;
    } stack[T_JSON_DEPTH];
    int depth = 0;
    bool changed = false;
    stack[0].into = into;
    stack[0].at = t->nodes[from].first;
    while (depth >= 0) {
        int at = stack[depth].at;
        if (at < 0) {
            depth--;
            continue;
        }
        stack[depth].at = t->nodes[at].next;
        int mine = es_tree_find(t, stack[depth].into, t->nodes[at].key);
        if (mine < 0) {
            append(t, stack[depth].into, at);
            changed = true;
        } else if (t->nodes[mine].kind == ES_OBJECT && t->nodes[at].kind == ES_OBJECT) {
            ASSERT(depth + 1 < T_JSON_DEPTH);
            depth++;
            stack[depth].into = mine;
            stack[depth].at = t->nodes[at].first;
        } else if (!es_tree_equal(t, mine, at)) {
            replace(t, mine, at);
            changed = true;
        }
    }
    return changed;
}

void es_tree_put(const struct es_tree *t, int node, struct t_buf *out)
{
    int at = node;
    for (;;) {
        const struct es_node *n = &t->nodes[at];
        if (at != node && t->nodes[n->parent].kind == ES_OBJECT) {
            t_buf_byte(out, '"');
            t_buf_put(out, n->key);
            t_buf_z(out, "\":");
        }
        bool container = n->kind == ES_OBJECT || n->kind == ES_ARRAY;
        if (container) {
            t_buf_byte(out, n->kind == ES_OBJECT ? '{' : '[');
            if (n->first >= 0) {
                at = n->first;
                continue;
            }
            t_buf_byte(out, n->kind == ES_OBJECT ? '}' : ']');
        } else {
            t_buf_put(out, n->text);
        }
        while (at != node && t->nodes[at].next < 0) {
            at = t->nodes[at].parent;
            t_buf_byte(out, t->nodes[at].kind == ES_OBJECT ? '}' : ']');
        }
        if (at == node) {
            return;
        }
        t_buf_byte(out, ',');
        at = t->nodes[at].next;
    }
}

// Do the keys from the root down to the node spell the path (or more, with prefix)?
static bool is_at(const struct es_tree *t, int root, int node, str path, bool prefix)
{
    isize end = path.n;
    bool below = prefix;
    for (int at = node; at != root; at = t->nodes[at].parent) {
        str key = t->nodes[at].key;
        int parent = t->nodes[at].parent;
        if (parent < 0) {
            return false; // of another root
        }
        if (t->nodes[parent].kind != ES_OBJECT) {
            continue;
        }
        bool ends = str_ends(str_slice(path, 0, end), key) &&
                    (end == key.n || path.p[end - key.n - 1] == '.');
        if (ends && end > 0) {
            end = end == key.n ? 0 : end - key.n - 1;
            below = false;
        } else if (!below) {
            return false;
        }
    }
    return end == 0;
}

int es_tree_each(const struct es_tree *t, int root, str path, bool prefix, int *at)
{
    for (int i = *at > root ? *at : root; root >= 0 && i < t->count; i++) {
        const struct es_node *n = &t->nodes[i];
        if (n->kind != ES_OBJECT && n->kind != ES_ARRAY && is_at(t, root, i, path, prefix)) {
            *at = i + 1;
            return i;
        }
    }
    return -1;
}
