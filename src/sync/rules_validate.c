// SPDX-License-Identifier: Apache-2.0
// Validation of sync rules (see rules_validate.h). Messages about the schema are those of the
// library that the replaced service uses, which Kibana users know; each rule's first violation
// only.
#include "sync/rules_validate.h"

#include "codec/json_write.h"
#include "sync/rules_walk.h"

struct validate {
    struct rules *r;
    struct json_write w;
    bool valid;
};

// An error's head; the message goes between this and validate_end().
static void validate_begin(struct validate *v, const struct rules_rule *rule)
{
    v->valid = false;
    json_write_object(&v->w);
    json_write_key(&v->w, S("ids"));
    json_write_array(&v->w);
    if (!rule) {
        json_write_string(&v->w, S("advanced_snippet"));
    } else if (rules_walk_type(rule->raw[RULES_ID]) == JSON_STRING) {
        json_write_string(&v->w, rule->id);
    } else {
        json_write_null(&v->w);
    }
    json_write_array_end(&v->w);
    json_write_key(&v->w, S("messages"));
    json_write_array(&v->w);
}

static void validate_end(struct validate *v)
{
    json_write_array_end(&v->w);
    json_write_object_end(&v->w);
}

// One error whose message is short.
static void validate_add(struct validate *v, const struct rules_rule *rule, const struct buf *text)
{
    validate_begin(v, rule);
    json_write_string(&v->w, buf_str(text));
    validate_end(v);
}

// ---- schema

// The values that a member may have, in the library's words.
static str validate_allowed(enum rules_member member)
{
    return member == RULES_POLICY
               ? S(" must be one of ['include', 'exclude']")
               : S(" must be one of ['equals', 'starts_with', 'ends_with', 'contains', 'regex', "
                   "'>', '<']");
}

// What is wrong with one member: empty when nothing.
static str validate_member(const struct rules_rule *rule, enum rules_member member)
{
    str raw = rule->raw[member];
    if (member == RULES_ORDER) {
        return rules_walk_type(raw) == JSON_NUMBER ? S("") : S(" must be number");
    }
    if (rules_walk_type(raw) != JSON_STRING) {
        return S(" must be string");
    }
    bool unknown = (member == RULES_POLICY && !rule->policy_known) ||
                   (member == RULES_RULE && rule->op == RULES_OPERATORS);
    if (unknown) {
        return validate_allowed(member);
    }
    bool wants_text = member == RULES_ID || member == RULES_FIELD || member == RULES_VALUE;
    return wants_text && raw.n == 2 ? S(" must be longer than or equal to 1 characters") : S("");
}

static void validate_schema(struct validate *v, const struct rules_rule *rule)
{
    u8 memory[256];
    struct buf text = buf_over(memory, sizeof memory);
    for (int i = 0; i < COUNT(rules_members); i++) {
        if (!rule->raw[i].n) {
            buf_put(&text, text.n ? S(", '") : S("data must contain ['"));
            buf_put(&text, rules_members[i]);
            buf_put(&text, S("'"));
        }
    }
    if (text.n) {
        buf_put(&text, S("] properties"));
        validate_add(v, rule, &text);
        return;
    }
    for (int i = 0; i < COUNT(rules_members); i++) {
        str wrong = validate_member(rule, (enum rules_member)i);
        if (wrong.n) {
            buf_put(&text, S("data."));
            buf_put(&text, rules_members[i]);
            buf_put(&text, wrong);
            validate_add(v, rule, &text);
            return;
        }
    }
}

// ---- what the rules mean

static void validate_match_all(struct validate *v, const struct rules_rule *rule)
{
    bool all = str_eq(rule->value, S(".*")) || str_eq(rule->value, S("(.*)"));
    if (rule->op != RULES_REGEX || !all || rules_is_default(rule)) {
        return;
    }
    u8 memory[1024];
    struct buf text = buf_over(memory, sizeof memory);
    rules_put_short_name(&text, rule);
    buf_put(&text, S(" uses a match-all regex, which matches every document that has the field. "
                     "Not allowed are: ['.*', '(.*)']"));
    validate_add(v, rule, &text);
}

static bool validate_is_whole(const struct rules_rule *rule)
{
    return rules_walk_type(rule->raw[RULES_FIELD]) == JSON_STRING &&
           rules_walk_type(rule->raw[RULES_VALUE]) == JSON_STRING && rule->op != RULES_OPERATORS;
}

static void validate_add_equal(struct validate *v, const struct rules_rule *a,
                               const struct rules_rule *b)
{
    u8 memory[1024];
    struct buf text = buf_over(memory, sizeof memory);
    rules_put_short_name(&text, a);
    buf_put(&text, S(" is semantically equal to "));
    rules_put_short_name(&text, b);
    buf_put(&text, S(": they have the same field, rule and value"));
    validate_add(v, a, &text);
}

// The first rule that repeats an earlier one, and that one.
static void validate_duplicates(struct validate *v)
{
    for (int i = 0; i < v->r->count; i++) {
        const struct rules_rule *a = &v->r->rules[i];
        for (int k = 0; k < i && validate_is_whole(a); k++) {
            const struct rules_rule *b = &v->r->rules[k];
            if (validate_is_whole(b) && a->op == b->op && str_eq(a->field, b->field) &&
                str_eq(a->value, b->value)) {
                validate_add_equal(v, a, b);
                validate_add_equal(v, b, a);
                return;
            }
        }
    }
}

static void validate_pattern(struct validate *v, struct rules_rule *rule)
{
    u8 memory[1024], words[256];
    struct buf text = buf_over(memory, sizeof memory), why = buf_over(words, sizeof words);
    if (rule->op != RULES_REGEX || !rule->value.n || rules_is_default(rule)) {
        return;
    }
    err e = rules_compile_pattern(v->r, rule, &why);
    if (!err_ok(e)) {
        rules_put_short_name(&text, rule);
        buf_put(&text, S(" has a regex that cannot be used: "));
        buf_put(&text, buf_str(&why));
        validate_add(v, rule, &text);
    }
}

// ---- the advanced snippet

static void validate_add_snippet(struct validate *v, str message)
{
    u8 memory[128];
    struct buf text = buf_over(memory, sizeof memory);
    buf_put(&text, message);
    validate_add(v, NULL, &text);
}

// A key as Python shows it within a set; `inside` lies between its quotes.
static void validate_put_repr(struct buf *b, str inside)
{
    struct rules_text t;
    str piece;
    rules_text_begin_repr(&t, str_make(inside.p - 1, inside.n + 2));
    while (rules_text_next(&t, &piece)) {
        buf_put(b, piece);
    }
}

// False: an error was added.
static bool validate_messages(struct validate *v, str list)
{
    struct rules_walk w;
    str query;
    isize n = 0;
    if (rules_walk_type(list) != JSON_ARRAY || !rules_walk_begin(&w, list)) {
        validate_add_snippet(v, S("data.messages must be array"));
        return false;
    }
    while (rules_walk_element(&w, &query)) {
        if (rules_walk_type(query) != JSON_STRING) {
            u8 memory[64];
            struct buf text = buf_over(memory, sizeof memory);
            buf_put(&text, S("data.messages["));
            buf_put_i64(&text, n);
            buf_put(&text, S("] must be string"));
            validate_add(v, NULL, &text);
            return false;
        }
        n++;
    }
    if (!n) {
        validate_add_snippet(v, S("data.messages must contain at least 1 items"));
    }
    return n > 0;
}

// Python's idea of nothing: null, {}, [], "", 0, false; and no value at all.
static bool validate_is_nothing(str value)
{
    struct rules_walk w;
    str first, second;
    double number;
    switch (rules_walk_type(value)) {
    case JSON_NONE:
    case JSON_NULL:
    case JSON_FALSE:
        return true;
    case JSON_OBJECT:
        return rules_walk_begin(&w, value) && !rules_walk_member(&w, &first, &second);
    case JSON_ARRAY:
        return rules_walk_begin(&w, value) && !rules_walk_element(&w, &first);
    case JSON_STRING:
        return value.n == 2;
    case JSON_NUMBER:
        return number_parse_json(value, &number) && number == 0;
    case JSON_TRUE:
        break;
    }
    return false;
}

static void validate_advanced(struct validate *v, str filtering)
{
    struct rules_walk w;
    str key, member;
    str value = rules_walk_get(rules_walk_get(filtering, S("advanced_snippet")), S("value"));
    if (validate_is_nothing(value)) {
        return;
    }
    if (rules_walk_type(value) != JSON_OBJECT || !rules_walk_begin(&w, value)) {
        validate_add_snippet(v, S("data must be object"));
        return;
    }
    str messages = rules_walk_get(value, S("messages"));
    if (messages.n && !validate_messages(v, messages)) {
        return;
    }
    u8 memory[1024];
    struct buf text = buf_over(memory, sizeof memory);
    while (rules_walk_member(&w, &key, &member)) {
        if (rules_walk_equals(key, S("messages"))) {
            continue;
        }
        buf_put(&text, text.n ? S(", ") : S("data must not contain {"));
        if (key.n * 10 + 32 > buf_room(&text)) { // escapes make ten bytes of one at most
            buf_put(&text, S("..."));
            break;
        }
        validate_put_repr(&text, key);
    }
    if (text.n) {
        buf_put(&text, S("} properties"));
        validate_add(v, NULL, &text);
    }
}

// ---- the whole

// NOLINTNEXTLINE(readability-function-size): six parameters: two texts, where to, and two results
err rules_validate(struct rules *r, str filtering, bool advanced, struct buf *json, bool *valid,
                   struct buf *detail)
{
    filtering = rules_filter(filtering);
    isize at = json->n;
    *valid = false;
    TRY(rules_read(r, filtering, detail));
    struct validate v = {.r = r, .w = json_write_to(json), .valid = true};
    buf_put(json, S("{\"state\":\"invalid\",\"errors\":["));
    for (int i = 0; i < r->count; i++) {
        validate_schema(&v, &r->rules[i]);
    }
    for (int i = 0; i < r->count; i++) {
        validate_match_all(&v, &r->rules[i]);
    }
    validate_duplicates(&v);
    for (int i = 0; i < r->count; i++) {
        validate_pattern(&v, &r->rules[i]);
    }
    if (advanced) {
        validate_advanced(&v, filtering);
    }
    buf_put(json, S("]}"));
    r->count = 0;
    if (json->full) {
        buf_put(detail, S("the errors of the sync rules do not fit the answer"));
        return FAIL(BUF_FULL);
    }
    if (v.valid) {
        json->n = at;
        buf_put(json, S("{\"state\":\"valid\",\"errors\":[]}"));
    }
    *valid = v.valid;
    return OK;
}
