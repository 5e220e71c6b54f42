// SPDX-License-Identifier: Apache-2.0
// Members of a record of any type where one was expected (see record.h).
//
// Strings without escapes are handed out in place; others are decoded into the arena of the caller,
// which bounds them. Times are ISO 8601 with or without zone, or milliseconds since the epoch as
// Elasticsearch's date fields take them.
#include "elastic/record.h"

#include "base/date.h"
#include "codec/json_write.h"
#include "elastic/client.h"
#include "limits.h"

void record_note(struct record *r, str path, str what)
{
    if (r->notes->n) {
        elastic_put_cut(r->notes, S("; "), 2);
    }
    elastic_put_cut(r->notes, path, path.n);
    elastic_put_cut(r->notes, S(": "), 2);
    elastic_put_cut(r->notes, what, what.n);
}

static str record_key(str path)
{
    isize from = path.n;
    while (from > 0 && path.p[from - 1] != '.') {
        from--;
    }
    return str_from_index(path, from);
}

// The member, -1 when it is absent or null.
static int record_member(const struct record *r, int object, str path)
{
    int node = json_get(&r->json, object, record_key(path));
    return json_type(&r->json, node) == JSON_NULL ? -1 : node;
}

str record_json(const struct json *j, int node)
{
    enum json_type type = json_type(j, node);
    if (type == JSON_NONE) {
        return S("null");
    }
    isize quote = type == JSON_STRING;
    return str_slice(j->text, j->nodes[node].start - quote, j->nodes[node].end + quote);
}

static str record_decode(struct record *r, int node)
{
    str raw = json_raw(&r->json, node);
    if (str_find_byte(raw, '\\') < 0) {
        return raw;
    }
    u8 *space = arena_try(r->texts, 1, raw.n);
    if (!space) {
        r->full = true;
        return (str){0};
    }
    struct buf out = buf_over(space, raw.n);
    (void)json_unescape(raw, &out); // json_parse() has seen that its escapes are right
    return buf_str(&out);
}

str record_text(struct record *r, int object, str path)
{
    int node = record_member(r, object, path);
    if (node < 0) {
        return (str){0};
    }
    if (json_type(&r->json, node) != JSON_STRING) {
        record_note(r, path, S("not a string"));
        return (str){0};
    }
    return record_decode(r, node);
}

bool record_bool(struct record *r, int object, str path, bool otherwise)
{
    int node = record_member(r, object, path);
    bool value = otherwise;
    if (node >= 0 && !json_bool(&r->json, node, &value)) {
        record_note(r, path, S("neither true nor false"));
    }
    return value;
}

i64 record_time_us(struct record *r, int object, str path)
{
    int node = record_member(r, object, path);
    i64 value;
    if (node < 0) {
        return INT64_MIN;
    }
    if (json_type(&r->json, node) == JSON_STRING &&
        date_parse_iso(json_raw(&r->json, node), &value)) {
        return value;
    }
    i64 most_ms = 253402300799999; // the end of the year 9999
    if (json_i64(&r->json, node, &value) && value >= -most_ms && value <= most_ms) {
        return value * 1000;
    }
    record_note(r, path, S("not a time"));
    return INT64_MIN;
}

int record_object(struct record *r, int object, str path)
{
    int node = record_member(r, object, path);
    if (node >= 0 && json_type(&r->json, node) != JSON_OBJECT) {
        record_note(r, path, S("not an object"));
        return -1;
    }
    return node;
}

static err record_refuse(struct record *r, err e, str what)
{
    buf_reset(r->notes);
    elastic_put_cut(r->notes, what, what.n);
    return e;
}

static err record_parse(struct record *r, str hit, struct json_node *nodes, int cap)
{
    err e = json_parse(&r->json, hit, nodes, cap);
    if (err_is(e, ERR_JSON_TOO_MANY)) {
        return record_refuse(r, r->too_large, S("more values than there is room for"));
    }
    if (err_is(e, ERR_JSON_TOO_DEEP)) {
        return record_refuse(r, r->too_large, S("nested too deeply"));
    }
    return err_ok(e) ? OK : record_refuse(r, r->bad, S("not JSON"));
}

static i64 record_number(const struct record *r, str key)
{
    i64 value;
    bool read = json_i64(&r->json, json_get(&r->json, 0, key), &value);
    return read && value >= 0 ? value : -1;
}

err record_open(struct record *r, str hit, struct json_node *nodes, int cap)
{
    buf_reset(r->notes);
    r->full = false;
    r->source = -1;
    if (hit.n > CONNECTOR_RECORD_BYTES) {
        return record_refuse(r, r->too_large, S("more than 256 KiB"));
    }
    TRY(record_parse(r, hit, nodes, cap));
    r->id = record_text(r, 0, S("_id"));
    if (r->id.n > CONNECTOR_ID_BYTES) {
        return record_refuse(r, r->too_large, S("_id has more than 512 bytes"));
    }
    if (r->full || r->id.n == 0) {
        return record_refuse(r, r->full ? r->too_large : r->bad, S("no usable _id"));
    }
    r->seq_no = record_number(r, S("_seq_no"));
    r->primary_term = record_number(r, S("_primary_term"));
    r->source = json_get(&r->json, 0, S("_source"));
    if (json_type(&r->json, r->source) != JSON_OBJECT) {
        return record_refuse(r, r->bad, S("_source is not an object"));
    }
    return OK;
}

err record_close(struct record *r)
{
    str what = S("names or intervals that are too long to decode");
    return r->full ? record_refuse(r, r->too_large, what) : OK;
}

// ---- writing

struct json_write record_write_doc(struct buf *b)
{
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_key(&w, S("doc"));
    json_write_object(&w);
    return w;
}

void record_write_doc_end(struct json_write *w)
{
    json_write_object_end(w);
    json_write_object_end(w);
}

void record_write_null(struct json_write *w, str key)
{
    json_write_key(w, key);
    json_write_null(w);
}

void record_write_time(struct json_write *w, str key, i64 us)
{
    json_write_key(w, key);
    json_write_string_begin(w);
    date_put_iso_us(w->b, us);
    json_write_string_end(w);
}

void record_write_terms(struct json_write *w, str field, const str *values, isize count)
{
    json_write_object(w);
    json_write_key(w, S("terms"));
    json_write_object(w);
    json_write_key(w, field);
    json_write_array(w);
    for (isize i = 0; i < count; i++) {
        json_write_string(w, values[i]);
    }
    json_write_array_end(w);
    json_write_object_end(w);
    json_write_object_end(w);
}
