// SPDX-License-Identifier: Apache-2.0
// See es_query.h.
#include "es_query.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"

enum es_type es_field_type(const struct es_index *x, str path)
{
    struct es_tree t = {0};
    int root = x && x->mapping ? es_tree_parse(&t, str_from(x->mapping)) : -1;
    int at = root;
    bool more = root >= 0, fixed = es_tree_is(&t, es_tree_get(&t, root, "dynamic"), "false");
    while (more && at >= 0) {
        str part;
        path = str_cut(path, '.', &part, &more);
        int inner = es_tree_get(&t, at, "properties");
        at = inner < 0 && str_eq(part, S("keyword")) ? at : es_tree_find(&t, inner, part);
    }
    int type = root < 0 ? -1 : es_tree_get(&t, at, "type");
    enum es_type found = type < 0                       ? (fixed ? ES_T_NONE : ES_T_ANY)
                         : es_tree_is(&t, type, "date") ? ES_T_DATE
                         : es_tree_is(&t, type, "text") ? ES_T_TEXT
                                                        : ES_T_OTHER;
    es_tree_free(&t);
    return found;
}

// now, then any number of +1h or -300s.
static bool read_now(str s, i64 now_ms, i64 *ms)
{
    static const struct {
        u8 unit;
        i64 ms;
    } units[] = {{'s', 1000},    {'m', 60000},    {'h', 3600000},
                 {'H', 3600000}, {'d', 86400000}, {'w', 604800000}};
    s = str_from_index(s, 3);
    *ms = now_ms;
    while (s.n > 0) {
        isize i = 1;
        u64 n = 0;
        i64 unit = 0;
        while (i < s.n && str_is_digit(s.p[i])) {
            i++;
        }
        for (isize k = 0; k < COUNT(units) && i < s.n; k++) {
            unit = s.p[i] == units[k].unit ? units[k].ms : unit;
        }
        if ((s.p[0] != '-' && s.p[0] != '+') || unit == 0 || !str_to_u64(str_slice(s, 1, i), &n)) {
            return false;
        }
        *ms += (s.p[0] == '-' ? -1 : 1) * (i64)n * unit;
        s = str_from_index(s, i + 1);
    }
    return true;
}

bool es_date_ms(str text, i64 now_ms, i64 *ms)
{
    if (str_starts(text, S("now"))) {
        return read_now(text, now_ms, ms);
    }
    if (str_to_i64(text, ms)) {
        return true;
    }
    i64 us;
    bool ok = date_parse_iso(text, &us);
    *ms = ok ? us / 1000 - (us % 1000 < 0 ? 1 : 0) : 0;
    return ok;
}

// ---- reading
// -------------------------------------------------------------------------------------

static bool refuse(struct t_response *r, const char *type, const char *format, str word)
{
    char text[300];
    snprintf(text, sizeof(text), format, (int)(word.n < 150 ? word.n : 150), word.p);
    elastic_error(r, 400, type, text);
    return false;
}

static bool add_clause(struct es_query *s, int node, int parent, enum es_role role)
{
    if (s->count == ES_CLAUSES_MAX) {
        return false;
    }
    s->clauses[s->count++] = (struct es_clause){.node = node, .parent = parent, .role = role};
    return true;
}

static bool read_bool(struct es_query *s, int me, int object, struct t_response *r)
{
    static const struct {
        const char *name;
        enum es_role role;
    } roles[] = {{"must", ES_R_MUST},
                 {"filter", ES_R_MUST},
                 {"should", ES_R_SHOULD},
                 {"must_not", ES_R_NOT}};
    struct es_tree *t = &s->tree;
    s->clauses[me].what = ES_Q_BOOL;
    s->clauses[me].should_wanted = -1;
    for (int at = t->nodes[object].first; at >= 0; at = t->nodes[at].next) {
        str key = t->nodes[at].key;
        isize k = 0;
        while (k < COUNT(roles) && !str_eq(key, str_from(roles[k].name))) {
            k++;
        }
        if (str_eq(key, S("minimum_should_match"))) {
            s->clauses[me].should_wanted = es_tree_i64(t, at, 1);
        } else if (k == COUNT(roles) && !str_eq(key, S("boost"))) {
            return refuse(r, "x_content_parse_exception", "[1:1] [bool] unknown field [%.*s]", key);
        } else if (k < COUNT(roles)) {
            bool list = t->nodes[at].kind == ES_ARRAY;
            for (int c = list ? t->nodes[at].first : at; c >= 0; c = list ? t->nodes[c].next : -1) {
                if (!add_clause(s, c, me, roles[k].role)) {
                    return refuse(r, "too_many_nested_clauses", "too many clauses%.*s", S(""));
                }
                s->clauses[me].has_must = s->clauses[me].has_must || roles[k].role == ES_R_MUST;
                s->clauses[me].has_should = s->clauses[me].has_should ||
                                            roles[k].role == ES_R_SHOULD;
            }
        }
    }
    return true;
}

// The one member of {"field": ...}; boost may stand beside it.
static int read_field(struct es_query *s, int me, int object, const char *name,
                      struct t_response *r)
{
    const struct es_tree *t = &s->tree;
    char text[200];
    int found = -1;
    for (int at = t->nodes[object].first; at >= 0; at = t->nodes[at].next) {
        if (str_eq(t->nodes[at].key, S("boost")) || str_eq(t->nodes[at].key, S("_name"))) {
            continue;
        }
        if (found >= 0) {
            snprintf(text, sizeof(text),
                     "[%s] query doesn't support multiple fields, found [%.*s] and [%.*s]", name,
                     (int)(t->nodes[found].key.n % 60), t->nodes[found].key.p,
                     (int)(t->nodes[at].key.n % 60), t->nodes[at].key.p);
            elastic_error(r, 400, "parsing_exception", text);
            return -1;
        }
        found = at;
    }
    if (found < 0) {
        refuse(r, "illegal_argument_exception", "fieldName must not be null or empty%.*s", S(""));
        return -1;
    }
    s->clauses[me].field = t->nodes[found].key;
    return found;
}

static bool read_leaf(struct es_query *s, int me, int object, str name, struct t_response *r)
{
    struct es_tree *t = &s->tree;
    struct es_clause *c = &s->clauses[me];
    if (str_eq(name, S("exists"))) {
        c->what = ES_Q_EXISTS;
        c->field = str_trim(t->nodes[object].key);
        int field = es_tree_get(t, object, "field");
        str text = field < 0 ? S("\"\"") : t->nodes[field].text;
        c->field = str_slice(text, 1, text.n - 1);
        return true;
    }
    if (str_eq(name, S("ids"))) {
        c->what = ES_Q_TERMS;
        c->field = S("_id");
        c->node = es_tree_get(t, object, "values");
        return true;
    }
    const char *plain = str_eq(name, S("term"))    ? "term"
                        : str_eq(name, S("terms")) ? "terms"
                        : str_eq(name, S("match")) ? "match"
                                                   : "range";
    int value = read_field(s, me, object, plain, r);
    if (value < 0) {
        return false;
    }
    c->what = plain[0] == 'r' ? ES_Q_RANGE : ES_Q_TERMS;
    c->node = value;
    if (plain[0] == 't' && plain[4] == 's' && t->nodes[value].kind != ES_ARRAY) {
        return refuse(r, "parsing_exception", "[terms] query does not support [%.*s]", c->field);
    }
    if (c->what == ES_Q_TERMS && t->nodes[value].kind == ES_OBJECT) {
        int inner = es_tree_get(t, value, plain[0] == 'm' ? "query" : "value");
        c->node = inner;
    }
    static const char *const known[] = {"gte",    "gt",    "lte",       "lt",
                                        "format", "boost", "time_zone", "relation"};
    for (int at = t->nodes[value].first; c->what == ES_Q_RANGE && at >= 0; at = t->nodes[at].next) {
        bool ok = false;
        for (isize i = 0; i < COUNT(known); i++) {
            ok = ok || str_eq(t->nodes[at].key, str_from(known[i]));
        }
        if (!ok) {
            return refuse(r, "parsing_exception", "[range] query does not support [%.*s]",
                          t->nodes[at].key);
        }
    }
    return true;
}

// {"name": {...}}
static bool read_clause(struct es_query *s, int me, struct t_response *r)
{
    static const char *const leaves[] = {"term", "terms", "match", "range", "exists", "ids"};
    const struct es_tree *t = &s->tree;
    int node = s->clauses[me].node;
    if (t->nodes[node].kind != ES_OBJECT) {
        return refuse(r, "parsing_exception",
                      "[_na] query malformed, must start with "
                      "start_object%.*s",
                      S(""));
    }
    int only = t->nodes[node].first;
    if (only < 0) {
        return refuse(r, "illegal_argument_exception",
                      "query malformed, empty clause found at [1:1]%.*s", S(""));
    }
    str name = t->nodes[only].key;
    bool leaf = false;
    for (isize i = 0; i < COUNT(leaves); i++) {
        leaf = leaf || str_eq(name, str_from(leaves[i]));
    }
    if (str_eq(name, S("match_all")) || str_eq(name, S("match_none"))) {
        s->clauses[me].what = name.n == 9 ? ES_Q_ALL : ES_Q_NO;
        return true;
    }
    if (!leaf && !str_eq(name, S("bool"))) {
        return refuse(r, "parsing_exception", "unknown query [%.*s]", name);
    }
    if (t->nodes[only].kind != ES_OBJECT) {
        return refuse(r, "parsing_exception",
                      "[%.*s] query malformed, no start_object after query name", name);
    }
    return leaf ? read_leaf(s, me, only, name, r) : read_bool(s, me, only, r);
}

bool es_query_read(struct es_query *s, const struct es_index *x, str json, struct t_response *r)
{
    if (json.n == 0) {
        return true;
    }
    int root = es_tree_keep(&s->tree, json);
    add_clause(s, root, -1, ES_R_MUST);
    for (int i = 0; i < s->count; i++) {
        if (!read_clause(s, i, r)) {
            return false;
        }
        struct es_clause *c = &s->clauses[i];
        c->type = c->field.n > 0 && c->field.p[0] != '_' ? es_field_type(x, c->field) : ES_T_OTHER;
    }
    return true;
}

void es_query_free(struct es_query *s)
{
    es_tree_free(&s->tree);
    es_tree_free(&s->doc);
}

// ---- judging
// -------------------------------------------------------------------------------------

// Do a value of the query and one of the document mean the same?
static bool is_same(const struct es_query *s, const struct es_clause *c, int wanted, str value)
{
    struct t_buf text = {0};
    es_tree_text(&s->tree, wanted, &text);
    str want = t_buf_str(&text);
    bool same = str_eq(want, value);
    i64 a, b;
    if (!same && c->type == ES_T_DATE) {
        same = es_date_ms(want, s->now_ms, &a) && es_date_ms(value, s->now_ms, &b) && a == b;
    } else if (!same && c->type == ES_T_TEXT) {
        same = str_eq_nocase(want, value);
    } else if (!same && s->tree.nodes[wanted].kind == ES_NUMBER) {
        char x[40], y[40];
        snprintf(x, sizeof(x), "%.*s", (int)(want.n < 39 ? want.n : 39), want.p);
        snprintf(y, sizeof(y), "%.*s", (int)(value.n < 39 ? value.n : 39), value.p);
        char *end;
        double d = strtod(y, &end) - strtod(x, NULL);
        same = value.n > 0 && *end == 0 && d >= 0 && d <= 0;
    }
    t_buf_free(&text);
    return same;
}

static bool is_among(const struct es_query *s, const struct es_clause *c, str value)
{
    if (c->node < 0) {
        return false;
    }
    bool list = s->tree.nodes[c->node].kind == ES_ARRAY;
    int at = list ? s->tree.nodes[c->node].first : c->node;
    for (; at >= 0; at = list ? s->tree.nodes[at].next : -1) {
        if (is_same(s, c, at, value)) {
            return true;
        }
    }
    return false;
}

// -1, 0, 1: the document's value against a limit.
static int against(const struct es_query *s, int limit, str value)
{
    struct t_buf text = {0};
    i64 a, b;
    es_tree_text(&s->tree, limit, &text);
    bool both = es_date_ms(value, s->now_ms, &a) && es_date_ms(t_buf_str(&text), s->now_ms, &b);
    int order = both ? (a < b ? -1 : a > b) : str_compare(value, t_buf_str(&text));
    t_buf_free(&text);
    return order;
}

static bool is_within(const struct es_query *s, const struct es_clause *c, str value)
{
    static const struct {
        const char *name;
        int sign;
        bool equal;
    } limits[] = {{"gte", 1, true}, {"gt", 1, false}, {"lte", -1, true}, {"lt", -1, false}};
    for (isize i = 0; i < COUNT(limits); i++) {
        int limit = es_tree_get(&s->tree, c->node, limits[i].name);
        if (limit >= 0 && es_tree_kind(&s->tree, limit) != ES_NULL) {
            int order = against(s, limit, value);
            if (order != limits[i].sign && !(order == 0 && limits[i].equal)) {
                return false;
            }
        }
    }
    return true;
}

static bool judge_leaf(struct es_query *s, const struct es_clause *c, str id, str source)
{
    if (str_eq(c->field, S("_id"))) {
        return c->what == ES_Q_EXISTS || is_among(s, c, id);
    }
    if (c->type == ES_T_NONE && c->what != ES_Q_EXISTS) {
        return false;
    }
    if (s->doc_root < 0) {
        es_tree_clear(&s->doc);
        s->doc_root = es_tree_parse(&s->doc, source);
    }
    str path = c->field;
    if (str_ends(path, S(".keyword"))) {
        path = str_slice(path, 0, path.n - 8);
    }
    struct t_buf value = {0};
    int at = 0, node;
    bool hit = false;
    while (!hit && s->doc_root >= 0 &&
           (node = es_tree_each(&s->doc, s->doc_root, path, c->what == ES_Q_EXISTS, &at)) >= 0) {
        es_tree_text(&s->doc, node, &value);
        bool null = s->doc.nodes[node].kind == ES_NULL;
        hit = !null && (c->what == ES_Q_EXISTS  ? c->type != ES_T_NONE
                        : c->what == ES_Q_RANGE ? is_within(s, c, t_buf_str(&value))
                                                : is_among(s, c, t_buf_str(&value)));
    }
    t_buf_free(&value);
    return hit;
}

static bool judge(struct es_query *s, const struct es_clause *c, str id, str source)
{
    i64 wanted = c->should_wanted >= 0 ? c->should_wanted
                 : c->has_must         ? 0
                                       : (c->has_should ? 1 : 0);
    switch (c->what) {
    case ES_Q_ALL:
        return true;
    case ES_Q_NO:
        return false;
    case ES_Q_BOOL:
        // With nothing that must, a bool matches what one of its `should` matches at least.
        return !c->failed &&
               c->should_hits >= (c->has_must || !c->has_should || wanted > 0 ? wanted : 1);
    case ES_Q_TERMS:
    case ES_Q_RANGE:
    case ES_Q_EXISTS:
        return judge_leaf(s, c, id, source);
    }
    return false;
}

bool es_query_matches(struct es_query *s, str id, str source)
{
    bool hit = true;
    s->doc_root = -1;
    for (int i = 0; i < s->count; i++) {
        s->clauses[i].failed = false;
        s->clauses[i].should_hits = 0;
    }
    for (int i = s->count - 1; i >= 0; i--) {
        struct es_clause *c = &s->clauses[i];
        struct es_clause *up = c->parent >= 0 ? &s->clauses[c->parent] : NULL;
        if (up && up->failed) {
            continue; // it is decided
        }
        hit = judge(s, c, id, source);
        if (up) {
            up->failed = c->role == ES_R_NOT ? hit : c->role == ES_R_MUST && !hit;
            up->should_hits += c->role == ES_R_SHOULD && hit ? 1 : 0;
        }
    }
    return hit;
}
