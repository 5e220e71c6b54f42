// SPDX-License-Identifier: Apache-2.0
// A set of rules (see rules.h): its memory, loading it from a job's snapshot, and what is said
// about rules that could not be applied.
#include "sync/rules.h"

#include "sync/rules_walk.h"

void rules_init(struct rules *r, struct plan *plan)
{
    static const char why[] = "sync rules of a job";
    *r = (struct rules){0};
    r->rules = plan_take_n(plan, "rules", struct rules_rule, RULES_MAX, why);
    r->texts = buf_over(plan_take(plan, "rule texts", 1, RULES_TEXT_BYTES, why), RULES_TEXT_BYTES);
    r->failure = plan_take_n(plan, "rule prefixes", u16, RULES_TEXT_BYTES, why);
    r->code = plan_take_n(plan, "rule patterns", struct regex_inst, RULES_PROGRAM, why);
    r->ranges = plan_take_n(plan, "rule sets", struct regex_range, RULES_RANGES, why);
    r->scratch = plan_take_n(plan, "rule threads", struct regex_scratch, 1, why);
    r->queries = plan_take_n(plan, "rule queries", str, RULES_QUERIES_MAX, why);
}

static err rules_bad_shape(const struct rules_rule *rule, str what, struct buf *detail)
{
    rules_put_short_name(detail, rule);
    buf_put(detail, what);
    return FAIL(RULES_SHAPE);
}

static err rules_check_shape(const struct rules_rule *rule, struct buf *detail)
{
    for (int i = 0; i < COUNT(rules_members); i++) {
        enum json_type want = i == RULES_ORDER ? JSON_NUMBER : JSON_STRING;
        if (rules_walk_type(rule->raw[i]) != want) {
            buf_put(detail, S("'"));
            buf_put(detail, rules_members[i]);
            buf_put(detail, S("' is missing or of the wrong type in "));
            return rules_bad_shape(rule, S(""), detail);
        }
    }
    if (!rule->policy_known) {
        return rules_bad_shape(rule, S(" has an unknown policy"), detail);
    }
    if (rule->op == RULES_OPERATORS) {
        return rules_bad_shape(rule, S(" has an unknown operator"), detail);
    }
    return OK;
}

// How long a prefix of the value each of its prefixes ends with (Knuth, Morris, Pratt).
static void rules_fill_failure(struct rules *r, struct rules_rule *rule)
{
    str v = rule->value;
    rule->failure_at = v.n ? (int)(v.p - r->texts.p) : 0;
    u16 *failure = r->failure + rule->failure_at;
    isize k = 0;
    for (isize i = 0; i < v.n; i++) {
        while (i && k && v.p[i] != v.p[k]) {
            k = failure[k - 1];
        }
        if (i && v.p[i] == v.p[k]) {
            k++;
        }
        failure[i] = (u16)k;
    }
}

static void rules_sort(struct rules *r)
{
    for (int i = 1; i < r->count; i++) { // few, mostly in order, and equals stay as they are
        struct rules_rule moved = r->rules[i];
        int to = i;
        for (; to > 0 && r->rules[to - 1].order > moved.order; to--) {
            r->rules[to] = r->rules[to - 1];
        }
        r->rules[to] = moved;
    }
}

static err rules_load_queries(struct rules *r, str filtering, struct buf *detail)
{
    struct rules_walk w;
    str query;
    str snippet = rules_walk_get(rules_walk_get(filtering, S("advanced_snippet")), S("value"));
    str list = rules_walk_get(snippet, S("messages"));
    if (rules_walk_type(list) != JSON_ARRAY || !rules_walk_begin(&w, list)) {
        if (!list.n) {
            return OK;
        }
        buf_put(detail, S("`messages` of the advanced snippet is no list"));
        return FAIL(RULES_SHAPE);
    }
    while (rules_walk_element(&w, &query)) {
        isize at = r->texts.n;
        if (rules_walk_type(query) != JSON_STRING) {
            buf_put(detail,
                    S("`messages` of the advanced snippet holds something else than texts"));
            return FAIL(RULES_SHAPE);
        }
        if (r->query_count == RULES_QUERIES_MAX ||
            !json_unescape(rules_walk_inside(query), &r->texts) || r->texts.full) {
            buf_put(detail, S("the advanced snippet has too many or too long queries"));
            return FAIL(RULES_TOO_LARGE);
        }
        r->queries[r->query_count++] = str_from_index(buf_str(&r->texts), at);
    }
    return OK;
}

static err rules_load_all(struct rules *r, str filtering, bool advanced, struct buf *detail)
{
    int count = 0;
    TRY(rules_read(r, filtering, detail));
    for (int i = 0; i < r->count; i++) {
        struct rules_rule *rule = &r->rules[i];
        if (rules_is_default(rule)) {
            continue;
        }
        TRY(rules_check_shape(rule, detail));
        if (rule->op == RULES_REGEX) {
            isize at = detail->n;
            err e = rules_compile_pattern(r, rule, detail);
            if (err_is(e, ERR_REGEX_TOO_LARGE)) {
                return FAIL(RULES_TOO_LARGE);
            }
            rule->broken = !err_ok(e);
            detail->n = at; // rules_take_warning() says it
        }
        rules_fill_failure(r, rule);
        for (int k = 0; k < COUNT(rule->raw); k++) {
            rule->raw[k] = S(""); // the text need not stay
        }
        r->rules[count++] = *rule;
    }
    r->count = count;
    rules_sort(r);
    return advanced ? rules_load_queries(r, filtering, detail) : OK;
}

err rules_load(struct rules *r, str filtering, bool advanced, struct buf *detail)
{
    err e = rules_load_all(r, rules_filter(filtering), advanced, detail);
    if (!err_ok(e)) {
        r->count = r->query_count = 0;
    }
    return e;
}

bool rules_are_empty(const struct rules *r)
{
    return r->count == 0;
}

bool rules_use_field(const struct rules *r, str field)
{
    for (int i = 0; i < r->count; i++) {
        if (str_eq(r->rules[i].field, field)) {
            return true;
        }
    }
    return false;
}

bool rules_take_warning(struct rules *r, struct buf *out)
{
    for (int i = 0; i < r->count; i++) {
        struct rules_rule *rule = &r->rules[i];
        if (rule->warned || (!rule->broken && !rule->mismatched)) {
            continue;
        }
        rule->warned = true;
        buf_put(out, S("sync rule '"));
        buf_put(out, rule->id);
        buf_put(out, S("' on field '"));
        buf_put(out, rule->field);
        if (rule->broken) {
            buf_put(out, S("' never matches: its pattern cannot be used: "));
            (void)err_ok(rules_compile_pattern(r, rule, out)); // fails as before, with its words
        } else {
            buf_put(out, S("' compares with '"));
            buf_put(out, rules_operators[rule->op]);
            buf_put(out, S("', which means nothing for some of the values there (null, true, "
                           "false, lists, objects, a number against a text): those do not match"));
        }
        return true;
    }
    return false;
}
