// SPDX-License-Identifier: Apache-2.0
// Reading the values of a record (see values.h, spec/configuration.md 5).
//
// The type is always the schema's. Where the service that this one replaces takes the text "false"
// of a toggle for true, this one takes it for false; every other text is true, as there. A number
// that cannot be read is remembered and told by values_check().
#include "limits.h"
#include "service/values_internal.h"

static int values_index(const struct schema *schema, const struct json *j, int key)
{
    for (int i = 0; i < schema->count; i++) {
        if (json_equals(j, key, str_from(schema->fields[i].key))) {
            return i;
        }
    }
    return -1;
}

int values_entry(const struct values *v, int field)
{
    const struct field *f = &v->schema->fields[field];
    int entry = json_get(v->json, v->configuration, str_from(f->key));
    return entry < 0 && f->alias ? json_get(v->json, v->configuration, str_from(f->alias)) : entry;
}

int values_object(const struct values *v, int field)
{
    int node = values_entry(v, field);
    return json_type(v->json, node) == JSON_OBJECT ? node : -1;
}

int values_property(const struct values *v, int field, str name, enum json_type type)
{
    int node = json_get(v->json, values_object(v, field), name);
    return json_type(v->json, node) == type ? node : -1;
}

bool values_is_required(const struct values *v, int field)
{
    bool required = !v->schema->fields[field].optional;
    (void)json_bool(v->json, json_get(v->json, values_object(v, field), S("required")), &required);
    return required;
}

// ---- coercion

struct values_reading {
    struct arena *texts;
    bool full, unreadable;
};

// Room for the text form of a value: Python's is never longer than four times the JSON.
static struct buf values_room(struct values_reading *r, isize bytes)
{
    u8 *space = arena_try(r->texts, 1, bytes);
    r->full = r->full || !space;
    return buf_over(space, space ? bytes : 0);
}

static str values_text(struct values_reading *r, struct values_node from)
{
    str raw = json_raw(from.json, from.node);
    bool string = json_type(from.json, from.node) == JSON_STRING;
    if (string && str_find_byte(raw, '\\') < 0) {
        return raw;
    }
    struct buf b = values_room(r, string ? raw.n : raw.n * 4 + 8);
    if (string) {
        (void)json_put_string(from.json, from.node, &b);
    } else {
        values_put_python(&b, from.json, from.node);
    }
    r->full = r->full || b.full;
    return r->full ? (str){0} : buf_str(&b);
}

// Python's int(): blanks around it, a sign, single underscores between digits.
static bool values_parse_int(str s, i64 *out)
{
    u8 digits[24];
    struct buf b = buf_over(digits, COUNT(digits));
    s = str_trim(s);
    for (isize i = 0; i < s.n; i++) {
        bool between = i > 0 && i + 1 < s.n && str_is_digit(s.p[i - 1]) && str_is_digit(s.p[i + 1]);
        if (s.p[i] == '_' && between) {
            continue;
        }
        if (i == 0 && s.n > 1 && s.p[0] == '+' && str_is_digit(s.p[1])) {
            continue;
        }
        buf_put_byte(&b, s.p[i]);
    }
    return !b.full && str_to_i64(buf_str(&b), out);
}

static bool values_has_exponent(str number)
{
    return str_find_byte(number, 'e') >= 0 || str_find_byte(number, 'E') >= 0;
}

static struct field_value values_coerce_int(struct values_reading *r, struct values_node from)
{
    struct field_value v = {0};
    str whole;
    bool point, flag;
    switch (json_type(from.json, from.node)) {
    case JSON_NONE:
    case JSON_NULL:
        v.empty = true;
        return v;
    case JSON_STRING:
        v.text = values_text(r, from);
        v.empty = v.text.n == 0;
        r->unreadable = !v.empty && !values_parse_int(v.text, &v.number);
        return v;
    case JSON_NUMBER:
        v.text = json_raw(from.json, from.node);
        (void)str_cut(v.text, '.', &whole, &point);
        r->unreadable = values_has_exponent(v.text) ||
                        !str_to_i64(str_eq(whole, S("-0")) ? S("0") : whole, &v.number);
        return v;
    case JSON_TRUE:
    case JSON_FALSE:
        flag = json_type(from.json, from.node) == JSON_TRUE;
        v.number = flag ? 1 : 0;
        return v;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    v.text = values_text(r, from);
    r->unreadable = true;
    return v;
}

static bool values_is_zero(str number)
{
    for (isize i = 0; i < number.n && str_lower_byte(number.p[i]) != 'e'; i++) {
        if (number.p[i] >= '1' && number.p[i] <= '9') {
            return false;
        }
    }
    return true;
}

static struct field_value values_coerce_bool(struct values_reading *r, struct values_node from)
{
    struct field_value v = {0};
    switch (json_type(from.json, from.node)) {
    case JSON_NONE:
    case JSON_NULL:
        v.empty = true;
        break;
    case JSON_TRUE:
        v.flag = true;
        break;
    case JSON_FALSE:
        break;
    case JSON_NUMBER:
        v.flag = !values_is_zero(json_raw(from.json, from.node));
        break;
    case JSON_STRING:
        v.text = values_text(r, from);
        v.empty = v.text.n == 0;
        v.flag = !v.empty && !str_eq_nocase(str_trim(v.text), S("false"));
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        v.flag = json_size(from.json, from.node) > 0;
        break;
    }
    return v;
}

static void values_put_element(struct buf *b, str element)
{
    buf_put(b, b->n ? S("\n") : S(""));
    buf_put(b, element);
}

static struct field_value values_coerce_list(struct values_reading *r, struct values_node from)
{
    struct field_value v = {.empty = true};
    const struct json *j = from.json;
    enum json_type type = json_type(j, from.node);
    if (type == JSON_NONE || type == JSON_NULL) {
        return v;
    }
    if (type == JSON_STRING) {
        str rest = values_text(r, from);
        struct buf b = values_room(r, rest.n);
        bool more = rest.n > 0;
        while (more) {
            str element;
            rest = str_cut(rest, ',', &element, &more);
            element = str_trim(element);
            if (element.n) {
                values_put_element(&b, element);
            }
        }
        v.text = buf_str(&b);
        v.empty = v.text.n == 0;
        return v;
    }
    if (type != JSON_ARRAY) {
        v.text = values_text(r, from);
        v.empty = false;
        return v;
    }
    struct buf b = values_room(r, json_raw(j, from.node).n * 4 + 8);
    for (int e = json_first(j, from.node); e >= 0; e = json_next(j, e)) {
        bool nothing = json_type(j, e) == JSON_NULL ||
                       (json_type(j, e) == JSON_STRING && json_raw(j, e).n == 0);
        v.empty = v.empty && nothing;
        buf_put(&b, e > json_first(j, from.node) ? S("\n") : S(""));
        values_put_python(&b, j, e);
    }
    v.text = buf_str(&b);
    return v;
}

static struct field_value values_coerce(struct values_reading *r, enum field_type type,
                                        struct values_node from)
{
    struct field_value v = {0};
    switch (type) {
    case FIELD_STR:
        if (json_type(from.json, from.node) != JSON_NULL && from.node >= 0) {
            v.text = values_text(r, from);
        }
        v.empty = v.text.n == 0;
        break;
    case FIELD_INT:
        return values_coerce_int(r, from);
    case FIELD_BOOL:
        return values_coerce_bool(r, from);
    case FIELD_LIST:
        return values_coerce_list(r, from);
    }
    return v;
}

// ---- dependencies

bool values_equal(const struct values *v, int field, struct values_node constant)
{
    const struct field_value *value = &v->fields[field];
    i64 number;
    bool flag;
    if (value->empty && v->schema->fields[field].type != FIELD_STR) {
        return json_type(constant.json, constant.node) == JSON_NULL;
    }
    switch (v->schema->fields[field].type) {
    case FIELD_STR:
    case FIELD_LIST:
        return json_equals(constant.json, constant.node, value->text);
    case FIELD_INT:
        if (json_bool(constant.json, constant.node, &flag)) {
            return value->number == (flag ? 1 : 0);
        }
        return json_i64(constant.json, constant.node, &number) && number == value->number;
    case FIELD_BOOL:
        if (json_i64(constant.json, constant.node, &number)) {
            return number == (value->flag ? 1 : 0);
        }
        return json_bool(constant.json, constant.node, &flag) && flag == value->flag;
    }
    return false;
}

static enum values_met values_depends_schema(const struct values *v, int field)
{
    const struct field *f = &v->schema->fields[field];
    for (isize i = 0; i < COUNT(f->depends_on) && f->depends_on[i].key; i++) {
        struct json_node nodes[8];
        struct json j;
        bool parsed = err_ok(
            json_parse(&j, str_from(f->depends_on[i].value_json), nodes, COUNT(nodes)));
        ASSERT(parsed); // a constant of ours
        int other = 0;
        while (other < v->schema->count &&
               !str_eq(str_from(v->schema->fields[other].key), str_from(f->depends_on[i].key))) {
            other++;
        }
        ASSERT(other < v->schema->count);
        if (!values_equal(v, other, (struct values_node){&j, 0})) {
            return VALUES_UNMET;
        }
    }
    return VALUES_MET;
}

// What one depends on need not be in the schema: then the record's value counts as it stands.
static bool values_equal_foreign(const struct values *v, int entry, int constant)
{
    const struct json *j = v->json;
    int value = json_type(j, entry) == JSON_OBJECT ? json_get(j, entry, S("value")) : entry;
    return json_type(j, value) == json_type(j, constant) &&
           str_eq(json_raw(j, value), json_raw(j, constant));
}

enum values_met values_dependencies(const struct values *v, int field, struct values_node *missing)
{
    const struct json *j = v->json;
    int list = values_property(v, field, S("depends_on"), JSON_ARRAY);
    if (list < 0) {
        return values_depends_schema(v, field);
    }
    enum values_met met = VALUES_MET;
    for (int d = json_first(j, list); d >= 0; d = json_next(j, d)) {
        int name = json_get(j, d, S("field"));
        int other = values_index(v->schema, j, name);
        int constant = json_get(j, d, S("value"));
        bool equal;
        if (other >= 0) {
            equal = values_equal(v, other, (struct values_node){j, constant});
        } else {
            int key = json_first(j, v->configuration);
            while (key >= 0 && (json_type(j, name) != JSON_STRING ||
                                !str_eq(json_raw(j, key), json_raw(j, name)))) {
                key = json_next(j, key);
            }
            if (key < 0) {
                *missing = (struct values_node){j, name};
                return VALUES_NO_FIELD;
            }
            equal = values_equal_foreign(v, json_value(j, key), constant);
        }
        met = equal ? met : VALUES_UNMET;
    }
    return met;
}

// ---- reading

static struct field_value values_read_field(struct values *v, int field, struct values_reading *r)
{
    const struct field *f = &v->schema->fields[field];
    int entry = values_entry(v, field);
    if (entry < 0) {
        struct json_node nodes[16];
        struct json j;
        bool parsed = err_ok(json_parse(&j, str_from(f->value_json), nodes, COUNT(nodes)));
        ASSERT(parsed); // a constant of ours
        return values_coerce(r, f->type, (struct values_node){&j, 0});
    }
    bool object = json_type(v->json, entry) == JSON_OBJECT;
    int node = object ? json_get(v->json, entry, S("value")) : entry;
    struct field_value value = values_coerce(r, f->type, (struct values_node){v->json, node});
    if (value.empty && object && !values_is_required(v, field)) {
        node = json_get(v->json, entry, S("default_value"));
        value = values_coerce(r, f->type, (struct values_node){v->json, node});
    }
    return value;
}

err values_read(struct values *v, const struct schema *schema, const struct json *j,
                int configuration, struct arena *texts)
{
    ASSERT(schema->count <= SCHEMA_FIELDS_MAX);
    *v = (struct values){.schema = schema, .json = j, .configuration = configuration};
    for (int i = 0; i < schema->count; i++) {
        struct values_reading r = {.texts = texts};
        v->fields[i] = values_read_field(v, i, &r);
        v->unreadable[i] = r.unreadable;
        if (r.full) {
            return FAIL(VALUES_TOO_LARGE);
        }
    }
    for (int i = 0; i < schema->count; i++) {
        struct values_node missing;
        v->fields[i].active = values_dependencies(v, i, &missing) == VALUES_MET;
    }
    return OK;
}
