// SPDX-License-Identifier: Apache-2.0
// Aimed at json_parse() and its accessors, json_unescape(), json_stream_next(),
// json_grammar_next(). The stream gives the same events for the whole and for every cut that the
// input's first bytes ask for, it takes a document exactly when json_parse() takes it, and so it is
// for rest and elements. A second reader (json_reference.h) takes the same documents, and finds the
// same values, members and texts in them.
#include "codec/json.h"

#include <string.h>

#include "json_reference.h"

#define IN_MAX 4096
#define NODES_MAX (IN_MAX + 1)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct json_node nodes[NODES_MAX];
static u8 rest_memory[IN_MAX], element_memory[IN_MAX], text_memory[IN_MAX * 3];
static u8 log_memory[2][IN_MAX * 4];

// Touches every node the way readers do.
static void walk(const struct json *j)
{
    struct buf text = buf_over(text_memory, sizeof text_memory);
    for (int i = 0; i < j->count; i++) {
        ASSERT(json_type(j, i) != JSON_NONE);
        isize members = 0;
        for (int k = json_first(j, i); k >= 0 && members < 64; k = json_next(j, k)) {
            members++;
        }
        ASSERT(members == json_size(j, i) || members == 64);
        i64 number;
        bool flag;
        (void)json_i64(j, i, &number);
        (void)json_bool(j, i, &flag);
        buf_reset(&text);
        bool is_string = json_type(j, i) == JSON_STRING;
        ASSERT(json_put_string(j, i, &text) == is_string);
        ASSERT(!text.full && (!is_string || json_equals(j, i, buf_str(&text))));
    }
    (void)json_path(j, 0, S("a.0.b"));
}

// What json_parse() says against the second reader.
static void compare(const struct json *j, err e, str in)
{
    static struct json_reference r;
    static u8 decoded[IN_MAX * 3], text_bytes[IN_MAX * 3];
    enum reference_verdict want = json_reference_read(&r, in, buf_over(decoded, sizeof decoded));
    ASSERT(err_ok(e) == (want == REFERENCE_GOOD));
    ASSERT(err_is(e, ERR_JSON_TOO_DEEP) == (want == REFERENCE_DEEP));
    if (!err_ok(e)) {
        return;
    }
    static const u8 types[] = {
        [JSON_OBJECT] = '{', [JSON_ARRAY] = '[', [JSON_STRING] = '"', [JSON_NUMBER] = '0',
        [JSON_TRUE] = 't',   [JSON_FALSE] = 'f', [JSON_NULL] = 'n',
    };
    ASSERT(j->count == r.count);
    for (int i = 0; i < r.count; i++) {
        const struct reference_value *v = &r.values[i];
        enum json_type type = json_type(j, i);
        ASSERT(type != JSON_NONE && types[type] == v->type);
        if (v->type == '{' || v->type == '[') {
            ASSERT(json_size(j, i) == v->members);
        } else if (v->type == '0') {
            ASSERT(str_eq(json_raw(j, i), v->text));
        } else if (v->type == '"') {
            struct buf text = buf_over(text_bytes, sizeof text_bytes);
            ASSERT(json_put_string(j, i, &text) && str_eq(buf_str(&text), v->text));
        }
    }
}

struct result {
    struct buf log;
    bool ended, bad, parts_good; // rest and every element are values, as json_parse() sees it
};

static bool is_value(str text)
{
    struct json j;
    return err_ok(json_parse(&j, text, nodes, NODES_MAX));
}

static bool feed(struct json_stream *s, str in, struct result *r)
{
    for (;;) {
        enum json_event event = json_stream_next(s, &in);
        if (event == JSON_EVENT_PIECE) {
            ASSERT(s->piece.n > 0);
            buf_put(&r->log, s->piece);
            continue;
        }
        if (event == JSON_EVENT_MORE) {
            ASSERT(in.n == 0);
            return true;
        }
        buf_put_byte(&r->log, (u8)('0' + (int)event));
        if (event == JSON_EVENT_ELEMENT) {
            buf_put(&r->log, s->element);
            r->parts_good &= s->cut || is_value(s->element);
        } else if (event == JSON_EVENT_END) {
            ASSERT(!r->ended);
            r->ended = true;
            buf_put(&r->log, buf_str(s->rest));
            r->parts_good &= is_value(buf_str(s->rest));
        } else if (event == JSON_EVENT_BAD) {
            buf_put_u64(&r->log, s->error.code);
            r->bad = true;
            return false;
        }
    }
}

static struct result run(str in, isize step, isize element_cap, u8 *log)
{
    struct result r = {.log = buf_over(log, IN_MAX * 4), .parts_good = true};
    struct buf rest = buf_over(rest_memory, sizeof rest_memory);
    struct buf element = buf_over(element_memory, element_cap);
    struct json_stream s;
    struct json_stream_target target = {.elements_of = S("a.b"), .string_at = S("r")};
    json_stream_init(&s, target, &rest, &element);
    for (isize i = 0; i < in.n; i += step) {
        isize end = in.n - i < step ? in.n : i + step;
        if (!feed(&s, str_slice(in, i, end), &r)) {
            break;
        }
    }
    ASSERT(!r.log.full && r.ended == s.ended);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX - 2) {
        return 0;
    }
    str in = {p + 2, (isize)n - 2};
    struct json j;
    err e = json_parse(&j, in, nodes, NODES_MAX);
    compare(&j, e, in);
    if (err_ok(e)) {
        walk(&j);
    }
    str first = str_trim(in);
    bool bare_number = first.n && (first.p[0] == '-' || str_is_digit(first.p[0]));

    isize element_cap = p[1] ? p[1] : IN_MAX;
    struct result whole = run(in, in.n + 1, element_cap, log_memory[0]);
    struct result cut = run(in, p[0] % 16 + 1, element_cap, log_memory[1]);
    ASSERT(str_eq(buf_str(&whole.log), buf_str(&cut.log)) && whole.bad == cut.bad);
    if (!bare_number) {
        ASSERT((whole.ended && !whole.bad) == err_ok(e));
    }
    ASSERT(!whole.ended || whole.parts_good);

    struct buf text = buf_over(text_memory, sizeof text_memory);
    if (!json_unescape(in, &text)) {
        ASSERT(text.n == 0);
    }
    return 0;
}
