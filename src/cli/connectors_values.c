// SPDX-License-Identifier: Apache-2.0
// The configuration of a new connector: each field of its schema asked for in its order, or taken
// from the JSON of --from-file, and the record's `configuration` made of them (see
// connectors_internal.h). A field whose dependencies are not met keeps what the schema has.
#include "cli/connectors_internal.h"
#include "codec/json_write.h"
#include "elastic/record.h"
#include "service/prepare.h"

#define VALUES_CAP (CLI_FILE_BYTES + KIB(1))

static bool values_is_met(const struct connectors *c, const struct field *f)
{
    const struct schema *schema = c->type->schema;
    for (isize d = 0; d < COUNT(f->depends_on) && f->depends_on[d].key; d++) {
        for (int i = 0; i < schema->count; i++) {
            if (str_eq(str_from(schema->fields[i].key), str_from(f->depends_on[d].key)) &&
                !str_eq(c->values[i], str_from(f->depends_on[d].value_json))) {
                return false;
            }
        }
    }
    return true;
}

static err values_wrong(struct connectors *c, const struct field *f, err e)
{
    return connectors_about(c, str_from(f->label), e);
}

static bool values_flag(str text, bool *out)
{
    *out = str_eq_nocase(text, S("true")) || str_eq_nocase(text, S("y")) ||
           str_eq_nocase(text, S("yes")) || str_eq(text, S("1"));
    return *out || str_eq_nocase(text, S("false")) || str_eq_nocase(text, S("n")) ||
           str_eq_nocase(text, S("no")) || str_eq(text, S("0"));
}

// What somebody gave as text, in the type of the field.
static err values_set_text(struct connectors *c, int i, str text)
{
    const struct field *f = &c->type->schema->fields[i];
    isize cap = 6 * text.n + 64; // each byte escaped, quotes, or a number
    u8 *memory = arena_try(&c->texts, 1, cap);
    struct buf json = buf_over(memory, memory ? cap : 0);
    struct json_write w = json_write_to(&json);
    bool flag;
    i64 number;
    if (f->type == FIELD_BOOL) {
        if (!values_flag(str_trim(text), &flag)) {
            return values_wrong(c, f, FAIL(CLI_VALUE_TYPE));
        }
        c->values[i] = flag ? S("true") : S("false");
        return OK;
    }
    if (f->type == FIELD_INT) {
        if (!str_to_i64(str_trim(text), &number)) {
            return values_wrong(c, f, FAIL(CLI_VALUE_TYPE));
        }
        json_write_i64(&w, number);
    } else {
        if (text.n == 0 && !f->optional) {
            return values_wrong(c, f, FAIL(CLI_VALUE_MISSING));
        }
        json_write_string(&w, text);
    }
    c->values[i] = buf_str(&json);
    return json.full ? values_wrong(c, f, FAIL(CLI_TOO_MUCH)) : OK;
}

// ---- prompts

// "@FILE": a service account has many lines, and a terminal takes 4,095 bytes of one.
static err values_from_named(struct connectors *c, const struct field *f, struct buf *answer)
{
    str typed = str_trim(buf_str(answer));
    if (!str_eq(str_from(f->display), S("textarea")) || !str_starts(typed, S("@"))) {
        return OK;
    }
    str path = connectors_path(c, str_from_index(typed, 1));
    buf_reset(answer);
    err e = os_file_read((const char *)path.p, answer, &c->s->detail);
    return err_is(e, ERR_BUF_FULL) ? values_wrong(c, f, FAIL(CLI_TOO_MUCH)) : e;
}

static err values_ask_one(struct connectors *c, int i)
{
    const struct field *f = &c->type->schema->fields[i];
    u8 text_bytes[256];
    struct buf text = buf_over(text_bytes, COUNT(text_bytes));
    str fallback = str_from(f->value_json);
    bool quoted = str_starts(fallback, S("\""));
    buf_put(&text, str_from(f->label));
    buf_put(&text, f->type == FIELD_BOOL ? S(" (true or false)") : S(""));
    buf_put(&text,
            str_eq(str_from(f->display), S("textarea")) ? S(" (one line, or @FILE)") : S(""));
    struct console_question q = {
        .text = buf_str(&text),
        .fallback = quoted ? str_slice(fallback, 1, fallback.n - 1) : fallback,
        .hidden = f->sensitive,
    };
    u8 *memory = arena_try(&c->texts, 1, VALUES_CAP);
    struct buf answer = buf_over(memory, memory ? VALUES_CAP : 0);
    err e = console_ask(&c->console, &q, &answer);
    TRY(err_is(e, ERR_BUF_FULL) ? values_wrong(c, f, FAIL(CLI_TOO_MUCH)) : e);
    TRY(values_from_named(c, f, &answer));
    return values_set_text(c, i, buf_str(&answer));
}

err connectors_values_ask(struct connectors *c)
{
    const struct schema *schema = c->type->schema;
    for (int i = 0; i < schema->count; i++) {
        c->values[i] = str_from(schema->fields[i].value_json);
    }
    for (int i = 0; i < schema->count; i++) {
        if (values_is_met(c, &schema->fields[i])) {
            TRY(values_ask_one(c, i));
        }
    }
    return OK;
}

// ---- a file

static err values_take(struct connectors *c, const struct json *j, int i)
{
    const struct field *f = &c->type->schema->fields[i];
    int node = json_get(j, 0, str_from(f->key));
    node = node < 0 && f->alias ? json_get(j, 0, str_from(f->alias)) : node;
    str raw = json_raw(j, node);
    u8 *memory = arena_try(&c->texts, 1, raw.n + 4);
    struct buf text = buf_over(memory, memory ? raw.n + 4 : 0);
    switch (json_type(j, node)) {
    case JSON_NONE:
    case JSON_NULL:
        if (str_eq(c->values[i], S("\"\"")) && !f->optional) {
            return values_wrong(c, f, FAIL(CLI_VALUE_MISSING));
        }
        return json_type(j, node) == JSON_NONE && f->type == FIELD_STR
                   ? values_wrong(c, f, FAIL(CLI_VALUE_MISSING))
                   : OK;
    case JSON_STRING:
        (void)json_put_string(j, node, &text);
        return values_set_text(c, i, buf_str(&text));
    case JSON_ARRAY:
        if (f->type == FIELD_LIST) {
            return connectors_copy(c, raw, &c->values[i]);
        }
        return values_wrong(c, f, FAIL(CLI_VALUE_TYPE));
    case JSON_OBJECT: // a service account as it is, not wrapped into a string
        return f->type == FIELD_STR ? values_set_text(c, i, raw)
                                    : values_wrong(c, f, FAIL(CLI_VALUE_TYPE));
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        break;
    }
    return values_set_text(c, i, raw);
}

err connectors_values_from_file(struct connectors *c)
{
    const struct schema *schema = c->type->schema;
    struct json j;
    u8 *memory = arena_try(&c->texts, 1, CLI_FILE_BYTES);
    struct buf text = buf_over(memory, memory ? CLI_FILE_BYTES : 0);
    err e = os_file_read((const char *)c->args.from_file.p, &text, &c->s->detail);
    TRY(err_is(e, ERR_BUF_FULL) ? connectors_about(c, c->args.from_file, FAIL(CLI_TOO_MUCH)) : e);
    e = json_parse(&j, buf_str(&text), c->nodes, CLI_NODES);
    if (!err_ok(e) || json_type(&j, 0) != JSON_OBJECT) {
        return connectors_about(c, c->args.from_file, FAIL(CLI_FROM_FILE));
    }
    for (int i = 0; i < schema->count; i++) {
        c->values[i] = str_from(schema->fields[i].value_json);
    }
    for (int i = 0; i < schema->count; i++) {
        if (values_is_met(c, &schema->fields[i])) {
            TRY(values_take(c, &j, i));
        }
    }
    return OK;
}

// ---- the record

// The schema as it is registered, each field with its value in place of the schema's.
void connectors_put_configuration(struct connectors *c, struct buf *b)
{
    struct json j;
    u8 *memory = arena_try(&c->texts, 1, CLI_FILE_BYTES);
    struct buf schema = buf_over(memory, memory ? CLI_FILE_BYTES : 0);
    prepare_put_schema(&schema, c->type->schema);
    err e = json_parse(&j, buf_str(&schema), c->nodes, CLI_NODES);
    if (!err_ok(e) || schema.full) {
        b->full = true;
        return;
    }
    struct json_write w = json_write_to(b);
    json_write_object(&w);
    int i = 0;
    for (int field = json_first(&j, 0); field >= 0; field = json_next(&j, field)) {
        json_write_key(&w, json_raw(&j, field));
        json_write_object(&w);
        int object = json_value(&j, field);
        for (int key = json_first(&j, object); key >= 0; key = json_next(&j, key)) {
            json_write_key(&w, json_raw(&j, key));
            bool value = json_equals(&j, key, S("value"));
            json_write_raw(&w, value ? c->values[i] : record_json(&j, json_value(&j, key)));
        }
        json_write_object_end(&w);
        i++;
    }
    json_write_object_end(&w);
}
