// SPDX-License-Identifier: Apache-2.0
// Asking the rules (see sieve.h). A field that the source may write is not known before the unit
// was read; every other one is known to be absent.
#include "sync/sieve.h"

enum { SIEVE_WARNING_BYTES = 512 };

bool sieve_is_on(const struct sieve *f)
{
    return f->rules && !rules_are_empty(f->rules);
}

bool sieve_is_held(const struct sieve *f, int lane)
{
    return f->holder >= 0 && f->holder != lane;
}

static struct rules_doc sieve_doc(const struct sieve *f, str id)
{
    return (struct rules_doc){
        .id = id,
        .extract_binary_content = f->extract_binary_content,
        .reduce_whitespace = f->reduce_whitespace,
        .run_ml_inference = f->run_ml_inference,
    };
}

static void sieve_warn(struct sieve *f)
{
    u8 bytes[SIEVE_WARNING_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    while (rules_take_warning(f->rules, &text)) {
        log_line(f->log, LOG_WARN, buf_str(&text), NULL, 0);
        buf_reset(&text);
    }
}

enum rules_verdict sieve_early(struct sieve *f, str id)
{
    ASSERT(f->holder < 0);
    struct rules_doc doc = sieve_doc(f, id);
    doc.pending = f->source->document_fields;
    doc.pending_count = f->source->document_field_count;
    enum rules_verdict verdict = rules_decide(f->rules, &doc);
    sieve_warn(f);
    return verdict;
}

enum rules_verdict sieve_step(struct sieve *f, int lane, str id, str members)
{
    ASSERT(!sieve_is_held(f, lane));
    if (f->holder < 0) {
        struct rules_doc doc = sieve_doc(f, id);
        doc.members = members;
        rules_begin(f->rules, &doc);
        f->holder = lane;
    }
    enum rules_verdict verdict = rules_step(f->rules, SIEVE_STEP_BYTES);
    if (verdict != RULES_MORE) {
        f->holder = -1;
        sieve_warn(f);
    }
    return verdict;
}

void sieve_reset(struct sieve *f)
{
    f->holder = -1;
}
