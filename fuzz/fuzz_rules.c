// SPDX-License-Identifier: Apache-2.0
// Aimed at rules_load(), rules_decide(), rules_step(), rules_text_next(), rules_validate(),
// number_parse_python(), number_put_repr(). Input: a filtering object, a line feed, members of a
// document. Whole and in small steps the verdict is the same; it is the one that a plain evaluation
// gives over whole text forms, with another reader of JSON; pending fields never make a verdict
// that the whole document contradicts; the validation is JSON, and what it finds valid can be
// loaded, unless it is too large; numbers come back from their text.
#include <string.h>

#include "codec/json.h"
#include "sync/rules_validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 pool[MIB(1)], document[KIB(64)], text_bytes[KIB(64)], answer_bytes[MIB(1)];
static struct arena arena;
static struct plan plan;
static struct rules rules;

static str text_of(str value)
{
    struct buf b = buf_over(text_bytes, sizeof text_bytes);
    struct rules_text t;
    str piece;
    rules_text_begin(&t, value);
    while (rules_text_next(&t, &piece)) {
        ASSERT(piece.n > 0 && piece.n <= RULES_PIECE_BYTES);
        buf_put(&b, piece);
    }
    ASSERT(!b.full);
    return buf_str(&b);
}

static void check_number(str text)
{
    u8 memory[NUMBER_REPR_BYTES];
    double v, back;
    if (!number_parse_python(text, &v)) {
        return;
    }
    struct buf b = buf_over(memory, sizeof memory);
    number_put_repr(&b, v);
    ASSERT(!b.full && number_parse_python(buf_str(&b), &back));
    ASSERT(v == back || (v != v && back != back));
    bool integer = text.n > 0 && text.n < 19;
    for (isize i = 0; i < text.n; i++) {
        integer = integer && str_is_digit(text.p[i]);
    }
    if (integer && (text.n == 1 || text.p[0] != '0')) {
        ASSERT(text.n > 15 || number_compare_integer(text, v) == 0);
    }
}

static bool matches_number(const struct rules_rule *rule, str value)
{
    double v;
    if (!rule->is_number || !number_parse_json(value, &v)) {
        return false;
    }
    int order = number_compare_integer(value, rule->number);
    for (isize i = 0; i < value.n; i++) {
        if (!str_is_digit(value.p[i]) && value.p[i] != '-') {
            order = v < rule->number ? -1 : v > rule->number ? 1 : v == rule->number ? 0 : 2;
        }
    }
    return rule->op == RULES_EQUALS ? order == 0 : order == (rule->op == RULES_LESS ? -1 : 1);
}

static bool matches(const struct rules_rule *rule, const struct json *j, int node)
{
    str value = json_raw(j, node);
    if (json_type(j, node) == JSON_STRING) {
        value = str_make(value.p - 1, value.n + 2);
    }
    str text = text_of(value);
    bool typed = rule->op == RULES_EQUALS || rule->op == RULES_GREATER || rule->op == RULES_LESS;
    if (typed && json_type(j, node) == JSON_NUMBER) {
        return matches_number(rule, value);
    }
    if (typed && json_type(j, node) != JSON_STRING) {
        return false;
    }
    switch (rule->op) {
    case RULES_EQUALS:
        return str_eq(text, rule->value);
    case RULES_STARTS:
        return str_starts(text, rule->value);
    case RULES_ENDS:
        return str_ends(text, rule->value);
    case RULES_CONTAINS:
        return str_find(text, rule->value) >= 0;
    case RULES_REGEX:
        return !rule->broken && regex_match(&rule->re, text, rules.scratch);
    case RULES_GREATER:
        return str_compare(text, rule->value) > 0;
    case RULES_LESS:
        return str_compare(text, rule->value) < 0;
    case RULES_OPERATORS:
        break;
    }
    return false;
}

// The document with its braces and what rules_decide() adds; KEEP also when it is no JSON.
static enum rules_verdict expected(const struct json *j)
{
    for (int i = 0; i < rules.count; i++) {
        const struct rules_rule *rule = &rules.rules[i];
        int node = json_get(j, 0, rule->field);
        if (node >= 0 && matches(rule, j, node)) {
            return rule->include ? RULES_KEEP : RULES_DROP;
        }
    }
    return RULES_KEEP;
}

static void check_document(str members)
{
    static struct json_node nodes[4096];
    static const str flags = S("\"id\":\"18f0c2\",\"_extract_binary_content\":true,"
                               "\"_reduce_whitespace\":false,\"_run_ml_inference\":false}");
    struct json j;
    struct buf b = buf_over(document, sizeof document);
    buf_put(&b, S("{"));
    buf_put(&b, members);
    buf_put(&b, str_trim(members).n ? S(",") : S(""));
    buf_put(&b, flags);
    struct rules_doc doc = {.members = members, .id = S("18f0c2"), .extract_binary_content = true};
    enum rules_verdict whole = rules_decide(&rules, &doc), step;
    ASSERT(whole == RULES_KEEP || whole == RULES_DROP);
    rules_begin(&rules, &doc);
    while ((step = rules_step(&rules, 1)) == RULES_MORE) {
    }
    ASSERT(step == whole);
    if (!b.full && err_ok(json_parse(&j, buf_str(&b), nodes, COUNT(nodes)))) {
        ASSERT(whole == expected(&j));
        doc.members = S("");
        doc.pending_count = rules.count;
        static str names[RULES_MAX];
        for (int i = 0; i < rules.count; i++) {
            names[i] = rules.rules[i].field;
        }
        doc.pending = names;
        enum rules_verdict early = rules_decide(&rules, &doc);
        ASSERT(early == RULES_UNKNOWN || early == whole);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct json_node nodes[8192];
    u8 words[512];
    bool found, valid, plain_valid;
    str filtering, members = str_cut((str){p, (isize)n}, '\n', &filtering, &found);
    if (n > 8000) {
        return 0;
    }
    if (!plan.arena) {
        arena = arena_over(pool, sizeof pool);
        plan.arena = &arena;
        rules_init(&rules, &plan);
    }
    struct buf detail = buf_over(words, sizeof words);
    struct buf answer = buf_over(answer_bytes, sizeof answer_bytes);
    err validated = rules_validate(&rules, filtering, true, &answer, &valid, &detail);
    if (err_ok(validated)) {
        struct json j;
        ASSERT(err_ok(json_parse(&j, buf_str(&answer), nodes, COUNT(nodes))));
        ASSERT((json_size(&j, json_get(&j, 0, S("errors"))) == 0) == valid);
        buf_reset(&answer);
        ASSERT(err_ok(rules_validate(&rules, filtering, false, &answer, &plain_valid, &detail)));
        ASSERT(plain_valid || !valid);
    }
    buf_reset(&detail);
    err e = rules_load(&rules, filtering, true, &detail);
    ASSERT(err_ok(e) ? detail.n == 0 : detail.n > 0 && rules_are_empty(&rules));
    ASSERT(!err_ok(validated) || !valid || err_ok(e) || err_is(e, ERR_RULES_TOO_LARGE));
    for (int i = 0; i < rules.count; i++) {
        check_number(rules.rules[i].value);
        ASSERT(i == 0 || rules.rules[i - 1].order <= rules.rules[i].order);
    }
    check_document(members);
    for (int i = 0; i < rules.count && rules_take_warning(&rules, &detail); i++) {
    }
    ASSERT(!rules_take_warning(&rules, &detail));
    return 0;
}
