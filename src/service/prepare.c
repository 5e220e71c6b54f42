// SPDX-License-Identifier: Apache-2.0
// Bringing the record of a connector up to date (see prepare.h, spec/elastic-protocol.md 8.1).
//
// Elasticsearch merges the objects of a partial document, so only what changes is written, but that
// a field object with missing properties is written whole. What the user entered (`value`) is never
// replaced. Features are compared as far as the source has them: flags that others added do not
// make an update in each round.
#include "service/prepare.h"

#include "elastic/record.h"

enum { PROPERTIES = 13, PROPERTY_BYTES = 1024, PROPERTY_NODES = 128, EQUAL_DEPTH = 64 };

static const char *const prepare_properties[PROPERTIES] = {
    "default_value", "depends_on", "display", "label",           "options",     "order", "required",
    "sensitive",     "tooltip",    "type",    "ui_restrictions", "validations", "value",
};

static const char *const prepare_types[] = {
    [FIELD_STR] = "str",
    [FIELD_INT] = "int",
    [FIELD_BOOL] = "bool",
    [FIELD_LIST] = "list",
};

// ---- the schema as JSON

static void prepare_write_text(struct json_write *w, const char *text)
{
    if (text) {
        json_write_string(w, str_from(text));
    } else {
        json_write_null(w);
    }
}

static void prepare_write_depends(struct json_write *w, const struct field *f)
{
    json_write_array(w);
    for (isize i = 0; i < COUNT(f->depends_on) && f->depends_on[i].key; i++) {
        json_write_object(w);
        json_write_member(w, S("field"), str_from(f->depends_on[i].key));
        json_write_key(w, S("value"));
        json_write_raw(w, str_from(f->depends_on[i].value_json));
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

// The value of one property; `name` is one of prepare_properties.
static void prepare_write_property(struct json_write *w, const struct schema *schema, int field,
                                   str name)
{
    const struct field *f = &schema->fields[field];
    const char *none = "[]";
    if (str_eq(name, S("depends_on"))) {
        prepare_write_depends(w, f);
    } else if (str_eq(name, S("display"))) {
        prepare_write_text(w, f->display);
    } else if (str_eq(name, S("label"))) {
        prepare_write_text(w, f->label);
    } else if (str_eq(name, S("options"))) {
        json_write_raw(w, str_from(f->options_json ? f->options_json : none));
    } else if (str_eq(name, S("order"))) {
        json_write_i64(w, field + 1);
    } else if (str_eq(name, S("required"))) {
        json_write_bool(w, !f->optional);
    } else if (str_eq(name, S("sensitive"))) {
        json_write_bool(w, f->sensitive);
    } else if (str_eq(name, S("tooltip"))) {
        prepare_write_text(w, f->tooltip);
    } else if (str_eq(name, S("type"))) {
        prepare_write_text(w, prepare_types[f->type]);
    } else if (str_eq(name, S("ui_restrictions"))) {
        json_write_raw(w, str_from(f->restrictions_json ? f->restrictions_json : none));
    } else if (str_eq(name, S("validations"))) {
        json_write_raw(w, str_from(f->validations_json ? f->validations_json : none));
    } else if (str_eq(name, S("value"))) {
        json_write_raw(w, str_from(f->value_json));
    } else {
        json_write_null(w); // default_value
    }
}

static void prepare_write_field(struct json_write *w, const struct schema *schema, int field)
{
    json_write_key(w, str_from(schema->fields[field].key));
    json_write_object(w);
    for (int p = 0; p < PROPERTIES; p++) {
        json_write_key(w, str_from(prepare_properties[p]));
        prepare_write_property(w, schema, field, str_from(prepare_properties[p]));
    }
    json_write_object_end(w);
}

static void prepare_write_schema(struct json_write *w, const struct schema *schema)
{
    json_write_object(w);
    for (int i = 0; i < schema->count; i++) {
        prepare_write_field(w, schema, i);
    }
    json_write_object_end(w);
}

void prepare_put_schema(struct buf *b, const struct schema *schema)
{
    struct json_write w = json_write_to(b);
    prepare_write_schema(&w, schema);
}

// ---- comparing

static bool prepare_same_scalar(const struct json *a, int x, const struct json *b, int y)
{
    enum json_type type = json_type(a, x);
    if (type == JSON_STRING) {
        u8 space[PROPERTY_BYTES];
        struct buf text = buf_over(space, COUNT(space));
        return json_put_string(b, y, &text) && !text.full && json_equals(a, x, buf_str(&text));
    }
    i64 m, n;
    if (type == JSON_NUMBER && json_i64(a, x, &m) && json_i64(b, y, &n)) {
        return m == n;
    }
    return str_eq(json_raw(a, x), json_raw(b, y));
}

struct prepare_pair {
    int x, y;
};

// Whether a's value x is b's value y; b is small and our own. With `subset`, members of x that y
// lacks do not count. Pairs that are still to be compared wait on a stack: what does not fit is
// told apart.
static bool prepare_same(const struct json *a, int x0, const struct json *b, int y0, bool subset)
{
    struct prepare_pair stack[EQUAL_DEPTH];
    int depth = 0;
    stack[depth++] = (struct prepare_pair){x0, y0};
    while (depth > 0) {
        struct prepare_pair at = stack[--depth];
        enum json_type type = json_type(b, at.y);
        if (json_type(a, at.x) != type) {
            return false;
        }
        if (type != JSON_OBJECT && type != JSON_ARRAY) {
            if (!prepare_same_scalar(a, at.x, b, at.y)) {
                return false;
            }
            continue;
        }
        bool sizes_differ = json_size(a, at.x) != json_size(b, at.y);
        if (json_size(b, at.y) > EQUAL_DEPTH - depth ||
            (sizes_differ && !(subset && type == JSON_OBJECT))) {
            return false;
        }
        int x = json_first(a, at.x);
        for (int y = json_first(b, at.y); y >= 0; y = json_next(b, y)) {
            if (type == JSON_OBJECT) {
                int member = json_get(a, at.x, json_raw(b, y)); // our keys need no escapes
                stack[depth++] = (struct prepare_pair){member, json_value(b, y)};
            } else {
                stack[depth++] = (struct prepare_pair){x, y};
                x = json_next(a, x);
            }
        }
    }
    return true;
}

static bool prepare_is_falsy(const struct json *j, int node)
{
    i64 zero;
    switch (json_type(j, node)) {
    case JSON_TRUE:
        return false;
    case JSON_STRING:
        return json_raw(j, node).n == 0;
    case JSON_NUMBER:
        return json_i64(j, node, &zero) && zero == 0;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return json_size(j, node) == 0;
    case JSON_FALSE:
    case JSON_NULL:
    case JSON_NONE:
        break;
    }
    return true;
}

// Whether the schema has something to say that the record's property does not.
static bool prepare_differs(const struct schema *schema, int field, str name, const struct json *j,
                            int node)
{
    u8 space[PROPERTY_BYTES];
    struct buf text = buf_over(space, COUNT(space));
    struct json_write w = json_write_to(&text);
    prepare_write_property(&w, schema, field, name);
    struct json_node nodes[PROPERTY_NODES];
    struct json own;
    bool parsed = !text.full && err_ok(json_parse(&own, buf_str(&text), nodes, COUNT(nodes)));
    ASSERT(parsed); // a constant of ours
    return !prepare_is_falsy(&own, 0) && !prepare_same(j, node, &own, 0, false);
}

// ---- configuration

struct prepare_look {
    bool missing;                       // a field of the schema is not there
    bool incomplete[SCHEMA_FIELDS_MAX]; // the field is there, but not all of its properties
    int entries[SCHEMA_FIELDS_MAX];     // or those of their aliases; -1: missing
};

static struct prepare_look prepare_look_at(const struct connector *c, const struct schema *schema)
{
    struct prepare_look look = {0};
    for (int i = 0; i < schema->count; i++) {
        const char *alias = schema->fields[i].alias;
        int entry = json_get(&c->json, c->configuration, str_from(schema->fields[i].key));
        look.missing = look.missing || entry < 0;
        if (entry < 0 && alias) { // its value becomes that of the field, which is written whole
            entry = json_get(&c->json, c->configuration, str_from(alias));
            look.incomplete[i] = entry >= 0;
        }
        look.entries[i] = entry;
        for (int p = 0; p < PROPERTIES && entry >= 0; p++) {
            bool there = json_get(&c->json, entry, str_from(prepare_properties[p])) >= 0;
            look.incomplete[i] = look.incomplete[i] || !there;
        }
    }
    return look;
}

static void prepare_write_node(struct json_write *w, const struct json *j, int node)
{
    json_write_raw(w, record_json(j, node));
}

// A field object that lacks properties: the schema's, overlaid with what is there. Something that
// is no object becomes the value.
static void prepare_write_overlay(struct json_write *w, const struct connector *c,
                                  const struct schema *schema, int field,
                                  const struct prepare_look *look)
{
    const struct json *j = &c->json;
    int entry = look->entries[field];
    bool object = json_type(j, entry) == JSON_OBJECT;
    json_write_key(w, str_from(schema->fields[field].key));
    json_write_object(w);
    for (int p = 0; p < PROPERTIES; p++) {
        str name = str_from(prepare_properties[p]);
        bool value = str_eq(name, S("value"));
        int node = object ? json_get(j, entry, name) : value ? entry : -1;
        bool ours = node < 0 || (object && look->missing && !value &&
                                 prepare_differs(schema, field, name, j, node));
        json_write_key(w, name);
        if (ours) {
            prepare_write_property(w, schema, field, name);
        } else {
            prepare_write_node(w, j, node);
        }
    }
    json_write_object_end(w);
}

// A complete field object in an upgrade: the properties, but `value`, that the schema changed.
static void prepare_write_changes(struct json_write *w, const struct connector *c,
                                  const struct schema *schema, int field, int entry)
{
    bool begun = false;
    for (int p = 0; p < PROPERTIES; p++) {
        str name = str_from(prepare_properties[p]);
        int node = json_get(&c->json, entry, name);
        if (str_eq(name, S("value")) || !prepare_differs(schema, field, name, &c->json, node)) {
            continue;
        }
        if (!begun) {
            json_write_key(w, str_from(schema->fields[field].key));
            json_write_object(w);
            begun = true;
        }
        json_write_key(w, name);
        prepare_write_property(w, schema, field, name);
    }
    if (begun) {
        json_write_object_end(w);
    }
}

static void prepare_write_configuration(struct json_write *w, const struct connector *c,
                                        const struct schema *schema, struct prepare_answer *answer)
{
    if (json_size(&c->json, c->configuration) == 0) {
        answer->registered = true;
        json_write_key(w, S("configuration"));
        prepare_write_schema(w, schema);
        json_write_member(w, S("status"), S("needs_configuration"));
        return;
    }
    struct prepare_look look = prepare_look_at(c, schema);
    answer->upgraded = look.missing;
    for (int i = 0; i < schema->count; i++) {
        answer->upgraded = answer->upgraded || look.incomplete[i];
    }
    if (!answer->upgraded) {
        return;
    }
    json_write_key(w, S("configuration"));
    json_write_object(w);
    for (int i = 0; i < schema->count; i++) {
        if (look.entries[i] < 0) {
            prepare_write_field(w, schema, i);
        } else if (look.incomplete[i]) {
            prepare_write_overlay(w, c, schema, i, &look);
        } else if (look.missing) {
            prepare_write_changes(w, c, schema, i, look.entries[i]);
        }
    }
    json_write_object_end(w);
}

// ---- features

void prepare_put_features(struct buf *b, const struct schema *schema)
{
    buf_put(b, S("{\"sync_rules\":{\"basic\":{\"enabled\":true},\"advanced\":{\"enabled\":"));
    buf_put(b, schema->advanced_rules ? S("true") : S("false"));
    buf_put(b, S("}},\"document_level_security\":{\"enabled\":true},\"incremental_sync\":"
                 "{\"enabled\":true},\"native_connector_api_keys\":{\"enabled\":false}}"));
}

// A native record keeps what it says; only whole features that it does not know are added.
static bool prepare_write_native(struct json_write *w, const struct connector *c,
                                 const struct json *own)
{
    bool lacks = false;
    for (int k = json_first(own, 0); k >= 0; k = json_next(own, k)) {
        lacks = lacks || json_get(&c->json, c->features_node, json_raw(own, k)) < 0;
    }
    if (!lacks) {
        return false;
    }
    json_write_key(w, S("features"));
    json_write_object(w);
    for (int k = json_first(own, 0); k >= 0; k = json_next(own, k)) {
        int node = json_get(&c->json, c->features_node, json_raw(own, k));
        json_write_key(w, json_raw(own, k));
        prepare_write_node(w, node >= 0 ? &c->json : own, node >= 0 ? node : json_value(own, k));
    }
    json_write_object_end(w);
    return true;
}

static bool prepare_write_features(struct json_write *w, const struct prepare_ask *ask,
                                   const struct schema *schema)
{
    const struct connector *c = ask->connector;
    u8 space[PROPERTY_BYTES];
    struct buf text = buf_over(space, COUNT(space));
    prepare_put_features(&text, schema);
    struct json_node nodes[PROPERTY_NODES];
    struct json own;
    bool parsed = !text.full && err_ok(json_parse(&own, buf_str(&text), nodes, COUNT(nodes)));
    ASSERT(parsed);
    if (!ask->listed) {
        return c->is_native && prepare_write_native(w, c, &own);
    }
    if (prepare_same(&c->json, c->features_node, &own, 0, true)) {
        return false;
    }
    json_write_key(w, S("features"));
    json_write_raw(w, buf_str(&text));
    return true;
}

// ---- all of it

static const struct source_ops *prepare_find(const struct prepare_ask *ask, str type)
{
    for (int i = 0; i < ask->source_count; i++) {
        if (str_eq(type, str_from(ask->sources[i]->service_type))) {
            return ask->sources[i];
        }
    }
    return NULL;
}

enum prepare prepare_put(struct buf *body, const struct prepare_ask *ask,
                         struct prepare_answer *answer)
{
    const struct connector *c = ask->connector;
    *answer = (struct prepare_answer){0};
    if (ask->listed && ask->service_type.n == 0) {
        return PREPARE_NO_TYPE;
    }
    answer->ops = prepare_find(ask, ask->listed ? ask->service_type : c->service_type);
    if (!answer->ops) {
        return PREPARE_UNKNOWN;
    }
    isize before = body->n;
    struct json_write w = record_write_doc(body);
    prepare_write_configuration(&w, c, answer->ops->schema, answer);
    if (ask->listed && c->service_type.n == 0) {
        answer->typed = true;
        json_write_member(&w, S("service_type"), ask->service_type);
    }
    answer->featured = prepare_write_features(&w, ask, answer->ops->schema);
    record_write_doc_end(&w);
    if (answer->registered || answer->upgraded || answer->typed || answer->featured) {
        return PREPARE_WRITE;
    }
    body->n = before;
    return PREPARE_NOTHING;
}
