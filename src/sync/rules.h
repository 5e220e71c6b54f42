// SPDX-License-Identifier: Apache-2.0
// Sync rules (spec/sync-rules.md): which documents an operator wants, decided on the members that
// a document will be indexed with; and the queries of the advanced snippet.
//
// A set lives in memory that rules_init() takes once and rules_load() fills from the `filtering`
// object of a job: at most RULES_MAX rules, their texts, and their patterns as programs
// (codec/regex). A set that does not fit is refused (RULES_TOO_LARGE), never cut. Values of
// documents have no bound: they are matched where they lie, piece by piece (sync/rules_text), and
// rules_step() can stop in the middle of one, so that a mail of 72 MiB does not hold up the loop.
//
// Where the service that is replaced breaks off the job (`<` on null, a pattern that is no regular
// expression), the rule does not match, and rules_take_warning() says so once a rule.
#ifndef SYNC_RULES_H
#define SYNC_RULES_H

#include "base/plan.h"
#include "codec/regex.h"
#include "sync/rules_text.h"

enum rules_verdict {
    RULES_KEEP,
    RULES_DROP,
    RULES_UNKNOWN, // it depends on fields that are not known yet
    RULES_MORE,    // rules_step(): not done, call again
};

enum rules_operator {
    RULES_EQUALS,
    RULES_STARTS,
    RULES_ENDS,
    RULES_CONTAINS,
    RULES_REGEX,
    RULES_GREATER,
    RULES_LESS,
    RULES_OPERATORS
};

// A document, as far as it is known. Nothing is copied.
struct rules_doc {
    str members; // of a JSON object, without braces, without id and the flags
    str id;      // as it is, not JSON
    bool extract_binary_content, reduce_whitespace, run_ml_inference; // the flags of the pipeline
    const str *pending; // names of fields that are not known yet, besides those in `members`
    int pending_count;  // every other field is absent
};

struct rules_rule {
    str raw[6];             // JSON of id, policy, field, rule, value, order; empty: absent
    str id, field, value;   // decoded, when they are strings
    enum rules_operator op; // RULES_OPERATORS: unknown
    bool include;           // the policy
    bool policy_known;
    double order;
    bool is_number; // the value, as float() reads it
    double number;
    struct regex re;
    bool broken;             // the pattern cannot be compiled
    int failure_at;          // of `value` in rules.failure
    bool warned, mismatched; // met a value that it cannot be compared with
    str found;               // the value in the document at hand
    bool plain, known;       // `found` is no JSON; it is present
};

// State of one value's comparison.
struct rules_match {
    isize n;   // bytes matched, or compared
    int order; // of the value against the rule's: -1, 0, 1
    bool decided, answer;
    struct regex_run regex;
};

struct rules {
    struct rules_rule *rules;
    int count;
    struct buf texts;
    u16 *failure; // one a byte of texts: how much of a value its own prefix still matches
    struct regex_inst *code;
    struct regex_range *ranges;
    struct regex_memory free;
    struct regex_scratch *scratch;
    str *queries;
    int query_count;

    // The document at hand, see rules_decide.c.
    struct rules_doc doc;
    int at;
    bool may_keep, may_drop, in_value;
    struct rules_text text;
    struct rules_match match;
};

void rules_init(struct rules *r, struct plan *plan);

// From the `filtering` of a job (an object; an old record's array counts with its first element;
// null or empty: no rules). RULES_SHAPE when a rule cannot be understood: rules_validate() says
// more; RULES_TOO_LARGE. `detail` gets the facts. After an error the set is empty. The text need
// not stay. `advanced`: take the queries of the snippet.
err rules_load(struct rules *r, str filtering, bool advanced, struct buf *detail);

// Whether there is any rule at all: without, every document is kept.
bool rules_are_empty(const struct rules *r);
bool rules_use_field(const struct rules *r, str field);

// KEEP or DROP; UNKNOWN only with pending fields, and only when they can make a difference.
enum rules_verdict rules_decide(struct rules *r, const struct rules_doc *doc);

// The same in turns: begin, then step until it is not MORE. One document at a time; it must not
// move meanwhile. A step compares about `budget_bytes` of values.
void rules_begin(struct rules *r, const struct rules_doc *doc);
enum rules_verdict rules_step(struct rules *r, isize budget_bytes);

// Appends a sentence about a rule that could not be applied to some value; each rule once. False:
// there is none to say.
bool rules_take_warning(struct rules *r, struct buf *out);

// ---- rules_read.c, for the rest

enum rules_member { RULES_ID, RULES_POLICY, RULES_FIELD, RULES_RULE, RULES_VALUE, RULES_ORDER };

extern const str rules_members[6];  // their names
extern const str rules_operators[]; // as on the wire
err rules_read(struct rules *r, str filtering, struct buf *detail);
str rules_filter(str filtering); // the object within what a record may hold
bool rules_is_default(const struct rules_rule *rule);
err rules_compile_pattern(struct rules *r, struct rules_rule *rule, struct buf *detail);
void rules_put_short_name(struct buf *b,
                          const struct rules_rule *rule); // Basic rule 1 (id: 'a...b')

#endif
