// SPDX-License-Identifier: Apache-2.0
// Reading the records of rules (see rules.h): their members as JSON, their strings decoded. Judges
// nothing: rules_load() refuses what cannot be applied, rules_validate() says all that is wrong.
#include "sync/rules.h"
#include "sync/rules_walk.h"

const str rules_members[6] = {
    [RULES_ID] = S("id"),     [RULES_POLICY] = S("policy"), [RULES_FIELD] = S("field"),
    [RULES_RULE] = S("rule"), [RULES_VALUE] = S("value"),   [RULES_ORDER] = S("order"),
};

const str rules_operators[] = {
    [RULES_EQUALS] = S("equals"),  [RULES_STARTS] = S("starts_with"),
    [RULES_ENDS] = S("ends_with"), [RULES_CONTAINS] = S("contains"),
    [RULES_REGEX] = S("regex"),    [RULES_GREATER] = S(">"),
    [RULES_LESS] = S("<"),         [RULES_OPERATORS] = S(""),
};

str rules_filter(str filtering)
{
    struct rules_walk w;
    filtering = str_trim(filtering);
    if (rules_walk_type(filtering) == JSON_ARRAY) {
        str first = S("");
        (void)(rules_walk_begin(&w, filtering) && rules_walk_element(&w, &first));
        filtering = first;
    }
    str active = rules_walk_get(filtering, S("active"));
    return rules_walk_type(active) == JSON_OBJECT ? active : filtering;
}

bool rules_is_default(const struct rules_rule *rule)
{
    return str_eq(rule->id, S("DEFAULT"));
}

static str read_string(struct rules *r, str raw)
{
    isize at = r->texts.n;
    if (rules_walk_type(raw) != JSON_STRING || !json_unescape(rules_walk_inside(raw), &r->texts)) {
        return S("");
    }
    return str_from_index(buf_str(&r->texts), at);
}

static void read_rule(struct rules *r, struct rules_rule *rule, str record)
{
    u8 memory[32];
    struct rules_walk w;
    str key, value;
    *rule = (struct rules_rule){.op = RULES_OPERATORS};
    if (rules_walk_type(record) != JSON_OBJECT || !rules_walk_begin(&w, record)) {
        return;
    }
    while (rules_walk_member(&w, &key, &value)) {
        for (int i = 0; i < COUNT(rules_members); i++) {
            if (rules_walk_equals(key, rules_members[i])) {
                rule->raw[i] = value;
            }
        }
    }
    rule->id = read_string(r, rule->raw[RULES_ID]);
    rule->field = read_string(r, rule->raw[RULES_FIELD]);
    rule->value = read_string(r, rule->raw[RULES_VALUE]);
    rule->is_number = number_parse_python(rule->value, &rule->number);
    (void)number_parse_json(rule->raw[RULES_ORDER], &rule->order);
    struct buf word = buf_over(memory, sizeof memory);
    if (rules_walk_type(rule->raw[RULES_POLICY]) == JSON_STRING &&
        json_unescape(rules_walk_inside(rule->raw[RULES_POLICY]), &word) && !word.full) {
        rule->include = str_eq_nocase(buf_str(&word), S("include"));
        rule->policy_known = rule->include || str_eq_nocase(buf_str(&word), S("exclude"));
    }
    buf_reset(&word);
    if (rules_walk_type(rule->raw[RULES_RULE]) == JSON_STRING &&
        json_unescape(rules_walk_inside(rule->raw[RULES_RULE]), &word) && !word.full) {
        rule->op = RULES_EQUALS;
        while (rule->op < RULES_OPERATORS &&
               !str_eq_nocase(buf_str(&word), rules_operators[rule->op])) {
            rule->op++;
        }
    }
}

static err read_too_large(str what, i64 bound, struct buf *detail)
{
    buf_put(detail, what);
    buf_put_i64(detail, bound);
    return FAIL(RULES_TOO_LARGE);
}

err rules_read(struct rules *r, str filtering, struct buf *detail)
{
    struct rules_walk w;
    str list = rules_walk_get(filtering, S("rules")), record;
    r->count = r->query_count = 0;
    buf_reset(&r->texts);
    r->free = (struct regex_memory){r->code, r->ranges, RULES_PROGRAM, RULES_RANGES};
    enum json_type type = rules_walk_type(list);
    if (type == JSON_NONE || type == JSON_NULL) {
        return OK;
    }
    if (type != JSON_ARRAY || !rules_walk_begin(&w, list)) {
        buf_put(detail, S("`rules` is no list"));
        return FAIL(RULES_SHAPE);
    }
    while (rules_walk_element(&w, &record)) {
        if (r->count == RULES_MAX) {
            return read_too_large(S("the number of rules is above "), RULES_MAX, detail);
        }
        read_rule(r, &r->rules[r->count++], record);
    }
    if (r->texts.full) {
        return read_too_large(S("the bytes of all ids, fields and values are above "),
                              RULES_TEXT_BYTES, detail);
    }
    return OK;
}

err rules_compile_pattern(struct rules *r, struct rules_rule *rule, struct buf *detail)
{
    return regex_compile(&rule->re, rule->value, &r->free, detail);
}

// The id with 26 characters cut from its middle (more from a very long one), at least one kept at
// each side.
static void read_put_short_id(struct buf *b, str id)
{
    isize n = 0;
    for (isize i = 0; i < id.n; i++) {
        n += (id.p[i] & 0xc0) != 0x80;
    }
    isize keep = n > 28 ? n - 26 : 2;
    keep = keep > 100 ? 100 : keep;
    isize head = keep / 2, at = 0, from = id.n;
    for (isize i = 0; at < id.n; at++) {
        i += (id.p[at] & 0xc0) != 0x80;
        if (i > head) {
            break;
        }
    }
    for (isize tail = keep - head; from > 0 && tail > 0; tail -= (id.p[from] & 0xc0) != 0x80) {
        from--;
    }
    buf_put(b, str_slice(id, 0, at));
    buf_put(b, S("..."));
    buf_put(b, str_from_index(id, from));
}

void rules_put_short_name(struct buf *b, const struct rules_rule *rule)
{
    i64 order;
    str raw = rule->raw[RULES_ORDER];
    buf_put(b, S("Basic rule "));
    if (str_to_i64(raw, &order) && order < INT64_MAX) {
        buf_put_i64(b, order + 1);
        buf_put(b, S(" "));
    } else if (rules_walk_type(raw) == JSON_NUMBER) {
        number_put_repr(b, rule->order + 1);
        buf_put(b, S(" "));
    }
    buf_put(b, S("(id: '"));
    read_put_short_id(b, rule->id);
    buf_put(b, S("')"));
}
