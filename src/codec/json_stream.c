// SPDX-License-Identifier: Apache-2.0
// A long JSON answer as events (see json.h): json_grammar reads the tokens, this file knows where
// in the document they stand and sends them to the rest, to the open element, or out as a piece.
//
// The present place is kept as two counts: how many keys of each path lead to it. A key at depth d
// can only be the d-th of a path. What closes need not be looked at: the way back down to a depth
// leads through a new key above it, which sets both counts anew.
#include "codec/json.h"

#include <string.h>

enum json_mode {
    JSON_TO_REST,
    JSON_TO_ELEMENT, // within the array of elements
    JSON_TO_PIECE,   // within the string
};

void json_stream_init(struct json_stream *s, struct json_stream_target target, struct buf *rest,
                      struct buf *element_buf)
{
    ASSERT(target.elements_of.n == 0 || element_buf);
    *s = (struct json_stream){.target = target, .rest = rest, .element_buf = element_buf};
    json_grammar_init(&s->grammar);
    if (rest) {
        buf_reset(rest);
    }
    if (element_buf) {
        buf_reset(element_buf);
    }
}

static void json_rest_put(struct json_stream *s, str part)
{
    if (s->rest) {
        buf_put(s->rest, part);
        if (s->rest->full) {
            s->error = FAIL(JSON_TOO_LARGE);
        }
    }
}

// ---- the present place

static void json_key_put(struct json_stream *s, str part)
{
    if (s->key_bytes < 0 || part.n > JSON_KEY_BYTES - s->key_bytes) {
        s->key_bytes = -1;
        return;
    }
    memcpy(s->key + s->key_bytes, part.p, (size_t)part.n);
    s->key_bytes += part.n;
}

// The keys of a path that lead here, once the key at `depth` is known.
static int json_path_matched(str path, int matched, int depth, str key)
{
    if (matched < depth - 1) {
        return matched;
    }
    str step = {0};
    bool more = path.n > 0;
    for (int i = 0; i < depth; i++) {
        if (!more) {
            return depth - 1; // the path ends above
        }
        path = str_cut(path, '.', &step, &more);
    }
    return str_eq(step, key) ? depth : depth - 1;
}

static void json_key_ended(struct json_stream *s)
{
    int depth = s->grammar.depth;
    str key = {s->key, s->key_bytes < 0 ? 0 : s->key_bytes};
    struct json_stream_target t = s->target;
    if (s->key_bytes < 0) { // no path has it
        t = (struct json_stream_target){0};
    }
    s->elements_matched = json_path_matched(t.elements_of, s->elements_matched, depth, key);
    s->string_matched = json_path_matched(t.string_at, s->string_matched, depth, key);
}

// Whether a value at this depth is the one that the path names.
static bool json_is_target(str path, int matched, int depth)
{
    int steps = path.n > 0;
    for (isize i = 0; i < path.n; i++) {
        steps += path.p[i] == '.';
    }
    return steps > 0 && matched == steps && depth == steps;
}

// ---- where tokens go. Each of these returns the event, or MORE to go on.

static enum json_event json_token_to_rest(struct json_stream *s, enum json_token token, str part)
{
    struct json_grammar *g = &s->grammar;
    json_rest_put(s, part);
    if (token == JSON_TOKEN_OPEN && g->stack[g->depth - 1] == '[') {
        if (json_is_target(s->target.elements_of, s->elements_matched, g->depth - 1)) {
            s->mode = JSON_TO_ELEMENT;
            s->array_depth = g->depth;
        }
    } else if (token == JSON_TOKEN_QUOTE && g->key) {
        s->key_bytes = 0;
    } else if (token == JSON_TOKEN_QUOTE) {
        if (json_is_target(s->target.string_at, s->string_matched, g->depth)) {
            s->mode = JSON_TO_PIECE;
        }
    } else if (token == JSON_TOKEN_TEXT && g->key) {
        json_key_put(s, part);
    } else if (token == JSON_TOKEN_CHAR && g->key) {
        json_key_put(s, g->decoded);
    } else if (token == JSON_TOKEN_STRING && g->key) {
        json_key_ended(s);
    }
    return JSON_EVENT_MORE;
}

static enum json_event json_token_to_piece(struct json_stream *s, enum json_token token, str part)
{
    if (token == JSON_TOKEN_TEXT) {
        s->piece = part;
        return JSON_EVENT_PIECE;
    }
    if (token == JSON_TOKEN_CHAR) {
        s->piece = s->grammar.decoded;
        return JSON_EVENT_PIECE;
    }
    if (token == JSON_TOKEN_STRING) {
        s->mode = JSON_TO_REST;
        json_rest_put(s, part); // the quote
        return JSON_EVENT_STRING_END;
    }
    return JSON_EVENT_MORE;
}

// Keeps what fits of a part of the open element, for a later chunk.
static void json_element_keep(struct json_stream *s, str part)
{
    struct buf *b = s->element_buf;
    isize n = part.n < b->cap - b->n ? part.n : b->cap - b->n;
    buf_put(b, str_slice(part, 0, n));
    s->element_bytes += part.n;
}

static enum json_event json_element_ended(struct json_stream *s, str last)
{
    s->element_open = false;
    isize cap = s->element_buf->cap;
    if (s->element_bytes == 0) { // it lies within this chunk: nothing is copied
        s->cut = last.n > cap;
        s->element = str_slice(last, 0, s->cut ? cap : last.n);
    } else {
        json_element_keep(s, last);
        s->cut = s->element_bytes > cap;
        s->element = buf_str(s->element_buf);
    }
    return JSON_EVENT_ELEMENT;
}

static enum json_event json_token_to_element(struct json_stream *s, enum json_token token, str part)
{
    int depth = s->grammar.depth;
    if (!s->element_open) {
        if (depth < s->array_depth) { // the array has closed
            s->mode = JSON_TO_REST;
            json_rest_put(s, part);
            return JSON_EVENT_MORE;
        }
        if (token == JSON_TOKEN_COMMA || part.n == 0) {
            return JSON_EVENT_MORE;
        }
        s->element_open = true;
        s->element_bytes = 0;
        s->element_at = part.p;
    }
    bool ends = token == JSON_TOKEN_CLOSE || token == JSON_TOKEN_STRING ||
                token == JSON_TOKEN_SCALAR;
    if (ends && depth == s->array_depth) {
        return json_element_ended(s, str_make(s->element_at, part.p + part.n - s->element_at));
    }
    return JSON_EVENT_MORE;
}

static enum json_event json_token_route(struct json_stream *s, enum json_token token, str part)
{
    switch ((enum json_mode)s->mode) {
    case JSON_TO_REST:
        return json_token_to_rest(s, token, part);
    case JSON_TO_ELEMENT:
        return json_token_to_element(s, token, part);
    case JSON_TO_PIECE:
        return json_token_to_piece(s, token, part);
    }
    return JSON_EVENT_BAD;
}

enum json_event json_stream_next(struct json_stream *s, str *in)
{
    s->element = s->piece = (str){0};
    s->cut = false;
    s->element_at = in->p;
    if (s->element_buf && !s->element_open) {
        buf_reset(s->element_buf);
    }
    enum json_event event = JSON_EVENT_MORE;
    enum json_token token = JSON_TOKEN_COMMA;
    isize from, at = 0;
    while (event == JSON_EVENT_MORE && token != JSON_TOKEN_MORE && err_ok(s->error)) {
        if (s->element_open && s->grammar.depth > s->array_depth) {
            from = at;
            token = json_grammar_skip(&s->grammar, *in, &at, s->array_depth);
        } else {
            token = json_grammar_next(&s->grammar, *in, &from, &at);
        }
        if (token == JSON_TOKEN_BAD) {
            s->error = s->grammar.error;
            break;
        }
        event = json_token_route(s, token, str_slice(*in, from, at));
        if (token != JSON_TOKEN_MORE && json_grammar_is_whole(&s->grammar)) {
            s->ended = true;
            event = JSON_EVENT_END;
            while (at < in->n && str_is_space(in->p[at])) {
                at++;
            }
        }
    }
    if (!err_ok(s->error)) {
        return JSON_EVENT_BAD;
    }
    if (event == JSON_EVENT_MORE && s->element_open) {
        json_element_keep(s, str_make(s->element_at, in->p + at - s->element_at));
    }
    *in = str_from_index(*in, at);
    return event;
}
