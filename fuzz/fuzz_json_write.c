// SPDX-License-Identifier: Apache-2.0
// Aimed at json_escape() and all of json_write_*(). Whatever goes in: what comes out is JSON and
// UTF-8; well-formed text comes back unchanged, other text as what it was replaced by, and is then
// written as the same bytes again; text escaped in two parts is as escaped whole; a buffer too
// small is never overrun. A program of writer calls, taken from the input, gives a document that is
// read and written again as the same bytes.
#include "codec/json.h"
#include "codec/json_write.h"
#include "json_reference.h"

#include <string.h>

#define IN_MAX 2048
#define OUT_MAX (IN_MAX * 12 + 1024) // each byte as six, twice

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 out[OUT_MAX], again[OUT_MAX], back[OUT_MAX];
static struct json_reference reader;

static void check_member(str in)
{
    struct buf b = buf_over(out, sizeof out), d = buf_over(back, sizeof back);
    struct json_write w = json_write_to(&b);
    json_write_object(&w);
    json_write_member(&w, in, in);
    json_write_object_end(&w);
    ASSERT(!b.full && str_is_utf8(buf_str(&b)));
    struct json j;
    struct json_node nodes[3];
    ASSERT(err_ok(json_parse(&j, buf_str(&b), nodes, 3)) && j.count == 3);
    ASSERT(json_put_string(&j, 2, &d) && !d.full);
    ASSERT(!str_is_utf8(in) || str_eq(buf_str(&d), in));
    ASSERT(json_get(&j, 0, buf_str(&d)) == 2);

    ASSERT(json_reference_read(&reader, buf_str(&b), buf_over(again, sizeof again)) ==
           REFERENCE_GOOD);
    ASSERT(reader.count == 3 && str_eq(reader.values[2].text, buf_str(&d)));
    struct buf c = buf_over(again, sizeof again);
    json_escape(&c, buf_str(&d));
    ASSERT(str_eq(str_slice(buf_str(&b), 2, 2 + c.n), buf_str(&c)));
}

static void check_split(str in, isize at)
{
    // Not within a character, nor within what could have become one.
    while (at > 0 && in.p[at - 1] >= 0x80) {
        at--;
    }
    struct buf b = buf_over(out, sizeof out), c = buf_over(again, sizeof again);
    json_escape(&b, in);
    json_escape(&c, str_slice(in, 0, at));
    json_escape(&c, str_from_index(in, at));
    ASSERT(!b.full && str_eq(buf_str(&b), buf_str(&c)));
}

static void check_small(str in, isize cap)
{
    struct buf b = buf_over(out, sizeof out);
    struct json_write w = json_write_to(&b);
    json_write_member(&w, in, in);
    isize whole = b.n;
    b = buf_over(out, cap < whole ? cap : whole);
    w = json_write_to(&b);
    json_write_member(&w, in, in);
    ASSERT(b.n <= b.cap && b.full == (whole > b.cap));
}

// ---- documents

static str take_text(str *in)
{
    isize n = in->n ? in->p[0] % 16 : 0;
    isize from = in->n > 0, to = from + n < in->n ? from + n : in->n;
    str text = str_slice(*in, from, to);
    *in = str_from_index(*in, to);
    return text;
}

// One call for each byte; what is left open at the end is closed.
static void write_document(struct json_write *w, str in)
{
    u8 open[JSON_DEPTH_MAX] = "[";
    int depth = 1;
    json_write_array(w);
    while (in.n && depth) {
        u8 op = in.p[0] % 8;
        in = str_from_index(in, 1);
        if (op == 0) {
            open[--depth] == '{' ? json_write_object_end(w) : json_write_array_end(w);
            continue;
        }
        if (open[depth - 1] == '{') {
            json_write_key(w, take_text(&in));
        }
        if (op <= 2 && depth < JSON_DEPTH_MAX) {
            open[depth++] = op == 1 ? '{' : '[';
            op == 1 ? json_write_object(w) : json_write_array(w);
        } else if (op == 3) {
            i64 v = 0;
            str bytes = take_text(&in);
            memcpy(&v, bytes.p, (size_t)(bytes.n < 8 ? bytes.n : 8));
            json_write_i64(w, v);
        } else if (op == 4) {
            json_write_bool(w, in.n % 2);
        } else if (op == 5) {
            json_write_null(w);
        } else {
            json_write_string(w, take_text(&in));
        }
    }
    while (depth) {
        open[--depth] == '{' ? json_write_object_end(w) : json_write_array_end(w);
    }
}

// Writes what the second reader found, value by value.
static void write_again(struct json_write *w, const struct json_reference *r)
{
    int open[JSON_DEPTH_MAX], depth = 0;
    isize left[JSON_DEPTH_MAX];
    for (int i = 0; i < r->count; i++) {
        const struct reference_value *v = &r->values[i];
        if (depth && r->values[open[depth - 1]].type == '{') {
            json_write_key(w, v->text);
            v = &r->values[++i];
        }
        if (depth) {
            left[depth - 1]--;
        }
        if (v->type == '{' || v->type == '[') {
            left[depth] = v->members;
            open[depth++] = i;
            v->type == '{' ? json_write_object(w) : json_write_array(w);
        } else if (v->type == '"') {
            json_write_string(w, v->text);
        } else {
            json_write_raw(w, v->type == '0'   ? v->text
                              : v->type == 't' ? S("true")
                              : v->type == 'f' ? S("false")
                                               : S("null"));
        }
        while (depth && left[depth - 1] == 0) {
            r->values[open[--depth]].type == '{' ? json_write_object_end(w)
                                                 : json_write_array_end(w);
        }
    }
}

static void check_document(str in)
{
    struct buf b = buf_over(out, sizeof out), c = buf_over(again, sizeof again);
    struct json_write w = json_write_to(&b);
    write_document(&w, in);
    ASSERT(!b.full && str_is_utf8(buf_str(&b)));
    ASSERT(json_reference_read(&reader, buf_str(&b), buf_over(back, sizeof back)) ==
           REFERENCE_GOOD);
    w = json_write_to(&c);
    write_again(&w, &reader);
    ASSERT(!c.full && str_eq(buf_str(&b), buf_str(&c)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 1, (isize)n - 1};
    check_member(in);
    check_split(in, p[0] < in.n ? p[0] : in.n);
    check_small(in, p[0]);
    check_document(in);
    return 0;
}
