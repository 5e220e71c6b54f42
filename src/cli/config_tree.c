// SPDX-License-Identifier: Apache-2.0
// YAML events into a tree of nodes (see config_tree.h). libyaml parses; this file places what it
// yields, with an explicit stack instead of recursion.
#include "cli/config_tree.h"

#include <string.h>
#include <yaml.h>

void config_tree_init(struct config_tree *t, struct arena *arena)
{
    t->arena = arena;
    t->count = 1;
    t->nodes[0] = (struct config_node){.kind = CONFIG_MAP, .first = -1, .last = -1, .next = -1};
}

static bool config_tree_copy(struct config_tree *t, str s, str *out)
{
    u8 *p = arena_try(t->arena, 1, s.n + 1); // with a NUL: file names go to the system
    if (!p) {
        return false;
    }
    if (s.n) {
        memcpy(p, s.p, (size_t)s.n);
    }
    *out = str_make(p, s.n);
    return true;
}

static int config_tree_new(struct config_tree *t, int parent, str key)
{
    if (t->count == CONFIG_NODES_MAX) {
        return -1;
    }
    int at = t->count++;
    t->nodes[at] = (struct config_node){.kind = CONFIG_NULL, .first = -1, .last = -1, .next = -1};
    if (!config_tree_copy(t, key, &t->nodes[at].key)) {
        return -1;
    }
    struct config_node *p = &t->nodes[parent];
    if (p->last >= 0) {
        t->nodes[p->last].next = at;
    } else {
        p->first = at;
    }
    p->last = at;
    return at;
}

int config_tree_child(const struct config_tree *t, int map, str key)
{
    if (map < 0) {
        return -1;
    }
    for (int i = t->nodes[map].first; i >= 0; i = t->nodes[i].next) {
        if (str_eq(t->nodes[i].key, key)) {
            return i;
        }
    }
    return -1;
}

// The node that `key` names below `map`, made when it is absent. A key that the same mapping of the
// file already had starts anew (last wins); one from elsewhere is merged into.
static int config_tree_place(struct config_tree *t, int map, str key, int scope)
{
    int at = config_tree_child(t, map, key);
    if (at < 0) {
        at = config_tree_new(t, map, key);
    } else if (t->nodes[at].scope == scope && scope) {
        t->nodes[at].first = -1;
        t->nodes[at].last = -1;
        t->nodes[at].kind = CONFIG_NULL;
    }
    if (at >= 0) {
        t->nodes[at].scope = scope;
    }
    return at;
}

// Walks a dotted key from the root, making maps on the way.
static int config_tree_place_dotted(struct config_tree *t, str path, int scope)
{
    int map = 0;
    for (;;) {
        str head;
        bool more;
        path = str_cut(path, '.', &head, &more);
        int at = config_tree_place(t, map, head, more ? 0 : scope);
        if (at < 0 || !more) {
            return at;
        }
        if (t->nodes[at].kind != CONFIG_MAP) {
            t->nodes[at].kind = CONFIG_MAP;
            t->nodes[at].first = -1;
            t->nodes[at].last = -1;
        }
        map = at;
    }
}

err config_tree_add_path(struct config_tree *t, str path, str value)
{
    int at = config_tree_place_dotted(t, path, 0);
    if (at < 0) {
        return FAIL(CONFIG_TOO_LARGE);
    }
    struct config_node *n = &t->nodes[at];
    n->kind = CONFIG_SCALAR;
    n->first = -1;
    n->last = -1;
    n->plain = false;
    return config_tree_copy(t, value, &n->text) ? OK : FAIL(CONFIG_TOO_LARGE);
}

void config_tree_put_place(struct buf *b, const struct config_tree *t, str name, int node)
{
    if (node > 0 && t->nodes[node].line == 0) {
        buf_put(b, S("the environment or .env"));
        return;
    }
    buf_put(b, name);
    if (node > 0) {
        buf_put_byte(b, ':');
        buf_put_i64(b, t->nodes[node].line);
        buf_put_byte(b, ':');
        buf_put_i64(b, t->nodes[node].column);
    }
}

// ---- events

struct config_reader {
    struct config_tree *t;
    int stack[CONFIG_DEPTH_MAX]; // open maps and lists
    int scopes[CONFIG_DEPTH_MAX];
    int depth;
    int next_scope;
    int pending; // the node whose key was read and whose value comes next; -1: a key comes next
    bool done;
    const char *why; // what is wrong with the event at hand
};

static err config_reader_fail(struct config_reader *r, err e, const char *why)
{
    r->why = why;
    return e;
}

static err config_reader_too_large(struct config_reader *r)
{
    return config_reader_fail(r, FAIL(CONFIG_TOO_LARGE), "too many keys, or too much text");
}

static err config_reader_alias(struct config_reader *r)
{
    return config_reader_fail(r, FAIL(CONFIG_ALIAS), "&anchors, *aliases and << are not supported");
}

static void config_put_mark(struct buf *detail, str name, yaml_mark_t mark, const char *why)
{
    buf_put(detail, name);
    buf_put_byte(detail, ':');
    buf_put_u64(detail, mark.line + 1);
    buf_put_byte(detail, ':');
    buf_put_u64(detail, mark.column + 1);
    buf_put(detail, S(": "));
    buf_put(detail, str_from(why));
}

// What libyaml says. Of bytes that are no text it knows the offset only.
static err config_put_problem(const yaml_parser_t *parser, str name, str text, struct buf *detail)
{
    yaml_mark_t mark = parser->problem_mark;
    const char *why = parser->problem ? parser->problem : "not enough memory";
    if (parser->error == YAML_READER_ERROR) {
        mark = (yaml_mark_t){0};
        for (isize i = 0; i < text.n && (size_t)i < parser->problem_offset; i++) {
            mark.line += text.p[i] == '\n';
            mark.column = text.p[i] == '\n' ? 0 : mark.column + 1;
        }
        why = "this is not UTF-8 text, or a control character";
    }
    config_put_mark(detail, name, mark, why);
    if (parser->context && parser->error != YAML_READER_ERROR) {
        buf_put(detail, S(" ("));
        buf_put(detail, str_from(parser->context));
        if (parser->context_mark.line) {
            buf_put(detail, S(" that began in line "));
            buf_put_u64(detail, parser->context_mark.line + 1);
        }
        buf_put_byte(detail, ')');
    }
    return parser->error == YAML_MEMORY_ERROR ? FAIL(CONFIG_TOO_LARGE) : FAIL(CONFIG_YAML);
}

// The node that the event's value goes into; -1: none could be made.
static int config_reader_target(struct config_reader *r)
{
    if (r->depth == 0) {
        return 0;
    }
    int top = r->stack[r->depth - 1];
    if (r->t->nodes[top].kind == CONFIG_LIST) {
        return config_tree_new(r->t, top, (str){0});
    }
    int at = r->pending;
    r->pending = -1;
    return at;
}

static bool config_reader_wants_key(const struct config_reader *r)
{
    return r->depth > 0 && r->t->nodes[r->stack[r->depth - 1]].kind == CONFIG_MAP && r->pending < 0;
}

// The place of a key in the file, also for the maps on the way of a dotted one.
static void config_reader_mark_key(struct config_reader *r, str key, const yaml_event_t *e)
{
    int at = r->stack[r->depth - 1];
    for (bool more = true; more && at >= 0;) {
        str head = key;
        more = false;
        if (r->depth == 1) {
            key = str_cut(key, '.', &head, &more);
        }
        at = config_tree_child(r->t, at, head);
        if (at >= 0 && (r->t->nodes[at].line == 0 || at == r->pending)) {
            r->t->nodes[at].line = (int)e->start_mark.line + 1;
            r->t->nodes[at].column = (int)e->start_mark.column + 1;
        }
    }
}

static err config_reader_key(struct config_reader *r, const yaml_event_t *e)
{
    str key = str_make(e->data.scalar.value, (isize)e->data.scalar.length);
    if (str_eq(key, S("<<")) && e->data.scalar.plain_implicit) {
        return config_reader_alias(r);
    }
    int scope = r->scopes[r->depth - 1];
    r->pending = r->depth == 1 ? config_tree_place_dotted(r->t, key, scope)
                               : config_tree_place(r->t, r->stack[r->depth - 1], key, scope);
    if (r->pending < 0) {
        return config_reader_too_large(r);
    }
    config_reader_mark_key(r, key, e);
    return OK;
}

// The place of a key stands for its value, too; what has no key has its own.
static void config_reader_mark(struct config_node *n, const yaml_event_t *e)
{
    if (n->key.n == 0 || n->line == 0) {
        n->line = (int)e->start_mark.line + 1;
        n->column = (int)e->start_mark.column + 1;
    }
}

static err config_reader_scalar(struct config_reader *r, const yaml_event_t *e)
{
    str text = str_make(e->data.scalar.value, (isize)e->data.scalar.length);
    if (e->data.scalar.anchor) {
        return config_reader_alias(r);
    }
    if (text.n > CONFIG_SCALAR_BYTES) {
        return config_reader_fail(r, FAIL(CONFIG_TOO_LARGE), "a value is longer than 64 KiB");
    }
    if (str_find_byte(text, 0) >= 0) {
        return config_reader_fail(r, FAIL(CONFIG_YAML), "a NUL character has no meaning here");
    }
    if (config_reader_wants_key(r)) {
        return config_reader_key(r, e);
    }
    if (r->depth == 0) {
        r->done = true; // a bare scalar: defaults only
        return OK;
    }
    int at = config_reader_target(r);
    if (at < 0) {
        return config_reader_too_large(r);
    }
    struct config_node *n = &r->t->nodes[at];
    n->kind = CONFIG_SCALAR;
    n->first = -1;
    n->last = -1;
    n->plain = e->data.scalar.plain_implicit && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    config_reader_mark(n, e);
    if (!config_tree_copy(r->t, text, &n->text)) {
        return config_reader_too_large(r);
    }
    if (config_scalar_is_null(n)) {
        n->kind = CONFIG_NULL;
        n->text = S("");
    }
    return OK;
}

static err config_reader_open(struct config_reader *r, const yaml_event_t *e, enum config_kind kind)
{
    if (config_reader_wants_key(r)) {
        return config_reader_fail(
            r, FAIL(CONFIG_YAML),
            "a mapping or list cannot be a key (is a quote or a ':' missing?)");
    }
    if (r->depth == 0 && kind == CONFIG_LIST) {
        return config_reader_fail(r, FAIL(CONFIG_NOT_A_MAP), "the file is a list, not a mapping");
    }
    if (r->depth == CONFIG_DEPTH_MAX) {
        return config_reader_fail(r, FAIL(CONFIG_TOO_LARGE), "too many levels");
    }
    int at = config_reader_target(r);
    if (at < 0) {
        return config_reader_too_large(r);
    }
    struct config_node *n = &r->t->nodes[at];
    if (n->kind != CONFIG_MAP || kind != CONFIG_MAP) {
        n->first = -1; // only maps merge
        n->last = -1;
    }
    n->kind = kind;
    n->text = S("");
    if (at) {
        config_reader_mark(n, e);
    }
    r->stack[r->depth] = at;
    r->scopes[r->depth++] = ++r->next_scope;
    r->pending = -1;
    return OK;
}

static err config_reader_event(struct config_reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return config_reader_scalar(r, e);
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor ? config_reader_alias(r)
                                            : config_reader_open(r, e, CONFIG_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor ? config_reader_alias(r)
                                             : config_reader_open(r, e, CONFIG_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        r->pending = -1;
        r->done = r->depth == 0;
        return OK;
    case YAML_ALIAS_EVENT:
        return config_reader_alias(r);
    case YAML_DOCUMENT_START_EVENT:
        return r->done ? config_reader_fail(r, FAIL(CONFIG_YAML), "a second document begins here")
                       : OK;
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_NO_EVENT:
        return OK;
    }
    return OK;
}

err config_tree_add_yaml(struct config_tree *t, str name, str text, struct buf *detail)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return FAIL(CONFIG_TOO_LARGE);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.p ? text.p : (const u8 *)"", (size_t)text.n);
    struct config_reader r = {.t = t, .pending = -1};
    err e = OK;
    for (bool end = false; !end && err_ok(e);) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            e = config_put_problem(&parser, name, text, detail);
            break;
        }
        e = config_reader_event(&r, &event);
        if (!err_ok(e)) {
            config_put_mark(detail, name, event.start_mark, r.why);
        }
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return e;
}

int config_tree_find(struct config_tree *t, str path)
{
    int at = 0;
    for (bool more = true; more && at >= 0;) {
        str head;
        path = str_cut(path, '.', &head, &more);
        at = config_tree_child(t, at, head);
        if (at >= 0) {
            t->nodes[at].used = true;
        }
    }
    return at;
}

// ---- plain scalars (YAML 1.1)

static bool config_is_one_of(str s, const char *const *words, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (str_eq(s, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

bool config_scalar_is_null(const struct config_node *n)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return n->plain && config_is_one_of(n->text, words, COUNT(words));
}

bool config_scalar_bool(const struct config_node *n, bool *out)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
                                      "YES",  "on",   "On",   "ON"};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No",
                                     "NO",    "off",   "Off",   "OFF"};
    *out = config_is_one_of(n->text, yes, COUNT(yes));
    return n->plain && (*out || config_is_one_of(n->text, no, COUNT(no)));
}

// Decimal digits, with or without a fraction. 010, 0x10, 1:30 and 1e3 mean something else to each
// reader of YAML: they are refused.
bool config_scalar_number(const struct config_node *n, double *out, bool *integral)
{
    str s = n->text;
    double sign = s.n && s.p[0] == '-' ? -1 : 1;
    s = s.n && (s.p[0] == '-' || s.p[0] == '+') ? str_from_index(s, 1) : s;
    i64 mantissa = 0; // at most 15 digits: a double holds it and the power of ten exactly
    double divisor = 1;
    isize digits = 0;
    bool fraction = false;
    if (s.n > 1 && s.p[0] == '0' && s.p[1] != '.') {
        return false;
    }
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !fraction) {
            fraction = true;
        } else if (str_is_digit(s.p[i]) && digits < 15) {
            divisor = fraction ? divisor * 10 : divisor;
            mantissa = mantissa * 10 + (s.p[i] - '0');
            digits++;
        } else if (s.p[i] != '_' || digits == 0) {
            return false;
        }
    }
    *out = sign * (double)mantissa / divisor;
    *integral = mantissa % (i64)divisor == 0; // 240.0 is whole
    return digits > 0;
}
