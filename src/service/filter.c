// SPDX-License-Identifier: Apache-2.0
// An edited draft of sync rules, and what is written about it (see filter.h).
//
// Elasticsearch replaces arrays whole, so without the API everything in `filtering` is written
// again, byte by byte as it was read but for the entry of domain DEFAULT.
#include "service/filter.h"

#include "elastic/record.h"

bool filter_is_edited(const struct connector *c)
{
    int state = json_path(&c->json, c->draft, S("validation.state"));
    return json_equals(&c->json, state, S("edited"));
}

str filter_draft(const struct connector *c)
{
    return record_json(&c->json, c->draft);
}

// Of a draft that is no set of rules at all, or too large for one: no single rule is to blame.
static void filter_put_refused(struct buf *b, err e, str detail)
{
    struct json_write w = json_write_to(b);
    json_write_raw(&w, S("{\"state\":\"invalid\",\"errors\":[{\"ids\":[],\"messages\":["));
    w.comma = false;
    json_write_string_begin(&w);
    json_escape(b, str_from(err_what(e)));
    json_escape(b, detail.n ? S(": ") : S(""));
    json_escape(b, detail);
    json_write_string_end(&w);
    buf_put(b, S("]}]}"));
}

err filter_validate(const struct connector *c, struct rules *rules, bool advanced,
                    struct buf *validation, bool *valid)
{
    u8 space[EXCHANGE_DETAIL_BYTES];
    struct buf detail = buf_over(space, COUNT(space));
    buf_reset(validation);
    *valid = false;
    err e = rules_validate(rules, filter_draft(c), advanced, validation, valid, &detail);
    if (err_is(e, ERR_RULES_TOO_LARGE) || err_is(e, ERR_RULES_SHAPE)) {
        buf_reset(validation);
        *valid = false;
        filter_put_refused(validation, e, buf_str(&detail));
        return buf_check(validation);
    }
    return e;
}

void filter_put_validation(struct buf *b, str validation)
{
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    json_write_key(&w, S("validation"));
    json_write_raw(&w, validation);
    json_write_object_end(&w);
}

// A key as it was read, escapes and all.
static void filter_write_key(struct json_write *w, const struct json *j, int key)
{
    json_write_raw(w, record_json(j, key));
    buf_put_byte(w->b, ':');
    w->comma = false;
}

static void filter_write_draft(struct json_write *w, const struct connector *c, str validation)
{
    const struct json *j = &c->json;
    json_write_object(w);
    for (int key = json_first(j, c->draft); key >= 0; key = json_next(j, key)) {
        if (!json_equals(j, key, S("validation"))) {
            filter_write_key(w, j, key);
            json_write_raw(w, record_json(j, json_value(j, key)));
        }
    }
    json_write_key(w, S("validation"));
    json_write_raw(w, validation);
    json_write_object_end(w);
}

static void filter_write_entry(struct json_write *w, const struct connector *c, int entry,
                               str validation, bool valid)
{
    const struct json *j = &c->json;
    json_write_object(w);
    for (int key = json_first(j, entry); key >= 0; key = json_next(j, key)) {
        bool draft = json_equals(j, key, S("draft"));
        bool active = valid && json_equals(j, key, S("active"));
        if (!draft && !active) {
            filter_write_key(w, j, key);
            json_write_raw(w, record_json(j, json_value(j, key)));
        }
    }
    if (valid) {
        json_write_key(w, S("active"));
        filter_write_draft(w, c, validation);
    }
    json_write_key(w, S("draft"));
    filter_write_draft(w, c, validation);
    json_write_object_end(w);
}

void filter_put_direct(struct buf *b, const struct connector *c, str validation, bool valid)
{
    const struct json *j = &c->json;
    struct json_write w = record_write_doc(b);
    json_write_key(&w, S("filtering"));
    json_write_array(&w);
    for (int entry = json_first(j, c->filtering); entry >= 0; entry = json_next(j, entry)) {
        int draft = json_get(j, entry, S("draft"));
        if (draft >= 0 && draft == c->draft) {
            filter_write_entry(&w, c, entry, validation, valid);
        } else {
            json_write_raw(&w, record_json(j, entry));
        }
    }
    json_write_array_end(&w);
    record_write_doc_end(&w);
}
