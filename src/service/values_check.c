// SPDX-License-Identifier: Apache-2.0
// Judging the values of a record (see values.h, spec/configuration.md 5): what is missing, what is
// empty, what a validation refuses. All items of one record go into one text, in the order of its
// fields, labels in single quotes. A field that others switch off is not looked at; an empty one
// has no further validations.
#include "elastic/client.h"
#include "limits.h"
#include "service/values_internal.h"

struct check {
    const struct values *v;
    struct values_checker *memory;
    struct buf *out;
    int field;
    int items;
};

void values_init(struct values_checker *c, struct plan *plan)
{
    c->memory.code = plan_take_n(plan, "values pattern", struct regex_inst, REGEX_PROGRAM_MAX,
                                 "the regular expression of one configuration field");
    c->memory.ranges = plan_take_n(plan, "values ranges", struct regex_range, VALUES_RANGES_MAX,
                                   "its sets");
    c->memory.code_cap = REGEX_PROGRAM_MAX;
    c->memory.range_cap = VALUES_RANGES_MAX;
    c->scratch = plan_take_n(plan, "values match", struct regex_scratch, 1, "while it is run");
    u8 *text = plan_take(plan, "values text", VALUES_PATTERN_BYTES, 1, "its text");
    c->pattern = buf_over(text, VALUES_PATTERN_BYTES);
}

static void check_put(struct check *c, str s)
{
    elastic_put_cut(c->out, s, s.n);
}

// At most so much of what somebody entered, decoded.
static void check_put_text(struct check *c, str s)
{
    elastic_put_cut(c->out, s, VALUES_TOLD_BYTES);
    check_put(c, s.n > VALUES_TOLD_BYTES ? S("...") : S(""));
}

static void check_put_string(struct check *c, const struct json *j, int node)
{
    u8 space[1024];
    struct buf b = buf_over(space, COUNT(space));
    if (json_raw(j, node).n > COUNT(space)) {
        check_put_text(c, json_raw(j, node)); // told as it was written: it is cut anyway
        return;
    }
    if (json_type(j, node) == JSON_STRING) {
        (void)json_put_string(j, node, &b);
        check_put_text(c, buf_str(&b));
    } else {
        check_put_text(c, json_raw(j, node));
    }
}

static void check_put_label(struct check *c)
{
    int label = values_property(c->v, c->field, S("label"), JSON_STRING);
    check_put(c, S("'"));
    if (label >= 0 && json_raw(c->v->json, label).n > 0) {
        check_put_string(c, c->v->json, label);
    } else {
        check_put(c, str_from(c->v->schema->fields[c->field].label));
    }
    check_put(c, S("'"));
}

static void check_begin(struct check *c)
{
    check_put(c, c->items++ ? S("; ") : S("Invalid configuration: "));
    check_put_label(c);
}

static void check_put_value(struct check *c)
{
    const struct field_value *value = &c->v->fields[c->field];
    bool sensitive = c->v->schema->fields[c->field].sensitive;
    (void)json_bool(c->v->json, json_get(c->v->json, values_object(c->v, c->field), S("sensitive")),
                    &sensitive);
    sensitive = sensitive || c->v->schema->fields[c->field].sensitive;
    if (sensitive) {
        check_put(c, S(" (hidden)"));
        return;
    }
    check_put(c, S(" '"));
    u8 digits[24];
    struct buf number = buf_over(digits, COUNT(digits));
    switch (c->v->schema->fields[c->field].type) {
    case FIELD_STR:
    case FIELD_LIST:
        check_put_text(c, value->text);
        break;
    case FIELD_INT:
        buf_put_i64(&number, value->number);
        check_put_text(c, c->v->unreadable[c->field] ? value->text : buf_str(&number));
        break;
    case FIELD_BOOL:
        check_put(c, value->flag ? S("true") : S("false"));
        break;
    }
    check_put(c, S("'"));
}

// "'Label' 'value' <what> '<constraint>'"
static void check_refuse(struct check *c, str what, const struct json *j, int constraint)
{
    check_begin(c);
    check_put_value(c);
    check_put(c, what);
    if (constraint >= 0) {
        check_put(c, S(" '"));
        check_put_string(c, j, constraint);
        check_put(c, S("'"));
    }
}

static bool check_number(const struct check *c, i64 *out)
{
    const struct field_value *value = &c->v->fields[c->field];
    *out = value->number;
    return c->v->schema->fields[c->field].type == FIELD_INT ||
           str_to_i64(str_trim(value->text), out);
}

static void check_compare(struct check *c, const struct json *j, int constraint, bool less)
{
    i64 value, bound;
    if (!json_i64(j, constraint, &bound)) {
        check_refuse(c, S(" is compared with something that is no whole number:"), j, constraint);
    } else if (!check_number(c, &value)) {
        check_refuse(c, S(" is not a number"), j, -1);
    } else if (less ? value >= bound : value <= bound) {
        check_refuse(c, less ? S(" is not less than") : S(" is not greater than"), j, constraint);
    }
}

// Elements keep no type once coerced: those of an array are looked at where they stand, those of a
// text are texts.
static void check_list_type(struct check *c, const struct json *j, int constraint)
{
    bool ints = json_equals(j, constraint, S("int"));
    const struct json *record = c->v->json;
    int entry = values_entry(c->v, c->field);
    int value = json_type(record, entry) == JSON_OBJECT ? json_get(record, entry, S("value"))
                                                        : entry;
    enum json_type type = json_type(record, value);
    bool right = c->v->schema->fields[c->field].type == FIELD_LIST;
    if (type == JSON_ARRAY) {
        for (int e = json_first(record, value); e >= 0; e = json_next(record, e)) {
            i64 number;
            bool is_int = json_i64(record, e, &number);
            right = right && (ints ? is_int : json_type(record, e) == JSON_STRING);
        }
    } else {
        right = right && (ints ? type == JSON_NUMBER : type == JSON_STRING);
    }
    if (!right) {
        check_refuse(c, S(" has an element that is not of type"), j, constraint);
    }
}

static bool check_is_element(const struct json *j, int list, str text)
{
    for (int e = json_first(j, list); e >= 0; e = json_next(j, e)) {
        if (json_equals(j, e, text) ||
            (json_type(j, e) != JSON_STRING && str_eq(json_raw(j, e), text))) {
            return true;
        }
    }
    return false;
}

static void check_included_in(struct check *c, const struct json *j, int constraint)
{
    const struct field_value *value = &c->v->fields[c->field];
    u8 digits[24];
    struct buf number = buf_over(digits, COUNT(digits));
    str rest = value->text;
    enum field_type type = c->v->schema->fields[c->field].type;
    if (type == FIELD_BOOL) {
        rest = value->flag ? S("true") : S("false");
    } else if (type == FIELD_INT) {
        buf_put_i64(&number, value->number);
        rest = buf_str(&number);
    }
    bool more = true;
    while (more) {
        str element = rest;
        if (type == FIELD_LIST) {
            rest = str_cut(rest, '\n', &element, &more);
        } else {
            more = false;
        }
        if (!check_is_element(j, constraint, element)) {
            check_refuse(c, S(" is not one of"), j, -1);
            for (int e = json_first(j, constraint); e >= 0; e = json_next(j, e)) {
                check_put(c, e > json_first(j, constraint) ? S(", ") : S(" "));
                check_put_string(c, j, e);
            }
            return;
        }
    }
}

// Full match: the pattern in a group, then the end. Flags of the whole pattern stay in front.
static bool check_put_pattern(struct buf *b, str pattern)
{
    isize flags = 0;
    if (str_starts(pattern, S("(?"))) {
        isize i = 2;
        while (i < pattern.n && str_find_byte(S("imsux"), pattern.p[i]) >= 0) {
            i++;
        }
        flags = i > 2 && i < pattern.n && pattern.p[i] == ')' ? i + 1 : 0;
    }
    buf_put(b, str_slice(pattern, 0, flags));
    buf_put(b, S("(?:"));
    buf_put(b, str_from_index(pattern, flags));
    buf_put(b, S(")\\Z"));
    return !b->full;
}

static void check_regex(struct check *c, const struct json *j, int constraint)
{
    if (c->v->schema->fields[c->field].type != FIELD_STR) {
        check_refuse(c, S(" is not a text, but is to match"), j, constraint);
        return;
    }
    u8 space[VALUES_PATTERN_BYTES / 2], words_space[160];
    struct buf pattern = buf_over(space, COUNT(space));
    struct buf words = buf_over(words_space, COUNT(words_space));
    struct regex re;
    struct regex_memory memory = c->memory->memory;
    buf_reset(&c->memory->pattern);
    bool decoded = json_put_string(j, constraint, &pattern) && !pattern.full &&
                   check_put_pattern(&c->memory->pattern, buf_str(&pattern));
    if (!decoded || !err_ok(regex_compile(&re, buf_str(&c->memory->pattern), &memory, &words))) {
        check_refuse(c, S(" cannot be compared with the pattern"), j, constraint);
        check_put(c, words.n ? S(": ") : S(""));
        check_put(c, buf_str(&words));
        return;
    }
    if (!regex_match(&re, c->v->fields[c->field].text, c->memory->scratch)) {
        check_refuse(c, S(" does not match the pattern"), j, constraint);
    }
}

static void check_validation(struct check *c, const struct json *j, int validation)
{
    int type = json_get(j, validation, S("type"));
    int constraint = json_get(j, validation, S("constraint"));
    if (json_equals(j, type, S("less_than")) || json_equals(j, type, S("greater_than"))) {
        check_compare(c, j, constraint, json_equals(j, type, S("less_than")));
    } else if (json_equals(j, type, S("list_type"))) {
        check_list_type(c, j, constraint);
    } else if (json_equals(j, type, S("included_in"))) {
        check_included_in(c, j, constraint);
    } else if (json_equals(j, type, S("regex"))) {
        check_regex(c, j, constraint);
    } // what is not known forbids nothing
}

static void check_validations(struct check *c)
{
    const struct json *j = c->v->json;
    int list = values_property(c->v, c->field, S("validations"), JSON_ARRAY);
    struct json_node nodes[VALUES_VALIDATION_NODES];
    struct json own;
    const char *schema = c->v->schema->fields[c->field].validations_json;
    if (list < 0 && schema) {
        bool parsed = err_ok(json_parse(&own, str_from(schema), nodes, COUNT(nodes)));
        ASSERT(parsed); // a constant of ours
        j = &own;
        list = 0;
    }
    for (int e = json_first(j, list); e >= 0; e = json_next(j, e)) {
        check_validation(c, j, e);
    }
}

static bool check_is_waived(const struct check *c)
{
    const char *waived = c->memory->waived;
    return waived && str_eq(str_from(waived), str_from(c->v->schema->fields[c->field].key));
}

static void check_field(struct check *c)
{
    const struct values *v = c->v;
    struct values_node missing;
    switch (values_dependencies(v, c->field, &missing)) {
    case VALUES_NO_FIELD:
        check_begin(c);
        check_put(c, S(" depends on a field that does not exist: "));
        check_put_string(c, missing.json, missing.node);
        return;
    case VALUES_UNMET:
        return;
    case VALUES_MET:
        break;
    }
    if (v->unreadable[c->field]) {
        check_refuse(c, S(" is not a whole number"), v->json, -1);
    } else if (!v->fields[c->field].empty) {
        check_validations(c);
    } else if (values_is_required(v, c->field) && !check_is_waived(c)) {
        check_begin(c);
        check_put(c, S(" is empty"));
    }
}

static int check_index(const struct values *v, int key)
{
    for (int i = 0; i < v->schema->count; i++) {
        const struct field *f = &v->schema->fields[i];
        if (json_equals(v->json, key, str_from(f->key)) ||
            (f->alias && json_equals(v->json, key, str_from(f->alias)))) {
            return i;
        }
    }
    return -1;
}

err values_check(const struct values *v, struct values_checker *memory, struct buf *detail)
{
    struct check c = {.v = v, .memory = memory, .out = detail};
    bool seen[SCHEMA_FIELDS_MAX] = {false};
    int key = json_first(v->json, v->configuration);
    for (; key >= 0; key = json_next(v->json, key)) {
        c.field = check_index(v, key);
        if (c.field >= 0 && !seen[c.field]) {
            seen[c.field] = true;
            check_field(&c);
        }
    }
    return c.items ? FAIL(VALUES_INVALID) : OK;
}

err values_missing(const struct values *v, struct buf *detail)
{
    int missing = 0;
    for (int i = 0; i < v->schema->count; i++) {
        str key = str_from(v->schema->fields[i].key);
        if (values_entry(v, i) < 0) {
            str lead = missing++ ? S(", ") : S("The configuration lacks these fields: ");
            elastic_put_cut(detail, lead, lead.n);
            elastic_put_cut(detail, key, key.n);
        }
    }
    return missing ? FAIL(VALUES_MISSING) : OK;
}
