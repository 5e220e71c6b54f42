// SPDX-License-Identifier: Apache-2.0
// Deciding on a document (see rules.h): one pass over its members finds the fields that rules name,
// then the rules are tried in order. A value is compared as it is read, so that only the state of
// struct rules_match is kept of it.
#include "sync/rules.h"
#include "sync/rules_walk.h"

static void decide_found(struct rules_rule *rule, str value, bool plain)
{
    rule->found = value;
    rule->plain = plain;
    rule->known = true;
}

static void decide_set(struct rules *r, str field, str value, bool plain)
{
    for (int i = 0; i < r->count; i++) {
        if (str_eq(r->rules[i].field, field)) {
            decide_found(&r->rules[i], value, plain);
        }
    }
}

void rules_begin(struct rules *r, const struct rules_doc *doc)
{
    struct rules_walk w;
    str key, value;
    r->doc = *doc;
    r->at = 0;
    r->may_keep = r->may_drop = r->in_value = false;
    for (int i = 0; i < r->count; i++) {
        r->rules[i].known = false;
    }
    if (!r->count) {
        return;
    }
    rules_walk_begin_members(&w, doc->members);
    while (rules_walk_member(&w, &key, &value)) {
        for (int i = 0; i < r->count; i++) {
            if (rules_walk_equals(key, r->rules[i].field)) {
                decide_found(&r->rules[i], value, false);
            }
        }
    }
    decide_set(r, S("id"), doc->id, true);
    decide_set(r, S("_extract_binary_content"),
               doc->extract_binary_content ? S("true") : S("false"), false);
    decide_set(r, S("_reduce_whitespace"), doc->reduce_whitespace ? S("true") : S("false"), false);
    decide_set(r, S("_run_ml_inference"), doc->run_ml_inference ? S("true") : S("false"), false);
}

static bool decide_is_pending(const struct rules *r, str field)
{
    for (int i = 0; i < r->doc.pending_count; i++) {
        if (str_eq(r->doc.pending[i], field)) {
            return true;
        }
    }
    return false;
}

static void decide_answer(struct rules_match *m, bool answer)
{
    m->decided = true;
    m->answer = answer;
}

// A number against the rule's.
static void decide_number(struct rules_match *m, struct rules_rule *rule)
{
    str v = rule->found;
    double number;
    if (!rule->is_number) {
        rule->mismatched = rule->mismatched || rule->op != RULES_EQUALS;
        decide_answer(m, false);
        return;
    }
    bool integer = str_find_byte(v, '.') < 0 && str_find_byte(v, 'e') < 0 &&
                   str_find_byte(v, 'E') < 0;
    int order = 2;
    if (integer) {
        order = number_compare_integer(v, rule->number);
    } else if (number_parse_json(v, &number)) {
        order = number < rule->number    ? -1
                : number > rule->number  ? 1
                : number == rule->number ? 0
                                         : 2; // nan
    }
    int want = rule->op == RULES_EQUALS ? 0 : rule->op == RULES_LESS ? -1 : 1;
    decide_answer(m, order == want);
}

static void decide_start(struct rules *r, struct rules_rule *rule)
{
    struct rules_match *m = &r->match;
    *m = (struct rules_match){0};
    enum json_type type = rule->plain ? JSON_STRING : rules_walk_type(rule->found);
    bool typed = rule->op == RULES_EQUALS || rule->op == RULES_GREATER || rule->op == RULES_LESS;
    if (typed && type == JSON_NUMBER) {
        decide_number(m, rule);
        return;
    }
    if (typed && type != JSON_STRING) {
        rule->mismatched = rule->mismatched || rule->op != RULES_EQUALS;
        decide_answer(m, false);
        return;
    }
    if (rule->broken) {
        decide_answer(m, false);
        return;
    }
    if (rule->op == RULES_REGEX) {
        regex_begin(&m->regex, &rule->re, r->scratch);
    }
    if (rule->plain) {
        rules_text_begin_plain(&r->text, rule->found);
    } else {
        rules_text_begin(&r->text, rule->found);
    }
    if (!rule->value.n && !typed && rule->op != RULES_REGEX) {
        decide_answer(m, true); // each text begins, ends with and holds the empty one
    }
}

// Equality, order, and the beginning: the value against the rule's, byte by byte. Bytes of UTF-8
// are in the order of code points.
static void decide_compare(struct rules_match *m, const struct rules_rule *rule, str piece)
{
    for (isize i = 0; i < piece.n; i++) {
        if (m->n == rule->value.n) { // the value is longer
            m->order = 1;
            decide_answer(m, rule->op == RULES_STARTS || rule->op == RULES_GREATER);
            return;
        }
        if (piece.p[i] != rule->value.p[m->n]) {
            m->order = piece.p[i] < rule->value.p[m->n] ? -1 : 1;
            decide_answer(m, rule->op == (m->order < 0 ? RULES_LESS : RULES_GREATER));
            return;
        }
        m->n++;
    }
    if (rule->op == RULES_STARTS && m->n == rule->value.n) {
        decide_answer(m, true);
    }
}

// How much of the rule's value the text ends with, so far.
static void decide_search(const struct rules *r, struct rules_match *m,
                          const struct rules_rule *rule, str piece)
{
    const u16 *failure = r->failure + rule->failure_at;
    str v = rule->value;
    isize n = m->n;
    for (isize i = 0; i < piece.n; i++) {
        while (n && (n == v.n || piece.p[i] != v.p[n])) {
            n = failure[n - 1];
        }
        if (piece.p[i] == v.p[n]) {
            n++;
        }
        if (n == v.n && rule->op == RULES_CONTAINS) {
            decide_answer(m, true);
            return;
        }
    }
    m->n = n;
}

static void decide_feed(struct rules *r, const struct rules_rule *rule, str piece)
{
    struct rules_match *m = &r->match;
    switch (rule->op) {
    case RULES_EQUALS:
    case RULES_STARTS:
    case RULES_GREATER:
    case RULES_LESS:
        decide_compare(m, rule, piece);
        return;
    case RULES_ENDS:
    case RULES_CONTAINS:
        decide_search(r, m, rule, piece);
        return;
    case RULES_REGEX:
        if (!regex_feed(&m->regex, piece)) {
            decide_answer(m, regex_end(&m->regex));
        }
        return;
    case RULES_OPERATORS:
        return;
    }
}

static bool decide_end(struct rules *r, const struct rules_rule *rule)
{
    struct rules_match *m = &r->match;
    if (m->decided) {
        return m->answer;
    }
    switch (rule->op) {
    case RULES_EQUALS:
    case RULES_ENDS:
        return m->n == rule->value.n;
    case RULES_LESS: // the value is the beginning of the rule's
        return m->n < rule->value.n;
    case RULES_REGEX:
        return regex_end(&m->regex);
    case RULES_STARTS:
    case RULES_CONTAINS:
    case RULES_GREATER:
    case RULES_OPERATORS:
        break;
    }
    return false;
}

static void decide_note(struct rules *r, bool keep)
{
    r->may_keep = r->may_keep || keep;
    r->may_drop = r->may_drop || !keep;
}

enum rules_verdict rules_step(struct rules *r, isize budget_bytes)
{
    str piece;
    bool matched = false;
    for (; r->at < r->count && !matched; r->at++) {
        struct rules_rule *rule = &r->rules[r->at];
        if (!rule->known) {
            if (decide_is_pending(r, rule->field)) {
                decide_note(r, rule->include);
            }
            continue;
        }
        if (!r->in_value) {
            decide_start(r, rule);
            r->in_value = true;
        }
        while (!r->match.decided && rules_text_next(&r->text, &piece)) {
            i64 steps = r->match.regex.steps;
            decide_feed(r, rule, piece);
            budget_bytes -= piece.n + (r->match.regex.steps - steps) / 4;
            if (budget_bytes <= 0 && !r->match.decided) {
                return RULES_MORE;
            }
        }
        r->in_value = false;
        matched = decide_end(r, rule);
        if (matched) {
            decide_note(r, rule->include);
        }
    }
    if (!matched) {
        decide_note(r, true);
        r->at = r->count;
    }
    return r->may_keep && r->may_drop ? RULES_UNKNOWN : r->may_keep ? RULES_KEEP : RULES_DROP;
}

enum rules_verdict rules_decide(struct rules *r, const struct rules_doc *doc)
{
    enum rules_verdict verdict;
    rules_begin(r, doc);
    do {
        verdict = rules_step(r, RULES_PIECE_BYTES * 1024);
    } while (verdict == RULES_MORE);
    return verdict;
}
