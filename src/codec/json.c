// SPDX-License-Identifier: Apache-2.0
// A whole JSON value as nodes (see json.h). The only file that includes jsmn.
//
// jsmn makes the nodes, but takes much that is no JSON ({"a" "b"}, 1-2, [1 2], \u12, a NUL as the
// end) and refuses a number at the root. Therefore the text goes through json_grammar first, and
// jsmn sees only what is right. JSMN_PARENT_LINKS: without them it is quadratic.
#include "codec/json.h"

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <jsmn.h>
#pragma GCC diagnostic pop

_Static_assert(sizeof(struct json_node) == sizeof(jsmntok_t), "not jsmntok_t");
_Static_assert(offsetof(struct json_node, type) == offsetof(jsmntok_t, type), "not jsmntok_t");
_Static_assert(offsetof(struct json_node, start) == offsetof(jsmntok_t, start), "not jsmntok_t");
_Static_assert(offsetof(struct json_node, end) == offsetof(jsmntok_t, end), "not jsmntok_t");
_Static_assert(offsetof(struct json_node, size) == offsetof(jsmntok_t, size), "not jsmntok_t");
_Static_assert(offsetof(struct json_node, parent) == offsetof(jsmntok_t, parent), "not jsmntok_t");
_Static_assert(sizeof(jsmntype_t) == sizeof(int), "not jsmntok_t");

static err json_check(str text)
{
    struct json_grammar g;
    json_grammar_init(&g);
    isize from, at = 0;
    enum json_token token;
    do {
        token = json_grammar_next(&g, text, &from, &at);
        if (token == JSON_TOKEN_OPEN) {
            token = json_grammar_skip(&g, text, &at, 0);
        }
    } while (token != JSON_TOKEN_MORE && token != JSON_TOKEN_BAD);
    if (token == JSON_TOKEN_BAD) {
        return g.error;
    }
    return json_grammar_is_whole(&g) ? OK : FAIL(JSON_SYNTAX);
}

static enum json_type json_type_of(jsmntype_t type, u8 first)
{
    switch (type) {
    case JSMN_OBJECT:
        return JSON_OBJECT;
    case JSMN_ARRAY:
        return JSON_ARRAY;
    case JSMN_STRING:
        return JSON_STRING;
    case JSMN_PRIMITIVE:
        return first == 't'   ? JSON_TRUE
               : first == 'f' ? JSON_FALSE
               : first == 'n' ? JSON_NULL
                              : JSON_NUMBER;
    case JSMN_UNDEFINED:
        break;
    }
    return JSON_NONE;
}

// jsmn wants something behind a number or a literal: at the root it gets none.
static int json_parse_scalar(str text, struct json_node *nodes)
{
    str value = str_trim(text);
    isize start = value.p - text.p;
    nodes[0] = (struct json_node){
        .type = (int)json_type_of(JSMN_PRIMITIVE, value.p[0]),
        .start = (int)start,
        .end = (int)(start + value.n),
        .parent = -1,
    };
    return 1;
}

static int json_parse_nodes(str text, struct json_node *nodes, int cap)
{
    jsmn_parser parser;
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, (const char *)text.p, (size_t)text.n,
                           (jsmntok_t *)(void *)nodes, (unsigned)cap);
    for (int i = 0; i < count; i++) { // by copies: the two types must not alias
        jsmntok_t token;
        memcpy(&token, &nodes[i], sizeof token);
        nodes[i] = (struct json_node){
            .type = (int)json_type_of(token.type, text.p[token.start]),
            .start = token.start,
            .end = token.end,
            .size = token.size,
            .parent = token.parent,
        };
    }
    return count;
}

err json_parse(struct json *j, str text, struct json_node *nodes, int cap)
{
    *j = (struct json){.text = text, .nodes = nodes};
    if (text.n > INT32_MAX) {
        return FAIL(JSON_TOO_LARGE);
    }
    TRY(json_check(text));
    if (cap < 1) {
        return FAIL(JSON_TOO_MANY);
    }
    u8 first = str_trim(text).p[0];
    bool simple = first != '{' && first != '[' && first != '"';
    int count = simple ? json_parse_scalar(text, nodes) : json_parse_nodes(text, nodes, cap);
    if (count < 0) {
        return count == JSMN_ERROR_NOMEM ? FAIL(JSON_TOO_MANY) : FAIL(JSON_SYNTAX);
    }
    j->count = count;
    return OK;
}

// ---- looking things up

static const struct json_node *json_at(const struct json *j, int node)
{
    return node >= 0 && node < j->count ? &j->nodes[node] : NULL;
}

enum json_type json_type(const struct json *j, int node)
{
    const struct json_node *n = json_at(j, node);
    return n ? (enum json_type)n->type : JSON_NONE;
}

str json_raw(const struct json *j, int node)
{
    const struct json_node *n = json_at(j, node);
    return n ? str_slice(j->text, n->start, n->end) : (str){0};
}

isize json_size(const struct json *j, int node)
{
    enum json_type type = json_type(j, node);
    return type == JSON_OBJECT || type == JSON_ARRAY ? j->nodes[node].size : 0;
}

int json_first(const struct json *j, int node)
{
    return json_size(j, node) ? node + 1 : -1;
}

static bool json_is_key(const struct json *j, int node)
{
    const struct json_node *n = json_at(j, node);
    return n && json_type(j, n->parent) == JSON_OBJECT;
}

int json_value(const struct json *j, int key)
{
    return json_is_key(j, key) ? key + 1 : -1;
}

int json_next(const struct json *j, int node)
{
    const struct json_node *n = json_at(j, node);
    if (!n) {
        return -1;
    }
    int last = json_is_key(j, node) ? node + 1 : node;
    int next = last + 1;
    while (next < j->count && j->nodes[next].start < j->nodes[last].end) {
        next++;
    }
    return next < j->count && j->nodes[next].parent == n->parent ? next : -1;
}

int json_get(const struct json *j, int object, str key)
{
    int value = -1;
    if (json_type(j, object) == JSON_OBJECT) {
        for (int k = json_first(j, object); k >= 0; k = json_next(j, k)) {
            value = json_equals(j, k, key) ? json_value(j, k) : value;
        }
    }
    return value;
}

static int json_element(const struct json *j, int array, u64 index)
{
    if (index >= (u64)json_size(j, array)) {
        return -1;
    }
    int node = json_first(j, array);
    for (; index > 0; index--) {
        node = json_next(j, node);
    }
    return node;
}

int json_path(const struct json *j, int node, str path)
{
    bool more = path.n > 0;
    while (more && node >= 0) {
        str step;
        path = str_cut(path, '.', &step, &more);
        u64 index;
        if (json_type(j, node) == JSON_ARRAY) {
            node = str_to_u64(step, &index) ? json_element(j, node, index) : -1;
        } else {
            node = json_get(j, node, step);
        }
    }
    return node;
}

// ---- values

// Hands the text of a string, decoded, to `out`, or compares it with *want and takes what is equal
// off its front. false: an escape is bad, or it differs.
static bool json_decode(str raw, struct buf *out, str *want)
{
    struct json_grammar g;
    json_grammar_init_string(&g);
    isize from, at = 0;
    bool pending = true;
    while (pending) {
        enum json_token token = json_grammar_next(&g, raw, &from, &at);
        str part = token == JSON_TOKEN_TEXT ? str_slice(raw, from, at) : g.decoded;
        if (token == JSON_TOKEN_MORE) {
            if (!json_grammar_is_text(&g, &pending)) {
                return false;
            }
            part = pending ? S("\xef\xbf\xbd") : S("");
            pending = false;
        } else if (token != JSON_TOKEN_TEXT && token != JSON_TOKEN_CHAR) {
            return false; // bad, or a bare quote
        }
        if (out) {
            buf_put(out, part);
        } else if (str_starts(*want, part)) {
            *want = str_from_index(*want, part.n);
        } else {
            return false;
        }
    }
    return true;
}

bool json_equals(const struct json *j, int node, str s)
{
    if (json_type(j, node) != JSON_STRING) {
        return false;
    }
    str raw = json_raw(j, node);
    if (str_find_byte(raw, '\\') < 0) {
        return str_eq(raw, s);
    }
    return json_decode(raw, NULL, &s) && s.n == 0;
}

bool json_unescape(str raw, struct buf *out)
{
    isize start = out->n;
    if (!json_decode(raw, out, NULL)) {
        out->n = start;
        return false;
    }
    return true;
}

bool json_put_string(const struct json *j, int node, struct buf *out)
{
    return json_type(j, node) == JSON_STRING && json_unescape(json_raw(j, node), out);
}

bool json_i64(const struct json *j, int node, i64 *out)
{
    if (json_type(j, node) != JSON_NUMBER) {
        return false;
    }
    str integer;
    bool found;
    str fraction = str_cut(json_raw(j, node), '.', &integer, &found);
    for (isize i = 0; i < fraction.n; i++) {
        if (fraction.p[i] != '0') {
            return false;
        }
    }
    return str_to_i64(integer, out);
}

bool json_bool(const struct json *j, int node, bool *out)
{
    enum json_type type = json_type(j, node);
    if (type != JSON_TRUE && type != JSON_FALSE) {
        return false;
    }
    *out = type == JSON_TRUE;
    return true;
}
